/** "Why does it not move?" and "what next?", worked out from the transition table. Pure. */
import type { PurchaseState } from '../../contracts/purchase.ts';
import { isLive } from './chargeback-rules.ts';
import { isTopUpBlocked, type Purchase } from './purchase-record.ts';
import { allowedActions, type Circumstances, isFinal, transition } from './rules.ts';
import { CHARGEBACK_SUMMARIES, PAUSE_SUMMARY, REFUSED_SUMMARY, STATE_SUMMARIES } from './summary-rules.ts';
import { outcomeOf, timerOf } from './timer-rules.ts';
import type { PurchaseEvent } from './transition-rules.ts';

/** Why a purchase stands where it stands, and what moves it on. */
export interface Explanation {
  readonly state: PurchaseState;
  /** In a sentence. */
  readonly summary: string;
  /** Whose move it is; nobody's once the purchase has ended. */
  readonly waitsFor: 'buyer' | 'seller' | 'platform' | 'nobody';
  /** What stands in the way of the money. */
  readonly holds: readonly ('staff_pause' | 'transfer_blocked' | 'chargeback' | 'step_refused')[];
  readonly mayAct: readonly { readonly party: 'buyer' | 'seller'; readonly actions: readonly PurchaseEvent[] }[];
  /** What happens by itself, and when; null when nothing does. */
  readonly automatic: { readonly at: string; readonly becomes: PurchaseState; readonly says: string } | null;
  /** Something was begun and is being gone through with: nobody can act until it is done. */
  readonly inProgress: boolean;
}

const summaryOf = (purchase: Purchase): string => {
  const { state, transfer, pause, chargeback, refusedStep } = purchase;
  const standing = isTopUpBlocked(purchase)
    ? "The seller's money is released and a part of it is sent; the rest follows as soon as Wellpact's own balance covers it."
    : transfer.status === 'blocked'
      ? "The seller's money is released, but Stripe refuses to send it: their account has to be mended."
      : STATE_SUMMARIES[state];
  const more = [
    pause === null ? '' : PAUSE_SUMMARY,
    CHARGEBACK_SUMMARIES[chargeback],
    refusedStep === null ? '' : REFUSED_SUMMARY,
  ].filter((text) => text !== '');
  return [standing, ...more].join(' ');
};

/** @param nowMs milliseconds since 1970: some things can only be done until a booking begins */
export function explain(purchase: Purchase, nowMs: number): Explanation {
  const { state, terms, deadlineAt, deadlineEvent, slot, proposal, pause } = purchase;
  const timer = timerOf(state, terms.kind, deadlineEvent);
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
    summary: summaryOf(purchase),
    waitsFor: waitsFor(purchase, circumstances),
    holds: [
      ...(pause !== null ? (['staff_pause'] as const) : []),
      ...(purchase.transfer.status === 'blocked' ? (['transfer_blocked'] as const) : []),
      ...(isLive(purchase.chargeback) ? (['chargeback'] as const) : []),
      ...(purchase.refusedStep === null ? [] : (['step_refused'] as const)),
    ],
    mayAct: parties
      .map((party) => ({ party, actions: allowedActions(state, terms.kind, party, circumstances) }))
      .filter(({ actions }) => actions.length > 0),
    automatic:
      timer === undefined || deadlineAt === null || inProgress || purchase.transfer.status === 'blocked'
        ? null
        : { at: deadlineAt.toISOString(), ...outcomeOf(timer, circumstances) },
    inProgress,
  };
}

/** Whose move it is, by the parties who can act; with no party able to, the platform's. */
function waitsFor(purchase: Purchase, circumstances: Circumstances): Explanation['waitsFor'] {
  const { state, terms, unfinished, transfer, pause, chargeback, refusedStep } = purchase;
  if (isFinal(state)) return 'nobody';
  if ((pause !== null && state !== 'payment_pending') || isLive(chargeback)) return 'platform';
  if (refusedStep !== null) return 'platform';
  // Stripe refuses to pay somebody whose account lacks something: only they can give it.
  if (transfer.status === 'blocked') return isTopUpBlocked(purchase) ? 'platform' : 'seller';
  if (unfinished !== null || state === 'released') return 'platform';
  if (transition(state, { on: 'payment_authorised', kind: terms.kind }) !== undefined) return 'buyer';
  if (state === 'held' || state === 'authorised') return 'seller';
  return allowedActions(state, terms.kind, 'buyer', circumstances).length > 0 ? 'buyer' : 'platform';
}
