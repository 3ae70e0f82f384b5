/** Opening a dispute, and claiming that somebody did not show up: commands of the purchase. */
import { z } from 'zod';
import { BUYER_REASONS, type DisputeReason } from '../../contracts/dispute.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import { claimNoShowUpdate, openDisputeUpdate } from '../../contracts/purchase.ts';
import { conflict, type Problem, unavailable, unprocessable } from '../../platform/errors.ts';
import { idFrom } from '../../platform/ids.ts';
import { findDispute, listDisputes } from '../../services/disputes/index.ts';
import { isLive } from '../../services/transactions/chargeback-rules.ts';
import { explain, type Purchase } from '../../services/transactions/index.ts';
import { stopText } from '../../services/transactions/rules.ts';
import type { PurchaseEvent } from '../../services/transactions/transition-rules.ts';
import type { PurchaseCommands } from '../purchases/commands.ts';
import { notAllowedNow } from '../purchases/not-now.ts';
import { purchaseOf, sideOf } from '../purchases/party.ts';
import { type Reply, type Request, type Route, route } from '../route.ts';
import { currency, idOf, text } from '../schemas.ts';
import { type Writing, withStatement } from './texts.ts';
import { disputeBody, disputeSchema } from './view.ts';

export const words = text(1, 5_000);
const path = '/v1/purchases/{id}';
const params = z.strictObject({ id: idOf('pur') });

export const NOT_NOW = {
  NOT_ALLOWED_NOW: { status: 409, when: 'it is not the time for it, or somebody else’s to do: `allowed` says whose.' },
  IN_PROGRESS: { status: 409, when: 'another change is in progress.' },
} as const;

const COMMON = {
  tag: 'disputes',
  policy: { access: 'member' },
  params,
} as const;

const OPENING = {
  ...COMMON,
  method: 'post',
  idempotency: 'converge',
  responses: { 201: { description: 'The dispute.', schema: disputeSchema } },
  problems: {
    ...NOT_NOW,
    TOO_MANY_DISPUTES: { status: 409, when: 'the purchase was disputed too often already.' },
    CHARGEBACK_OPEN: { status: 409, when: "the buyer's bank is deciding about the payment." },
  },
} as const;

export const openingRoutes = (writing: Writing, commands: PurchaseCommands): Route[] => [
  route({
    ...OPENING,
    path: `${path}/disputes`,
    operationId: 'openDispute',
    summary: 'Dispute a purchase, as its buyer',
    description:
      'While it is `held`, `delivered` or `released`. The money stays where it is until the dispute is decided. `wants` is ' +
      'what you want back: everything, unless you say so.',
    body: z
      .strictObject({
        reason: z.enum(BUYER_REASONS),
        description: words.meta({ description: 'For the seller and our mediators.' }),
        wants: z.strictObject({ amount: z.int().min(1), currency }).optional(),
      })
      .meta({ id: 'NewDispute' }),
    problems: {
      ...OPENING.problems,
      BEYOND_WHAT_IS_DISPUTED: { status: 422, when: '`wants` is more than is left of what you paid.' },
      OTHER_CURRENCY: { status: 422, when: '`wants` is in another currency than the purchase.' },
    },
    handle: ({ params: { id }, body: { reason, description, wants }, ...request }) =>
      open(writing, commands, id, request, { event: 'open_dispute', reason, description, wants }),
  }),
  route({
    ...OPENING,
    path: `${path}/no-show`,
    operationId: 'claimNoShow',
    summary: 'Say that the other party did not show up',
    description:
      'Of a booking, once it has begun. The other party has some time to contest that; silence is taken as it is claimed: a ' +
      'seller who was not there gives everything back, a buyer who was not there gets what cancelling at the last moment gives.',
    body: z.strictObject({ description: words }).meta({ id: 'NoShow' }),
    handle: ({ params: { id }, body: { description }, ...request }) =>
      open(writing, commands, id, request, { event: 'claim_no_show', reason: 'no_show', description }),
  }),
  route({
    ...COMMON,
    method: 'get',
    path: `${path}/disputes`,
    operationId: 'listDisputes',
    summary: 'The disputes of a purchase, oldest first',
    responses: {
      200: { description: 'All of them.', schema: z.object({ data: z.array(disputeSchema) }).meta({ id: 'Disputes' }) },
    },
    handle: async ({ params: { id }, caller }) => {
      const { database, texts } = writing;
      const { userId } = caller();
      const side = sideOf(await purchaseOf(database, id, userId), userId);
      const disputes = await listDisputes(database, id);
      const data = await Promise.all(disputes.map((dispute) => disputeBody(database, texts, dispute, side)));
      return { status: 200, body: { data } };
    },
  }),
];

