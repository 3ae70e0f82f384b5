/** Taking the steps of a dispute: row, what came with it, case, audit entry and event in one transaction, once. */
import type { Actor } from '../../contracts/actor.ts';
import type { DisputeReason, DisputeState } from '../../contracts/dispute.ts';
import type { EventType } from '../../contracts/events.ts';
import type { DisputeId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Currency } from '../../contracts/money.ts';
import type { Database, Queryable, Tx } from '../../platform/database.ts';
import { moveCase, note } from './notes.ts';
import type { Decision, Dispute, DisputeRuling } from './record.ts';
import { DisputeRefused, refuseRuling, refuseSamePerson } from './refusals.ts';
import {
  allowedToEach,
  claimsAll,
  type DecidedBy,
  DISPUTE_TIMERS,
  type DisputeCircumstances,
  type DisputeCondition,
  type DisputeEvent,
  type DisputeParty,
  type DisputeTerms,
  type DisputeTransition,
  disputeRows,
  MAX_OFFERS,
  mayThoughFrozen,
  type Role,
  refundLeaning,
} from './rules.ts';
import {
  insertDispute,
  insertOffer,
  insertRemark,
  insertRuling,
  listOffers,
  listRulings,
  lockDispute,
  markAccepted,
  markApproved,
  supersedeProposals,
  takeDisputeStep,
  updateDispute,
  wasDisputeStepTaken,
} from './store.ts';

/** What happened to a dispute. */
export interface DisputeStep {
  readonly disputeId: DisputeId;
  /** The state from which the step is taken. When the row is elsewhere by now, the step does nothing. */
  readonly from: DisputeState;
  readonly event: DisputeEvent;
  readonly by: DisputeParty;
  readonly actor: Actor;
  /** The workflow's time, milliseconds since 1970. */
  readonly atMs: number;
  /** Unique among the steps of the dispute; the same for every repeat. */
  readonly key: string;
  readonly refund?: number;
  readonly number?: number;
  readonly statementId?: string;
}

/** With what a dispute is opened. */
export interface OpeningDispute {
  readonly id: DisputeId;
  readonly purchaseId: PurchaseId;
  readonly n: number;
  readonly buyerId: UserId;
  readonly sellerId: UserId;
  readonly claimedBy: 'buyer' | 'seller';
  readonly reason: DisputeReason;
  readonly statementId: string;
  readonly currency: Currency;
  readonly gross: number;
  readonly claimRefund: number;
  readonly terms: DisputeTerms;
}

/** Opens a dispute, in the transaction in which its purchase becomes disputed. */
export async function openDispute(tx: Tx, opening: OpeningDispute, actor: Actor, atMs: number): Promise<void> {
  const at = new Date(atMs);
  const dispute: Dispute = {
    ...opening,
    ...entering(opening, 'opened', atMs),
    escalateFrom: null,
    frozenSince: null,
    waived: [],
    appealedBy: null,
    decision: null,
    closedAt: null,
    createdAt: at,
    updatedAt: at,
  };
  await insertDispute(tx, dispute);
  const { reason, claimedBy, gross, claimRefund } = dispute;
  await note(tx, dispute, actor, 'dispute.opened', { reason, claimedBy, gross, claimRefund });
}

/** What entering a state sets. */
function entering(
  { terms, reason }: Pick<Dispute, 'terms' | 'reason'>,
  state: DisputeState,
  atMs: number,
): Pick<Dispute, 'state' | 'stateSince' | 'deadlineAt' | 'deadlineEvent'> {
  const timer = DISPUTE_TIMERS[state];
  return {
    state,
    stateSince: new Date(atMs),
    deadlineAt: timer === undefined ? null : new Date(atMs + timer.window(terms, reason === 'no_show')),
    deadlineEvent: timer?.event ?? null,
  };
}

/** What decides which rows are open. @param proposal whether a ruling waits for a second mediator */
export const circumstancesOf = (
  { escalateFrom, waived }: Pick<Dispute, 'escalateFrom' | 'waived'>,
  nowMs: number,
  proposal: boolean,
): DisputeCircumstances => ({
  nowMs,
  escalateFromMs: escalateFrom?.getTime() ?? null,
  waived,
  hasProposal: proposal,
});

