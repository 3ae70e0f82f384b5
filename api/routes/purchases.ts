import type { UpdateDefinition } from '@temporalio/client';
import { z } from 'zod';
import { idPattern, type PurchaseId } from '../../contracts/ids.ts';
import {
  acceptPurchaseUpdate,
  cancelPurchaseUpdate,
  confirmPurchaseUpdate,
  declinePurchaseUpdate,
  deliverPurchaseUpdate,
  type PurchaseCommand,
  type PurchaseOutcome,
  purchaseWorkflowId,
} from '../../contracts/purchase.ts';
import { conflict, notFound, Problem, unavailable } from '../../platform/errors.ts';
import { idFrom } from '../../platform/ids.ts';
import { createFlowSignals } from '../../platform/temporal/signals.ts';
import { ProviderError } from '../../providers/provider-error.ts';
import {
  explain,
  findPurchase,
  listPurchases,
  type Purchase,
  type Side,
  timelineOf,
} from '../../services/transactions/index.ts';
import { type PurchaseEvent, transition } from '../../services/transactions/rules.ts';
import { decodeCursor, pageFrom } from '../cursors.ts';
import type { ApiDeps } from '../deps.ts';
import type { CommandResult } from '../outcomes.ts';
import { createPurchaseCommands, type PurchaseCommands } from '../purchases/commands.ts';
import { inputOf, newPurchase } from '../purchases/offer.ts';
import { purchaseBody, purchaseSchema, timelineSchema, whySchema } from '../purchases/view.ts';
import { type Reply, type Route, route } from '../route.ts';
import { idOf, page, pageOf } from '../schemas.ts';

export type PurchaseRoutesDeps = Pick<ApiDeps, 'config' | 'database' | 'temporal' | 'payments'>;

