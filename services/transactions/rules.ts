/** What is asked of the table of transition-rules.ts: where an event leads, and what a party may do. Pure. */
import type { Chargeback, PurchaseState } from '../../contracts/purchase.ts';
import { isLive } from './chargeback-rules.ts';
import type { Kind } from './terms-rules.ts';
import {
  type Condition,
  type Need,
  type Party,
  type PurchaseEvent,
  type StepName,
  TRANSITIONS,
  type Transition,
} from './transition-rules.ts';

/**
 * The steps that take money from somebody or give it to somebody: none of them is taken while staff have paused it. To give
 * an authorisation back moves none.
 */
const MONEY_STEPS: ReadonlySet<StepName> = new Set([
  'capturePayment',
  'releaseToSeller',
  'refundBuyer',
  'refundReleased',
  'settleCancellation',
  'settleDispute',
]);
const movesMoney = ({ step }: Pick<Transition, 'step'>): boolean => MONEY_STEPS.has(step);

/** What can lie over a purchase, whatever its state, and stop its money. */
export interface Overlays {
  /** Staff have paused it. */
  readonly paused?: boolean;
  /** What the buyer's bank does. */
  readonly chargeback?: Chargeback | undefined;
}

/** Whether its money stands still, and the time for it. */
export const standsStill = ({ paused, chargeback }: Overlays): boolean =>
  paused === true || isLive(chargeback ?? 'none');

/** What stops a step, as failures carry it. */
export type Stop = 'MONEY_PAUSED' | 'CHARGEBACK_OPEN';

/** What a step that may be stopped is part of, as far as it matters. */
export type Stoppable = Pick<Transition, 'step' | 'when'> & Partial<Pick<Transition, 'on'>>;

/** What gives the buyer everything back ends an inquiry: it alone is possible while the bank asks. */
const refundsAll = ({ step, when, on }: Stoppable): boolean =>
  (step === 'refundBuyer' && on !== 'refund_in_part') ||
  (step === 'refundReleased' && on !== 'refund_in_part') ||
  ((step === 'settleCancellation' || step === 'settleDispute') && when === 'nothing_for_seller');

/** What stops a row at the moment, if anything. What staff have paused is paused; a bank hinders what it may still take. */
export function stopOf(row: Stoppable, { paused, chargeback }: Overlays): Stop | undefined {
  // What a bank is about to decide is not disputed here as well.
  if (row.step === 'pauseForDispute') return isLive(chargeback ?? 'none') ? 'CHARGEBACK_OPEN' : undefined;
  if (!movesMoney(row)) return undefined;
  if (paused === true) return 'MONEY_PAUSED';
  if (row.step === 'capturePayment') return undefined;
  if (chargeback === 'open' || (chargeback === 'inquiry' && !refundsAll(row))) return 'CHARGEBACK_OPEN';
  return undefined;
}

/** What somebody is told who asks for what is stopped. @param dueMs until when the bank takes evidence, if it does */
export function stopText(stop: Stop, chargeback: Chargeback, dueMs: number | null): string {
  if (stop === 'MONEY_PAUSED') {
    return 'Our staff have paused the money of this purchase and are looking into it. Nothing moves until they let it go.';
  }
  const until = dueMs === null ? '' : ` It takes evidence until ${new Date(dueMs).toISOString()}.`;
  return chargeback === 'inquiry'
    ? `The buyer's bank asks about this payment: until it has its answer, nothing is released or disputed, and it can only be refunded in full.${until}`
    : `The buyer's bank has taken this payment back: until it has decided and the money has moved accordingly, nothing is released, refunded or disputed.${until}`;
}

/** What decides whether the needs of a row are met. */
export interface Circumstances extends Overlays {
  readonly nowMs: number;
  /** When a booking begins; null for goods. */
  readonly startsAtMs: number | null;
  /** Where a party wants to move it. */
  readonly proposal?: { readonly by: 'buyer' | 'seller'; readonly startsAtMs: number } | null;
}

const isBeforeStart = ({ nowMs, startsAtMs }: Circumstances): boolean => startsAtMs === null || nowMs < startsAtMs;

/** A proposal lapses when either time has come. */
const hasProposed =
  (party: 'buyer' | 'seller') =>
  (circumstances: Circumstances): boolean => {
    const { proposal, nowMs } = circumstances;
    return isBeforeStart(circumstances) && proposal?.by === party && nowMs < proposal.startsAtMs;
  };

const NEEDS: Readonly<Record<Need, (circumstances: Circumstances) => boolean>> = {
  before_start: isBeforeStart,
  after_start: (circumstances) => !isBeforeStart(circumstances),
  buyer_proposed: hasProposed('buyer'),
  seller_proposed: hasProposed('seller'),
};
/** The states nothing leads out of. What still happens after them goes to the aftercare of the purchase. */
export const FINAL_STATES: readonly PurchaseState[] = ['completed', 'refunded', 'cancelled', 'declined', 'expired'];
export const isFinal = (state: PurchaseState): boolean => FINAL_STATES.includes(state);
/** What a row has to match; what is left out matches anything. */
export interface Occurrence {
  readonly on: PurchaseEvent;
  readonly by?: Party | undefined;
  readonly kind: Kind;
  readonly when?: Condition | undefined;
  readonly circumstances?: Circumstances | undefined;
}

/** The wired rows that an event can follow from a state: one, or one for each condition. */
export function transitions(from: PurchaseState, { on, by, kind, when, circumstances }: Occurrence): Transition[] {
  return TRANSITIONS.filter(
    (row) =>
      row.wired === true &&
      row.from === from &&
      row.on === on &&
      (by === undefined || row.by === by) &&
      (row.kind === undefined || row.kind === kind) &&
      (row.when === undefined || when === undefined || row.when === when) &&
      (circumstances === undefined || isMet(row, circumstances)),
  );
}

/** The wired row that an event follows from a state, or undefined when it leads nowhere from there. */
export const transition = (from: PurchaseState, occurrence: Occurrence): Transition | undefined =>
  transitions(from, occurrence)[0];

const isMet = (row: Transition, circumstances: Circumstances): boolean =>
  (row.needs === undefined || NEEDS[row.needs](circumstances)) && stopOf(row, circumstances) === undefined;

/** What a party may ask for in a state. */
export function allowedActions(
  state: PurchaseState,
  kind: Kind,
  party: 'buyer' | 'seller',
  circumstances: Circumstances,
): PurchaseEvent[] {
  const rows = TRANSITIONS.filter(
    (row) =>
      row.wired === true &&
      row.from === state &&
      row.by === party &&
      (row.kind ?? kind) === kind &&
      isMet(row, circumstances),
  );
  return [...new Set(rows.map((row) => row.on))];
}