/**
 * Follows the table of rules.ts for what happened, once. A repeat changes nothing and answers with the dispute as it stands;
 * so does the clock when the dispute is further. Anybody else is refused then: what they asked for was not done.
 * @throws DisputeRefused
 */
export async function followDispute(db: Database, step: DisputeStep): Promise<Dispute> {
  return db.transaction(async (tx) => {
    const before = await lockDispute(tx, step.disputeId);
    if (before === undefined) throw new Error(`there is no dispute ${step.disputeId}`);
    if (before.state !== step.from || before.decision !== null) {
      if (step.by === 'clock' || (await wasDisputeStepTaken(tx, step.disputeId, step.key))) return before;
      throw overtaken(before, step.event, await hasProposal(tx, before.id), step.atMs);
    }
    if (!(await takeDisputeStep(tx, step.disputeId, step.key))) return before;
    refuseFrozen(before, step);
    const proposal = await hasProposal(tx, before.id);
    const so = circumstancesOf(before, step.atMs, proposal);
    const rows = disputeRows(before.state, step.event, step.by, so);
    const row = rows.find(({ when }) => when === undefined || when === conditionOf(before, step));
    if (row === undefined) throw notAllowedInDispute(before, step.event, so);
    const refund = await EFFECTS[step.event](tx, before, step, row);
    const after = changed(before, step, row, refund);
    await updateDispute(tx, after);
    if (step.statementId !== undefined && SAID.has(step.event)) {
      const { event, actor, statementId, atMs } = step;
      await insertRemark(tx, after.id, { event, saidBy: actor.id as UserId, statementId, at: new Date(atMs) });
    }
    await moveCase(tx, before, after, step.actor);
    const { number, refund: asked } = step;
    await note(tx, after, step.actor, newsOf(step, row), {
      event: step.event,
      by: step.by,
      from: before.state,
      ...(number !== undefined && { number }),
      ...(asked !== undefined && { refund: asked }),
      ...(after.decision !== null && { refund: after.decision.refund, decidedBy: after.decision.by }),
    });
    return after;
  });
}

/** Whether a mediator could rule now, and everything that they would be told if not; changes nothing. @throws DisputeRefused */
export async function tryRuling(db: Queryable, dispute: Dispute, person: UserId, nowMs: number): Promise<void> {
  refuseFrozen(dispute, { by: 'mediator', event: 'rule' });
  const rulings = await listRulings(db, dispute.id);
  const so = circumstancesOf(dispute, nowMs, isProposed(rulings));
  const rows = dispute.decision === null ? disputeRows(dispute.state, 'rule', 'mediator', so) : [];
  if (rows.length === 0) throw notAllowedInDispute(dispute, 'rule', so);
  refuseRuling(dispute, rulings, person);
}

/** With these a party says something that stands for itself; what is said with an offer or a ruling stands beside that. */
const SAID: ReadonlySet<DisputeEvent> = new Set(['accept_claim', 'contest', 'escalate', 'appeal']);

async function hasProposal(db: Queryable, id: DisputeId): Promise<boolean> {
  return isProposed(await listRulings(db, id));
}

const isProposed = (rulings: readonly Pick<DisputeRuling, 'status'>[]): boolean =>
  rulings.some(({ status }) => status === 'proposed');

function refuseFrozen(dispute: Dispute, { by, event }: Pick<DisputeStep, 'by' | 'event'>): void {
  if (dispute.frozenSince === null || by === 'purchase' || mayThoughFrozen(event, claimsAll(dispute))) return;
  throw new DisputeRefused(
    'DISPUTE_FROZEN',
    'The bank of the buyer looks at this payment. The dispute stands still until that is over; evidence can still be handed in.',
  );
}

