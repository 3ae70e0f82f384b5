/** Disputes: what the parties and mediators do about one. What each does from which state stands in services/disputes/rules.ts. */
import type { UpdateDefinition } from '@temporalio/client';
import { z } from 'zod';
import {
  acceptClaimUpdate,
  acceptOfferUpdate,
  appealRulingUpdate,
  approveRulingUpdate,
  contestClaimUpdate,
  type DisputeCommand,
  type DisputeOutcome,
  escalateDisputeUpdate,
  makeOfferUpdate,
  ruleDisputeUpdate,
  waiveAppealUpdate,
} from '../../contracts/dispute.ts';
import type { DisputeId, PurchaseId, UserId } from '../../contracts/ids.ts';
import { conflict, notFound, unprocessable } from '../../platform/errors.ts';
import { allowedNow, type Dispute, DisputeRefused, listDisputes, tryRuling } from '../../services/disputes/index.ts';
import { effectOfRuling, findPurchase } from '../../services/transactions/index.ts';
import type { ApiDeps } from '../deps.ts';
import { createDisputeCommands, type DisputeCommands, disputeById } from '../disputes/commands.ts';
import { type EvidenceDeps, evidenceRoutes } from '../disputes/evidence.ts';
import { lookingIn, NOT_YET, viewerIn } from '../disputes/mediators.ts';
import { NOT_NOW, openingRoutes, words } from '../disputes/open.ts';
import { type Writing, withStatement } from '../disputes/texts.ts';
import { disputeBody, disputeSchema, MEDIATORS, moneySchema, viewerOf } from '../disputes/view.ts';
import { createPurchaseCommands } from '../purchases/commands.ts';
import { notAllowedNow } from '../purchases/not-now.ts';
import { purchaseOf } from '../purchases/party.ts';
import { type Reply, type Request, type Route, route } from '../route.ts';
import { currency, idOf } from '../schemas.ts';

export type DisputeRoutesDeps = Pick<ApiDeps, 'temporal'> & EvidenceDeps;

const path = '/v1/disputes/{id}';
const params = z.strictObject({ id: idOf('dsp') });
const money = z.strictObject({ amount: z.int().min(0), currency });

const COMMON = {
  method: 'post',
  tag: 'disputes',
  idempotency: 'converge',
  params,
  responses: {
    200: { description: 'It is committed.', schema: disputeSchema },
    202: { description: 'It is under way: read the dispute in a moment.', schema: disputeSchema },
  },
} as const;

const PROBLEMS = {
  ...NOT_NOW,
  DISPUTE_FROZEN: { status: 409, when: 'a chargeback makes it stand still.' },
} as const;

const AMOUNT_PROBLEMS = {
  BEYOND_WHAT_IS_DISPUTED: { status: 422, when: 'it is more than is disputed.' },
  OTHER_CURRENCY: { status: 422, when: 'it is in another currency than the purchase.' },
} as const;

interface Parts {
  readonly deps: DisputeRoutesDeps;
  readonly writing: Writing;
  readonly commands: DisputeCommands;
}

export function disputeRoutes(deps: DisputeRoutesDeps): Route[] {
  const { database, texts } = deps;
  const writing = { database, texts };
  const parts = { deps, writing, commands: createDisputeCommands(deps) };
  return [
    ...openingRoutes(writing, createPurchaseCommands(deps)),
    readRoute(parts),
    responseRoute(parts),
    contestRoute(parts),
    ...offerRoutes(parts),
    ...partyRoutes(parts),
    ...rulingRoutes(parts),
    ...evidenceRoutes(deps),
  ];
}

function readRoute({ deps: { database }, writing }: Parts): Route {
  return route({
    method: 'get',
    path,
    operationId: 'getDispute',
    tag: 'disputes',
    summary: 'Read a dispute, as a party or a mediator',
    description:
      'Mediators read it from when it has come to them: when a side asked for one, or none agreed in time. That one looked ' +
      'stands in the audit trail.',
    policy: { access: 'member', orStaff: MEDIATORS },
    params,
    responses: { 200: { description: 'The dispute.', schema: disputeSchema } },
    problems: NOT_YET,
    handle: async ({ params: { id }, caller }) => {
      const dispute = await disputeById(database, id);
      const viewer = await lookingIn(database, dispute, caller(), 'dispute.read');
      return { status: 200, body: await disputeBody(database, writing.texts, dispute, viewer) };
    },
  });
}

