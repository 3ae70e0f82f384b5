/** "Why does it not move?" and "what next?", worked out from the transition table. Pure. */
import type { PurchaseState } from '../../contracts/purchase.ts';
import { isLive } from './chargeback-rules.ts';
import { isTopUpBlocked, type Purchase } from './purchase-record.ts';
import { allowedActions, type Circumstances, isFinal, transition } from './rules.ts';
import { CHARGEBACK_SUMMARIES, PAUSE_SUMMARY, REFUSED_SUMMARY, STATE_SUMMARIES } from './summary-rules.ts';
import { outcomeOf, rulingCondition, timerOf } from './timer-rules.ts';
import type { PurchaseEvent } from './transition-rules.ts';

/** Why a purchase stands where it stands, and what moves it on. */
export interface Explanation {
  readonly state: PurchaseState;
  /** In a sentence. */
  readonly summary: string;
  /** Whose move it is; nobody's once the purchase has ended. */
  readonly waitsFor: 'buyer' | 'seller' | 'both' | 'mediator' | 'platform' | 'nobody';
  /** What stands in the way of the money. */
  readonly holds: readonly ('staff_pause' | 'transfer_blocked' | 'chargeback' | 'step_refused')[];
  readonly mayAct: readonly { readonly party: 'buyer' | 'seller'; readonly actions: readonly PurchaseEvent[] }[];
  /** What happens by itself, and when; null when nothing does. */
  readonly automatic: { readonly at: string; readonly becomes: PurchaseState; readonly says: string } | null;
  /** Something was begun and is being gone through with: nobody can act until it is done. */
  readonly inProgress: boolean;
}

/** What the dispute of a purchase waits for, as its service says. */
export interface DisputeNow {
  readonly waitsFor: Explanation['waitsFor'];
  readonly summary: string;
  /** What happens by itself, and when, milliseconds since 1970; with what the buyer gets back, if it is decided by that. */
  readonly automatic:
    | { readonly atMs: number; readonly says: string; readonly refund?: number | undefined }
    | undefined;
}

function summaryOf(purchase: Purchase, dispute: DisputeNow | undefined): string {
  const { state, transfer, pause, chargeback, refusedStep } = purchase;
  const standing = isTopUpBlocked(purchase)
    ? "The seller's money is released and a part of it is sent; the rest follows as soon as Wellpact's own balance covers it."
    : transfer.status === 'blocked'
      ? "The seller's money is released, but Stripe refuses to send it: their account has to be mended."
      : STATE_SUMMARIES[state];
  const more = [
    dispute?.summary ?? '',
    pause === null ? '' : PAUSE_SUMMARY,
    CHARGEBACK_SUMMARIES[chargeback],
    refusedStep === null ? '' : REFUSED_SUMMARY,
  ];
  return [standing, ...more].filter((text) => text !== '').join(' ');
}

/**
 * @param nowMs milliseconds since 1970: some things can only be done until a booking begins
 * @param known what the dispute waits for; without it a disputed purchase waits for that in general
 */
export function explain(purchase: Purchase, nowMs: number, known?: DisputeNow): Explanation {
  const dispute = purchase.state === 'disputed' ? known : undefined;
  const { state, terms, deadlineAt, deadlineEvent, slot, proposal, pause } = purchase;
  const timer = timerOf(state, terms.kind, deadlineEvent, conditionOf(purchase));
  const circumstances = {
    nowMs,
    startsAtMs: slot?.startsAt.getTime() ?? null,
    proposal: proposal && { by: proposal.by, startsAtMs: proposal.startsAt.getTime() },
    paused: pause !== null,
    chargeback: purchase.chargeback,
  };
  const inProgress = purchase.unfinished !== null;
  const parties = inProgress ? [] : (['buyer', 'seller'] as const);
  return {
    state,
    summary: summaryOf(purchase, dispute),
    waitsFor: waitsFor(purchase, circumstances, dispute),
    holds: [
      ...(pause !== null ? (['staff_pause'] as const) : []),
      ...(purchase.transfer.status === 'blocked' ? (['transfer_blocked'] as const) : []),
      ...(isLive(purchase.chargeback) ? (['chargeback'] as const) : []),
      ...(purchase.refusedStep === null ? [] : (['step_refused'] as const)),
    ],
    mayAct: parties
      .map((party) => ({ party, actions: allowedActions(state, terms.kind, party, circumstances) }))
      .filter(({ actions }) => actions.length > 0),
    automatic: first(
      timer === undefined || deadlineAt === null || inProgress || purchase.transfer.status === 'blocked'
        ? null
        : { at: deadlineAt.toISOString(), ...outcomeOf(timer, circumstances) },
      inProgress ? null : automaticOf(purchase, dispute),
    ),
    inProgress,
  };
}

function conditionOf({ dispute }: Purchase) {
  if (dispute === null) return undefined;
  const { refund, gross, defaultRefund } = dispute;
  return rulingCondition({
    decided: refund !== null,
    givesAll: refund !== null && refund >= gross,
    defaultLeaves: defaultRefund < gross,
  });
}

type Automatic = Explanation['automatic'];

/** The one that comes first, which may change what comes of the other. */
const first = (one: Automatic, other: Automatic): Automatic =>
  one === null || (other !== null && Date.parse(other.at) < Date.parse(one.at)) ? other : one;

/** What its dispute does by itself. What is decided while the money stands still waits for that. */
function automaticOf({ state, dispute, pause }: Purchase, now: DisputeNow | undefined): Automatic {
  if (now?.automatic === undefined || dispute === null) return null;
  const { atMs, says, refund } = now.automatic;
  const becomes = refund === undefined || pause !== null ? state : refund < dispute.gross ? 'released' : 'refunded';
  return { at: new Date(atMs).toISOString(), becomes, says };
}

/** Whose move it is, by the parties who can act; with no party able to, the platform's. */
function waitsFor(
  purchase: Purchase,
  circumstances: Circumstances,
  dispute: DisputeNow | undefined,
): Explanation['waitsFor'] {
  const { state, terms, unfinished, transfer, pause, chargeback, refusedStep } = purchase;
  if (isFinal(state)) return 'nobody';
  if ((pause !== null && state !== 'payment_pending') || isLive(chargeback)) return 'platform';
  if (refusedStep !== null) return 'platform';
  if (dispute !== undefined) return dispute.waitsFor;
  // Stripe refuses to pay somebody whose account lacks something: only they can give it.
  if (transfer.status === 'blocked') return isTopUpBlocked(purchase) ? 'platform' : 'seller';
  if (unfinished !== null || state === 'released') return 'platform';
  if (transition(state, { on: 'payment_authorised', kind: terms.kind }) !== undefined) return 'buyer';
  if (state === 'held' || state === 'authorised') return 'seller';
  return allowedActions(state, terms.kind, 'buyer', circumstances).length > 0 ? 'buyer' : 'platform';
}