function conditionOf(dispute: Dispute, { event }: DisputeStep): DisputeCondition | undefined {
  if (event === 'rule') {
    return dispute.gross >= dispute.terms.fourEyesFrom ? 'needs_a_second_person' : 'one_person_is_enough';
  }
  return event === 'waive_appeal' ? (dispute.waived.length > 0 ? 'last_waiver' : 'first_waiver') : undefined;
}

function notAllowedInDispute(
  { state, claimedBy, escalateFrom, decision }: Dispute,
  event: string,
  so: DisputeCircumstances,
): DisputeRefused {
  const allowed = decision === null ? allowedToEach(state, claimedBy, so) : { buyer: [], seller: [], mediator: [] };
  const when = decision === null ? `while the dispute is ${state}` : 'once it is decided';
  const message = `"${event}" is not possible for you ${when}.`;
  const from = event === 'escalate' && escalateFrom !== null ? { escalateFrom: escalateFrom.toISOString() } : {};
  return new DisputeRefused('NOT_ALLOWED_NOW', message, { state, allowed, ...from });
}

/** The dispute went on before the step could be taken. It may still be possible, but not as a word about what was. */
function overtaken(dispute: Dispute, event: DisputeEvent, proposal: boolean, atMs: number): DisputeRefused {
  const refused = notAllowedInDispute(dispute, event, circumstancesOf(dispute, atMs, proposal));
  if (dispute.decision !== null) return refused;
  const message = `Meanwhile the dispute has gone on: by now it is ${dispute.state}. Read it again.`;
  return new DisputeRefused('NOT_ALLOWED_NOW', message, refused.detail);
}

/** What an event does beside the row of the dispute. @returns what the buyer gets back, where the row decides */
type Effect = (tx: Tx, dispute: Dispute, step: DisputeStep, row: DisputeTransition) => Promise<number | undefined>;

const nothing: Effect = async () => undefined;

/** The ruling that stands decides. */
const standingRuling: Effect = async (tx, { id }, _step, { decides }) => {
  if (decides === undefined) return undefined;
  const stands = (await listRulings(tx, id)).filter(({ status }) => status === 'stands').at(-1);
  if (stands === undefined) throw new Error(`no ruling of ${id} stands`);
  return stands.refund;
};

const EFFECTS: Readonly<Record<DisputeEvent, Effect>> = {
  accept_claim: async (_tx, { claimRefund }) => claimRefund,
  contest: nothing,
  make_offer: async (tx, dispute, step) => {
    const refund = amountIn(dispute, step);
    const offers = await listOffers(tx, dispute.id);
    if (offers.length >= MAX_OFFERS) {
      throw new DisputeRefused('TOO_MANY_OFFERS', `A dispute takes ${MAX_OFFERS} offers. Ask for a mediator.`);
    }
    const statementId = step.statementId ?? null;
    const at = new Date(step.atMs);
    const number = offers.length + 1;
    await insertOffer(tx, dispute.id, { number, madeBy: step.by as Role, refund, statementId, at });
    return undefined;
  },
  accept_offer: async (tx, { id }, { number, by }) => {
    const offer = (await listOffers(tx, id)).find((one) => one.number === number);
    if (offer === undefined || offer.status !== 'open') {
      throw new DisputeRefused('NO_SUCH_OFFER', 'This offer is not open, or was replaced. Read the dispute again.');
    }
    if (offer.madeBy === by)
      throw new DisputeRefused('OWN_OFFER', 'This is your own offer: the other side accepts it.');
    await markAccepted(tx, id, offer.number);
    return offer.refund;
  },
  escalate: nothing,
  rule: async (tx, dispute, step, row) => {
    const refund = amountIn(dispute, step);
    const ruledBy = step.actor.id as UserId;
    const rulings = await listRulings(tx, dispute.id);
    refuseRuling(dispute, rulings, ruledBy);
    await insertRuling(tx, dispute.id, {
      number: rulings.length + 1,
      refund,
      ruledBy,
      statementId: step.statementId ?? null,
      onAppeal: dispute.state === 'appealed',
      status: row.when === 'needs_a_second_person' ? 'proposed' : 'stands',
      at: new Date(step.atMs),
    });
    return row.decides === undefined ? undefined : refund;
  },
  approve: async (tx, dispute, { number, actor }, row) => {
    const rulings = await listRulings(tx, dispute.id);
    const proposed = rulings.find((one) => one.number === number && one.status === 'proposed');
    if (proposed === undefined) {
      throw new DisputeRefused(
        'NO_SUCH_RULING',
        'No ruling with this number waits for approval. Read the dispute again.',
      );
    }
    const by = actor.id as UserId;
    if (proposed.ruledBy === by) {
      throw new DisputeRefused('NEEDS_ANOTHER_PERSON', 'Somebody else has to approve this: it is your own ruling.');
    }
    refuseSamePerson(dispute, rulings, by);
    await markApproved(tx, dispute.id, proposed.number, by);
    return row.decides === undefined ? undefined : proposed.refund;
  },
  mediation_over: async (tx, dispute, { atMs }) => {
    const refund = refundLeaning(dispute, dispute.terms.defaultPercent);
    const number = (await listRulings(tx, dispute.id)).length + 1;
    const none = { ruledBy: null, statementId: null, onAppeal: false } as const;
    await insertRuling(tx, dispute.id, { ...none, number, refund, status: 'stands', at: new Date(atMs) });
    return undefined;
  },
  appeal: nothing,
  waive_appeal: standingRuling,
  appeal_window_over: standingRuling,
  appeal_over: async (tx, dispute, step, row) => {
    await supersedeProposals(tx, dispute.id);
    return standingRuling(tx, dispute, step, row);
  },
  negotiation_over: nothing,
  response_window_over: async (_tx, dispute) => refundLeaning(dispute, dispute.terms.silencePercent),
  closed_by_purchase: nothing,
};