/** A dispute is its parties' alone. @throws Problem 404 */
async function ownDispute(database: ApiDeps['database'], id: DisputeId, userId: string): Promise<Dispute> {
  const dispute = await disputeById(database, id);
  if (viewerOf(dispute, userId) === undefined) throw notFound('dispute');
  return dispute;
}

type ActRequest = Pick<Request, 'caller' | 'commandId' | 'operationUuid' | 'log'>;
type Command = UpdateDefinition<DisputeOutcome, [DisputeCommand]>;

/** Sends a command, with what was written, and answers with the dispute as it is then. */
async function act(
  { writing, commands }: Parts,
  dispute: Dispute,
  request: ActRequest,
  update: Command,
  { words: said, ...more }: { words?: string | undefined; refund?: number; number?: number } = {},
): Promise<Reply> {
  const { userId } = request.caller();
  const sent = await withStatement(writing, request, dispute.purchaseId, said, (statement) =>
    commands.send(dispute, update, { actorId: userId, ...more, ...statement }, request),
  );
  const viewer = viewerOf(dispute, userId) ?? 'staff';
  const body = await disputeBody(writing.database, writing.texts, sent.dispute, viewer);
  if (sent.isDone) return { status: 200, body };
  return { status: 202, headers: { Location: `/v1/disputes/${dispute.id}` }, body, final: false };
}

/** @throws Problem 422 */
function refuseOtherCurrency({ currency: expected }: Dispute, given: string): void {
  if (given === expected) return;
  throw unprocessable('OTHER_CURRENCY', `This purchase was paid in ${expected}.`, { currency: expected });
}

function responseRoute(parts: Parts): Route {
  return route({
    ...COMMON,
    path: `${path}/response`,
    operationId: 'respondToDispute',
    summary: 'Answer a claim, as the other party',
    description: 'Accept it, contest it with a text, or make an offer.',
    policy: { access: 'member' },
    body: z
      .discriminatedUnion('answer', [
        z.strictObject({ answer: z.literal('accept') }),
        z.strictObject({ answer: z.literal('contest'), text: words }),
        z.strictObject({ answer: z.literal('offer'), refund: money, text: words.optional() }),
      ])
      .meta({ id: 'DisputeResponse' }),
    problems: { ...PROBLEMS, ...AMOUNT_PROBLEMS },
    handle: async ({ params: { id }, body, ...request }) => {
      const dispute = await ownDispute(parts.deps.database, id, request.caller().userId);
      if (body.answer === 'accept') return act(parts, dispute, request, acceptClaimUpdate);
      if (body.answer === 'contest') return act(parts, dispute, request, contestClaimUpdate, { words: body.text });
      refuseInNegotiation(dispute);
      refuseOtherCurrency(dispute, body.refund.currency);
      return act(parts, dispute, request, makeOfferUpdate, { words: body.text, refund: body.refund.amount });
    },
  });
}

/** An answer is given once; what is offered later is an offer. @throws Problem 409 */
function refuseInNegotiation(dispute: Dispute): void {
  const { state } = dispute;
  if (state === 'opened') return;
  const detail = `The dispute was answered already: it is ${state}. Use …/offers.`;
  throw conflict('NOT_ALLOWED_NOW', detail, { state, allowed: allowedNow(dispute, Date.now()) });
}

function contestRoute(parts: Parts): Route {
  return route({
    ...COMMON,
    path: '/v1/purchases/{id}/no-show/contest',
    params: z.strictObject({ id: idOf('pur') }),
    operationId: 'contestNoShow',
    summary: 'Deny that you did not show up, or say that it was the other party who did not',
    description: 'Then it goes on like any other dispute.',
    policy: { access: 'member' },
    body: z.strictObject({ text: words }).meta({ id: 'NoShowContest' }),
    problems: PROBLEMS,
    handle: async ({ params: { id }, body, ...request }) => {
      const dispute = await noShowOf(parts.deps.database, id, request.caller().userId);
      return act(parts, dispute, request, contestClaimUpdate, { words: body.text });
    },
  });
}

/** The newest no-show claim of a purchase. @throws Problem 404; 409 when nobody claims one */
async function noShowOf(database: ApiDeps['database'], id: PurchaseId, userId: string): Promise<Dispute> {
  const purchase = await purchaseOf(database, id, userId);
  const claim = (await listDisputes(database, id)).filter(({ reason }) => reason === 'no_show').at(-1);
  if (claim !== undefined) return claim;
  throw await notAllowedNow(database, purchase, 'Nobody says of this purchase that somebody did not show up.');
}