interface Opening {
  readonly event: PurchaseEvent & ('open_dispute' | 'claim_no_show');
  readonly reason: DisputeReason;
  readonly description: string;
  readonly wants?: { readonly amount: number; readonly currency: string } | undefined;
}

type OpenRequest = Pick<Request, 'caller' | 'commandId' | 'operationUuid' | 'log'>;

async function open(
  writing: Writing,
  commands: PurchaseCommands,
  purchaseId: PurchaseId,
  request: OpenRequest,
  { event, reason, description, wants }: Opening,
): Promise<Reply> {
  const { database, texts } = writing;
  const { userId } = request.caller();
  const purchase = await purchaseOf(database, purchaseId, userId);
  const side = sideOf(purchase, userId);
  const id = idFrom('dsp', request.operationUuid);
  const answered = async (): Promise<Reply | undefined> => {
    const dispute = await findDispute(database, id);
    return dispute && { status: 201, body: await disputeBody(database, texts, dispute, side) };
  };
  const before = await answered();
  if (before !== undefined) return before;
  if (wants !== undefined && wants.currency !== purchase.currency) {
    const expected = purchase.currency;
    throw unprocessable('OTHER_CURRENCY', `This purchase was paid in ${expected}.`, { currency: expected });
  }
  await refuseUnlessAllowed(database, purchase, side, event);
  const update = event === 'open_dispute' ? openDisputeUpdate : claimNoShowUpdate;
  const result = await withStatement(writing, request, purchaseId, description, ({ statementId = '' }) => {
    const dispute = { id, reason, statementId, ...(wants !== undefined && { wants: wants.amount }) };
    return commands.send(purchaseId, update, { actorId: userId, dispute }, request.commandId);
  });
  request.log.info('a dispute was asked for', { purchaseId, disputeId: id, result });
  const opened = await answered();
  if (opened !== undefined) return opened;
  if (result === 'ended') throw await notNow(database, await purchaseOf(database, purchaseId, userId), event);
  throw unavailable('The dispute is under way. Repeat the request with the same Idempotency-Key.', 2);
}

/** By the row, before anything is written; the workflow has the last word. */
async function refuseUnlessAllowed(
  database: Writing['database'],
  purchase: Purchase,
  side: 'buyer' | 'seller',
  event: PurchaseEvent,
): Promise<void> {
  const { chargeback, chargebackSheet } = purchase;
  if (isLive(chargeback)) {
    throw conflict('CHARGEBACK_OPEN', stopText('CHARGEBACK_OPEN', chargeback, chargebackSheet?.dueMs ?? null));
  }
  // Whether what was begun has ended by now is for the workflow to say: it goes through with that first.
  const { mayAct } = explain({ ...purchase, unfinished: null }, Date.now());
  if (mayAct.some(({ party, actions }) => party === side && actions.includes(event))) return;
  throw await notNow(database, purchase, event);
}

async function notNow(database: Writing['database'], purchase: Purchase, event: PurchaseEvent): Promise<Problem> {
  const { state, slot } = purchase;
  const startsAt = event === 'claim_no_show' && slot !== null ? slot.startsAt.toISOString() : undefined;
  const detail = `"${event}" is not possible for this party while the purchase is ${state}.`;
  return notAllowedNow(database, purchase, detail, startsAt === undefined ? {} : { startsAt });
}