/** @throws DisputeRefused BEYOND_WHAT_IS_DISPUTED */
function amountIn({ gross, currency }: Dispute, { refund }: DisputeStep): number {
  if (refund !== undefined && Number.isSafeInteger(refund) && refund >= 0 && refund <= gross) return refund;
  const disputed = { amount: gross, currency };
  throw new DisputeRefused('BEYOND_WHAT_IS_DISPUTED', 'The buyer cannot get back more than is disputed.', { disputed });
}

function changed(before: Dispute, step: DisputeStep, row: DisputeTransition, refund: number | undefined): Dispute {
  const { atMs } = step;
  const moved = row.to === before.state ? {} : entering(before, row.to, atMs);
  const decision = row.decides === undefined ? null : decided(row.decides, refund, atMs);
  return {
    ...before,
    ...moved,
    ...(row.to === 'negotiating' &&
      before.state !== 'negotiating' && { escalateFrom: new Date(atMs + before.terms.escalateAfterMs) }),
    ...(step.event === 'waive_appeal' && { waived: [...before.waived, step.by as Role] }),
    ...(step.event === 'appeal' && { appealedBy: step.by as Role }),
    // What is decided waits for nobody in the dispute any more.
    ...(decision !== null && { decision, deadlineAt: null, deadlineEvent: null }),
    updatedAt: new Date(atMs),
  };
}

function decided(by: DecidedBy, refund: number | undefined, atMs: number): Decision {
  if (refund === undefined) throw new Error('a decision without an amount');
  return { refund, by, atMs };
}

const NEWS: Readonly<Partial<Record<DisputeEvent, EventType>>> = {
  contest: 'dispute.contested',
  make_offer: 'dispute.offered',
  escalate: 'dispute.mediating',
  negotiation_over: 'dispute.mediating',
  rule: 'dispute.ruled',
  approve: 'dispute.ruled',
  mediation_over: 'dispute.ruled',
  appeal: 'dispute.appealed',
  waive_appeal: 'dispute.appeal_waived',
};

function newsOf({ event }: DisputeStep, { decides, when }: DisputeTransition): EventType {
  if (decides !== undefined) return 'dispute.decided';
  if (when === 'needs_a_second_person') return 'dispute.ruling_proposed';
  const news = NEWS[event];
  if (news === undefined) throw new Error(`nothing is told of "${event}"`);
  return news;
}