const offerRoutes = (parts: Parts): Route[] => [
  route({
    ...COMMON,
    path: `${path}/offers`,
    operationId: 'makeOffer',
    summary: 'Offer what you would agree to',
    description:
      'What the buyer would get back; the rest is the seller’s. It takes the place of the one you made before.',
    policy: { access: 'member' },
    body: z.strictObject({ refund: money, text: words.optional() }).meta({ id: 'NewDisputeOffer' }),
    problems: {
      ...PROBLEMS,
      ...AMOUNT_PROBLEMS,
      TOO_MANY_OFFERS: { status: 409, when: 'there were too many offers already.' },
    },
    handle: async ({ params: { id }, body: { refund, text }, ...request }) => {
      const dispute = await ownDispute(parts.deps.database, id, request.caller().userId);
      refuseOtherCurrency(dispute, refund.currency);
      return act(parts, dispute, request, makeOfferUpdate, { words: text, refund: refund.amount });
    },
  }),
  route({
    ...COMMON,
    path: `${path}/offers/{number}/accept`,
    params: z.strictObject({ id: idOf('dsp'), number: z.coerce.number().int().min(1).max(1_000) }),
    operationId: 'acceptOffer',
    summary: 'Accept what the other side offered: that decides the dispute',
    policy: { access: 'member' },
    problems: {
      ...PROBLEMS,
      NO_SUCH_OFFER: { status: 409, when: 'this offer is not open any more.' },
      OWN_OFFER: { status: 409, when: 'it is your own.' },
    },
    handle: async ({ params: { id, number }, ...request }) => {
      const dispute = await ownDispute(parts.deps.database, id, request.caller().userId);
      return act(parts, dispute, request, acceptOfferUpdate, { number });
    },
  }),
];

const partyRoutes = (parts: Parts): Route[] => [
  route({
    ...COMMON,
    path: `${path}/escalate`,
    operationId: 'escalateDispute',
    summary: 'Ask for a mediator',
    description: 'From `next.escalateFrom` on.',
    policy: { access: 'member' },
    body: z.strictObject({ text: words.optional() }).meta({ id: 'Escalation' }),
    problems: PROBLEMS,
    handle: async ({ params: { id }, body: { text }, ...request }) => {
      const dispute = await ownDispute(parts.deps.database, id, request.caller().userId);
      return act(parts, dispute, request, escalateDisputeUpdate, { words: text });
    },
  }),
  route({
    ...COMMON,
    path: `${path}/appeal`,
    operationId: 'appealRuling',
    summary: 'Appeal a ruling: another mediator looks at it and rules finally',
    policy: { access: 'member' },
    body: z.strictObject({ text: words }).meta({ id: 'Appeal' }),
    problems: PROBLEMS,
    handle: async ({ params: { id }, body: { text }, ...request }) => {
      const dispute = await ownDispute(parts.deps.database, id, request.caller().userId);
      return act(parts, dispute, request, appealRulingUpdate, { words: text });
    },
  }),
  route({
    ...COMMON,
    path: `${path}/waive-appeal`,
    operationId: 'waiveAppeal',
    summary: 'Say that you will not appeal: when both sides do, the ruling is carried out at once',
    policy: { access: 'member' },
    problems: PROBLEMS,
    handle: async ({ params: { id }, ...request }) => {
      const dispute = await ownDispute(parts.deps.database, id, request.caller().userId);
      return act(parts, dispute, request, waiveAppealUpdate);
    },
  }),
];

const effectSchema = z
  .object({
    refund: moneySchema,
    toSeller: moneySchema.meta({ description: 'What is left the seller, after commission.' }),
    commission: z.object({ before: moneySchema, after: moneySchema }),
    reversal: moneySchema.meta({ description: 'What is taken back from the seller’s Stripe balance.' }),
    advance: moneySchema.meta({
      description: 'What we advance at most: the part of the reversal that the seller’s balance does not cover.',
    }),
    needsSecondPerson: z.boolean(),
  })
  .meta({ id: 'RulingEffect' });

const rulingSchema = z.object({ dispute: disputeSchema, effect: effectSchema }).meta({ id: 'Ruling' });

