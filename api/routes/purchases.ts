import { z } from 'zod';
import { idPattern, type PurchaseId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import { conflict, unavailable } from '../../platform/errors.ts';
import { idFrom } from '../../platform/ids.ts';
import { ProviderError } from '../../providers/provider-error.ts';
import {
  explain,
  findPurchase,
  listPurchases,
  type Purchase,
  refundsOf,
  timelineOf,
} from '../../services/transactions/index.ts';
import { decodeCursor, pageFrom } from '../cursors.ts';
import type { ApiDeps } from '../deps.ts';
import type { CommandResult } from '../outcomes.ts';
import { actionRoutes } from '../purchases/actions.ts';
import { chargebackRoutes } from '../purchases/chargebacks.ts';
import { createPurchaseCommands, type PurchaseCommands } from '../purchases/commands.ts';
import { invoiceRoutes } from '../purchases/invoices.ts';
import { inputOf, newPurchase } from '../purchases/offer.ts';
import { disputeOf, disputesOf, purchaseOf, refundsOfOne, sideOf } from '../purchases/party.ts';
import { staffRoutes } from '../purchases/staff.ts';
import { purchaseBody, purchaseSchema, timelineSchema, whySchema } from '../purchases/view.ts';
import { type Reply, type Route, route } from '../route.ts';
import { idOf, page, pageOf } from '../schemas.ts';

export type PurchaseRoutesDeps = Pick<ApiDeps, 'config' | 'database' | 'temporal' | 'payments'>;

/** Buying, and what the parties do about a purchase. */
export function purchaseRoutes(deps: PurchaseRoutesDeps): Route[] {
  const commands = createPurchaseCommands(deps);
  return [
    openRoute(deps, commands),
    ...actionRoutes(deps, commands),
    ...staffRoutes(deps, commands),
    ...chargebackRoutes(deps, commands),
    ...readRoutes(deps),
    ...invoiceRoutes(deps),
  ];
}

const params = z.object({ id: idOf('pur') });
const path = '/v1/purchases/{id}';
const tag = 'purchases';

function openRoute(deps: PurchaseRoutesDeps, commands: PurchaseCommands): Route {
  return route({
    method: 'post',
    path: '/v1/purchases',
    operationId: 'buy',
    tag,
    summary: 'Buy something',
    description:
      'Reserves it, and begins the payment. The money is held until it is delivered. A card that is declined leaves the ' +
      'purchase in `payment_pending`: pay with another one.',
    policy: { access: 'member' },
    idempotency: 'converge',
    body: newPurchase,
    responses: {
      201: { description: 'The purchase.', schema: purchaseSchema },
      202: { description: 'The purchase exists; its payment is being prepared.', schema: purchaseSchema },
    },
    problems: {
      NOT_OPENED: { status: 409, when: 'an earlier call with this key could not open it: begin another one.' },
      SOLD_OUT: { status: 409, when: 'there are not that many left.' },
      LISTING_NOT_AVAILABLE: { status: 409, when: 'the listing is not for sale at the moment.' },
      PRICE_CHANGED: { status: 409, when: 'it costs something else than `expectedPrice` by now.' },
      OWN_LISTING: { status: 409, when: 'it is your own listing.' },
      SELLER_NOT_AVAILABLE: { status: 409, when: 'the seller cannot take orders at the moment.' },
      DISCOUNT_UNKNOWN: { status: 422, when: 'there is no such discount code.' },
      DISCOUNT_NOT_VALID: { status: 422, when: 'the discount code is not valid yet, or no longer.' },
      DISCOUNT_NOT_FOR_THIS: {
        status: 422,
        when: 'the discount code is for another currency or price, or would leave less than a card can be charged.',
      },
      DISCOUNT_USED_UP: { status: 409, when: 'the discount code is used up.' },
      DISCOUNT_USED_BY_YOU: { status: 409, when: 'you have used the discount code as often as you can.' },
      SLOT_TAKEN: { status: 409, when: 'there is no room left at this time.' },
      NO_SUCH_SLOT: { status: 409, when: 'this time is not offered: GET /v1/listings/{id}/slots.' },
      TOO_LATE_TO_BOOK: { status: 409, when: 'this time is past, or too soon to be booked.' },
      SLOT_PAST: { status: 422, when: 'the `slot` is past.' },
      SLOT_REQUIRED: { status: 422, when: 'it is a booking and needs a `slot`.' },
      SLOT_NOT_EXPECTED: { status: 422, when: 'it is goods, which have no `slot`.' },
      BEYOND_HOLD_LIMIT: { status: 422, when: 'it is so far ahead that the payment could not be held until then.' },
      AMOUNT_TOO_SMALL: { status: 422, when: 'the price is below what a card can be charged.' },
      AMOUNT_TOO_LARGE: { status: 422, when: 'the price is above what a card can be charged.' },
    },
    handle: async ({ body, caller, operationUuid, commandId, log }) => {
      const purchaseId = idFrom('pur', operationUuid);
      const input = await inputOf(deps, purchaseId, caller(), body);
      const result = await commands.open(input, commandId);
      log.info('a purchase was opened', { workflowId: purchaseWorkflowId(purchaseId), result });
      return opened(deps, purchaseId, result);
    },
  });
}

async function opened(deps: PurchaseRoutesDeps, id: PurchaseId, result: CommandResult): Promise<Reply> {
  const purchase = await findPurchase(deps.database, id);
  if (purchase === undefined && result === 'ended') {
    throw conflict('NOT_OPENED', 'This purchase could not be opened. Begin another one, with a new Idempotency-Key.');
  }
  if (purchase === undefined) {
    throw unavailable('The purchase could not be opened yet. Send it again with the same Idempotency-Key.', 2);
  }
  const headers = { Location: `/v1/purchases/${id}` };
  if (result === 'under_way') {
    return { status: 202, headers, body: purchaseBody(purchase, 'buyer', { inProgress: true }), final: false };
  }
  return {
    status: 201,
    headers,
    body: purchaseBody(purchase, 'buyer', { clientSecret: await clientSecret(deps, purchase) }),
  };
}

/** With the client secret the app confirms a payment; a payment that is made needs none. It never enters a history. */
async function clientSecret({ payments }: PurchaseRoutesDeps, purchase: Purchase): Promise<string | undefined> {
  const { status, intentId } = purchase.payment;
  if (intentId === null || !['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(status)) {
    return undefined;
  }
  try {
    return await payments.getClientSecret(intentId);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    throw unavailable('Stripe does not answer at the moment. Repeat this with the same Idempotency-Key.', 2, error);
  }
}

function readRoutes({ database }: PurchaseRoutesDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/purchases',
      operationId: 'listPurchases',
      tag,
      summary: 'List your purchases, newest first',
      policy: { access: 'member' },
      query: z.strictObject({ ...page, as: z.enum(['buyer', 'seller']).default('buyer') }),
      responses: { 200: { description: 'A page of them.', schema: pageOf(purchaseSchema) } },
      handle: async ({ query: { as, limit, cursor }, caller }) => {
        const before = cursor === undefined ? undefined : (decodeCursor(cursor, idPattern('pur')) as PurchaseId);
        const found = await listPurchases(database, as, caller().userId, before, limit + 1);
        const { rows, nextCursor } = pageFrom(found, limit);
        const refunds = await refundsOf(
          database,
          rows.filter(({ refund }) => refund.status !== 'none').map(({ id }) => id),
        );
        const disputes = await disputesOf(database, rows, 'party');
        const data = rows.map((purchase) =>
          purchaseBody(purchase, as, { refunds: refunds.get(purchase.id), dispute: disputes.get(purchase.id) }),
        );
        return { status: 200, body: { data, nextCursor } };
      },
    }),
    route({
      method: 'get',
      path,
      operationId: 'getPurchase',
      tag,
      summary: 'Read a purchase',
      policy: { access: 'member' },
      params,
      responses: { 200: { description: 'The purchase.', schema: purchaseSchema } },
      handle: async ({ params: { id }, caller }) => {
        const { userId } = caller();
        const purchase = await purchaseOf(database, id, userId);
        const refunds = await refundsOfOne(database, purchase);
        const dispute = await disputeOf(database, purchase, 'party');
        return { status: 200, body: purchaseBody(purchase, sideOf(purchase, userId), { refunds, dispute }) };
      },
    }),
    route({
      method: 'get',
      path: `${path}/why`,
      operationId: 'whyPurchase',
      tag,
      summary: 'Why it stands where it stands, who can act, and what happens by itself',
      policy: { access: 'member' },
      params,
      responses: { 200: { description: 'The answer.', schema: whySchema } },
      handle: async ({ params: { id }, caller }) => {
        const purchase = await purchaseOf(database, id, caller().userId);
        return { status: 200, body: explain(purchase, Date.now(), await disputeOf(database, purchase, 'party')) };
      },
    }),
    route({
      method: 'get',
      path: `${path}/timeline`,
      operationId: 'purchaseTimeline',
      tag,
      summary: 'What happened to it, oldest first',
      policy: { access: 'member' },
      params,
      responses: { 200: { description: 'What happened.', schema: timelineSchema } },
      handle: async ({ params: { id }, caller }) => ({
        status: 200,
        body: { data: await timelineOf(database, await purchaseOf(database, id, caller().userId)) },
      }),
    }),
  ];
}