/** Buying, and what the parties do about a purchase. */
export function purchaseRoutes(deps: PurchaseRoutesDeps): Route[] {
  const commands = createPurchaseCommands(deps.temporal.client);
  return [
    openRoute(deps, commands),
    ...ACTIONS.map((action) => actionRoute(deps, commands, action)),
    ...readRoutes(deps),
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
      SOLD_OUT: { status: 409, when: 'there are not that many left.' },
      LISTING_NOT_AVAILABLE: { status: 409, when: 'the listing is not for sale at the moment.' },
      PRICE_CHANGED: { status: 409, when: 'it costs something else than `expectedPrice` by now.' },
      OWN_LISTING: { status: 409, when: 'it is your own listing.' },
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

interface Action {
  readonly name: string;
  readonly event: PurchaseEvent;
  readonly update: UpdateDefinition<PurchaseOutcome, [PurchaseCommand]>;
  readonly summary: string;
}

const ACTIONS: readonly Action[] = [
  {
    name: 'accept',
    event: 'accept',
    update: acceptPurchaseUpdate,
    summary: 'Accept it, as its seller: the payment is captured and held',
  },
  {
    name: 'decline',
    event: 'decline',
    update: declinePurchaseUpdate,
    summary: 'Decline it, as its seller: nothing is charged',
  },
  {
    name: 'deliver',
    event: 'deliver',
    update: deliverPurchaseUpdate,
    summary: 'Say that it is delivered, as its seller',
  },
  {
    name: 'confirm',
    event: 'confirm',
    update: confirmPurchaseUpdate,
    summary: 'Confirm it, as its buyer: the money is released',
  },
  {
    name: 'cancel',
    event: 'cancel',
    update: cancelPurchaseUpdate,
    summary: 'Cancel it before the seller has accepted, as its buyer',
  },
];

/** One command of a party. What each does from which state stands in the transition table. */
function actionRoute(deps: PurchaseRoutesDeps, commands: PurchaseCommands, action: Action): Route {
  const { database } = deps;
  return route({
    method: 'post',
    path: `${path}/${action.name}`,
    operationId: `${action.name}Purchase`,
    tag,
    summary: action.summary,
    policy: { access: 'member' },
    idempotency: 'converge',
    params,
    responses: {
      200: { description: 'It is committed.', schema: purchaseSchema },
      202: { description: 'It is under way: read the purchase in a moment.', schema: purchaseSchema },
    },
    problems: {
      NOT_ALLOWED_NOW: {
        status: 409,
        when: 'the purchase is not in a state for it, or it is the other party’s to do.',
      },
      IN_PROGRESS: { status: 409, when: 'another change of this purchase is in progress.' },
      PAYMENT_REFUSED: { status: 409, when: 'the payment provider refused it.' },
    },
    handle: async ({ params: { id }, caller, commandId, log }) => {
      const { userId } = caller();
      const known = await purchaseOf(database, id, userId);
      const side = sideOf(known, userId);
      const result = await sendUpToDate(deps, commands, known, action, { actorId: userId }, commandId);
      log.info('a command was sent', { workflowId: purchaseWorkflowId(id), command: action.name, result });
      const purchase = await purchaseOf(database, id, userId);
      // It ended under the command: by this very command, or by another one that did the same.
      const granted = result === 'done' || (result === 'ended' && hasFollowed(known, purchase, side, action.event));
      if (result === 'ended' && !granted) throw tooLate(purchase);
      if (granted) return { status: 200, body: purchaseBody(purchase, side) };
      const headers = { Location: `/v1/purchases/${id}` };
      return { status: 202, headers, body: purchaseBody(purchase, side, { inProgress: true }), final: false };
    },
  });
}

/**
 * Sends a command. A workflow that refuses it in a state that is not the row's has lost its last step in a crash: it is
 * told to look at the row, and the caller to come again.
 */
async function sendUpToDate(
  { database, temporal }: PurchaseRoutesDeps,
  commands: PurchaseCommands,
  purchase: Purchase,
  { update }: Action,
  command: PurchaseCommand,
  commandId: string,
): Promise<CommandResult> {
  try {
    return await commands.send(purchase.id, update, command, commandId);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'NOT_ALLOWED_NOW') throw error;
    const row = await findPurchase(database, purchase.id);
    if (row === undefined || error.extra['state'] === row.state) throw error;
    const eventId = `row/${row.updatedAt.toISOString()}`;
    await createFlowSignals(temporal.client).payment(purchase.id, { eventId, eventType: 'purchase.ahead' });
    const detail = 'The purchase has just changed. Try again in a moment.';
    throw new Problem(409, 'IN_PROGRESS', detail, { headers: { 'Retry-After': '1' } });
  }
}

/** Whether a purchase went from where it was to where this event of this party leads. */
function hasFollowed(before: Purchase, after: Purchase, side: Side, event: PurchaseEvent): boolean {
  if (before.state === after.state) return false;
  return transition(before.state, { on: event, by: side, kind: before.terms.kind })?.to === after.state;
}

/** The workflow has ended: what the database says is the last word. */
function tooLate(purchase: Purchase): Problem {
  const { state, mayAct } = explain(purchase);
  return conflict('NOT_ALLOWED_NOW', `The purchase has ended: it is ${state}.`, { state, allowed: mayAct });
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
        return { status: 200, body: { data: rows.map((purchase) => purchaseBody(purchase, as)), nextCursor } };
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
        return { status: 200, body: purchaseBody(purchase, sideOf(purchase, userId)) };
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
      handle: async ({ params: { id }, caller }) => ({
        status: 200,
        body: explain(await purchaseOf(database, id, caller().userId)),
      }),
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

/** A purchase is its parties' alone. @throws Problem 404 */
async function purchaseOf(database: ApiDeps['database'], id: PurchaseId, userId: string): Promise<Purchase> {
  const purchase = await findPurchase(database, id);
  if (purchase === undefined || (purchase.buyerId !== userId && purchase.sellerId !== userId))
    throw notFound('purchase');
  return purchase;
}

const sideOf = (purchase: Purchase, userId: string): Side => (purchase.buyerId === userId ? 'buyer' : 'seller');