const rulingRoutes = (parts: Parts): Route[] => [
  route({
    ...COMMON,
    path: `${path}/rulings`,
    operationId: 'ruleOnDispute',
    summary: 'Rule on a dispute, as a mediator',
    description:
      'With `dryRun` nothing changes: the answer says what the ruling would do to the money, or why it would be refused. A ruling about much money waits ' +
      'for a second mediator. After an appeal it takes somebody who has not ruled before.',
    policy: { access: 'staff', roles: MEDIATORS },
    body: z
      .strictObject({ refund: money, reason: words, dryRun: z.boolean().default(false) })
      .meta({ id: 'NewRuling' }),
    responses: {
      200: { description: 'It is committed, or would be.', schema: rulingSchema },
      202: { description: 'It is under way.', schema: rulingSchema },
    },
    problems: {
      ...PROBLEMS,
      ...AMOUNT_PROBLEMS,
      ...NOT_YET,
      NEEDS_ANOTHER_PERSON: { status: 409, when: 'you are a party, or have ruled before the appeal.' },
      TOO_MANY_RULINGS: { status: 409, when: 'there were too many rulings already.' },
    },
    handle: async ({ params: { id }, body: { refund, reason, dryRun }, ...request }) => {
      const { database } = parts.deps;
      const dispute = await disputeById(database, id);
      await viewerIn(database, dispute, request.caller());
      refuseOtherCurrency(dispute, refund.currency);
      const effect = await effectOf(database, dispute, refund.amount);
      if (dryRun) await refuseAsTheRealOne(database, dispute, request.caller().userId);
      // The answer is the dispute itself. What is refused before shows nothing of it, and leaves no trace.
      await lookingIn(database, dispute, request.caller(), 'dispute.read');
      if (dryRun) {
        const body = await disputeBody(database, parts.writing.texts, dispute, 'staff');
        return { status: 200, body: { dispute: body, effect } };
      }
      const more = { words: reason, refund: refund.amount };
      const reply = await act(parts, dispute, request, ruleDisputeUpdate, more);
      return { ...reply, body: { dispute: reply.body, effect } };
    },
  }),
  route({
    ...COMMON,
    path: `${path}/rulings/{number}/approve`,
    params: z.strictObject({ id: idOf('dsp'), number: z.coerce.number().int().min(1).max(1_000) }),
    operationId: 'approveRuling',
    summary: 'Approve a ruling of another mediator',
    policy: { access: 'staff', roles: MEDIATORS },
    problems: {
      ...PROBLEMS,
      ...NOT_YET,
      NO_SUCH_RULING: { status: 409, when: 'it does not wait for approval.' },
      NEEDS_ANOTHER_PERSON: { status: 409, when: 'it is your own ruling, or you are not to judge this.' },
    },
    handle: async ({ params: { id, number }, ...request }) => {
      const { database } = parts.deps;
      const dispute = await disputeById(database, id);
      await lookingIn(database, dispute, request.caller(), 'dispute.read');
      return act(parts, dispute, request, approveRulingUpdate, { number });
    },
  }),
];

/** A ruling that would not be taken has no effect to show. @throws Problem 409 */
async function refuseAsTheRealOne(database: ApiDeps['database'], dispute: Dispute, person: UserId): Promise<void> {
  try {
    await tryRuling(database, dispute, person, Date.now());
  } catch (error) {
    if (!(error instanceof DisputeRefused)) throw error;
    throw conflict(error.code, error.message, { ...error.detail });
  }
}

/** What a ruling does to the money. @throws Problem 422 */
async function effectOf(
  database: ApiDeps['database'],
  dispute: Dispute,
  refund: number,
): Promise<z.input<typeof effectSchema>> {
  const { gross, currency: unit, terms, purchaseId } = dispute;
  const disputed = { amount: gross, currency: unit };
  if (refund > gross) {
    throw unprocessable('BEYOND_WHAT_IS_DISPUTED', 'The buyer cannot get back more than is disputed.', { disputed });
  }
  const purchase = await findPurchase(database, purchaseId);
  if (purchase === undefined) throw new Error(`there is no purchase ${purchaseId}`);
  const effect = effectOfRuling(purchase, gross, refund);
  const of = (amount: number) => ({ amount, currency: unit });
  return {
    refund: of(effect.refund),
    toSeller: of(effect.toSeller),
    commission: { before: of(effect.commissionBefore), after: of(effect.commissionAfter) },
    reversal: of(effect.reversal),
    advance: of(effect.reversal),
    needsSecondPerson: gross >= terms.fourEyesFrom,
  };
}
