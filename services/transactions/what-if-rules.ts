/**
 * What would have become of a purchase under other terms: what people and providers did stays as it was, and when; what
 * follows from it, and what the clock does, is worked out anew by the same rules that flows follow. Pure.
 */
import type { Currency } from '../../contracts/money.ts';
import type { PurchaseState } from '../../contracts/purchase.ts';
import { refundShare } from './cancellation-rules.ts';
import { applyMoves, type Books, EMPTY_BOOKS } from './money.ts';
import { type Happening, planFor } from './plan-rules.ts';
import { leftOf } from './refund-rules.ts';
import { isFinal, stopOf } from './rules.ts';
import { type Terms, type TermsPolicy, termsOf } from './terms-rules.ts';
import { deadlineOf, timerOf } from './timer-rules.ts';
import type { Party, PurchaseEvent } from './transition-rules.ts';

/** Something that happened to a purchase: all that its rules saw of it. */
export interface Fact {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** What happened; `money_paused` and `money_resumed` are orders of staff. */
  readonly event: PurchaseEvent | 'money_paused' | 'money_resumed';
  readonly by: Party | 'staff';
  /** What of the price went back with it, to the buyer and for a discount to Wellpact; minor units. */
  readonly refund?: number;
  /** Of a dispute that is opened: what goes back when the money may be held no longer before it is decided. */
  readonly defaultRefund?: number;
  /** Where the booking was moved. */
  readonly slot?: BookedTime;
}

/** Milliseconds since 1970. */
export interface BookedTime {
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** All that the rules saw of a purchase. */
export interface RuleInputs {
  readonly openedAtMs: number;
  readonly terms: Terms;
  /** The time that was booked first; null for goods. */
  readonly slot: BookedTime | null;
  /** Until when the authorisation could be captured; null when there was none. */
  readonly captureBeforeMs: number | null;
  /** In their order. */
  readonly facts: readonly Fact[];
}

/** How a purchase ended, and who has what of it then; minor units. */
export interface Outcome {
  readonly state: PurchaseState;
  /** What the buyer has paid and not got back. */
  readonly buyer: number;
  readonly seller: number;
  readonly commission: number;
}

export interface Rerun {
  readonly outcome: Outcome;
  /** What somebody did then and could not have done under these terms. */
  readonly refused: readonly Fact['event'][];
}

export const outcomeOf = (state: PurchaseState, books: Books): Outcome => ({
  state,
  buyer: books.captured - books.refunded - books.owedToBuyer - books.chargedBack,
  // Sent, still to be sent, or kept for older debts; less what Wellpact advanced in the seller's place.
  seller: books.transferred + books.payable + books.recovered - books.advanced,
  commission: books.fees,
});

/** How a purchase stands while it is run again. */
interface Standing {
  state: PurchaseState;
  sinceMs: number;
  books: Books;
  slot: BookedTime | null;
  refundCap: number;
  capturedAtMs: number | undefined;
  pausedAtMs: number | undefined;
  stoodStillMs: number;
  limitReached: boolean;
  /** Of the dispute that is open. */
  defaultRefund: number | undefined;
}

/**
 * The terms that a purchase would have agreed to under a policy.
 * @returns undefined when it was opened before that could be told
 */
export function termsUnder(policy: TermsPolicy, { terms, openedAtMs }: RuleInputs): Terms | undefined {
  const { kind, title, category, price, currency, offer } = terms;
  if (offer === undefined || title === undefined || category === undefined) return undefined;
  const listing = { kind, title, category, price, currency: currency as Currency, ...offer };
  return { ...terms, ...termsOf(policy, listing, openedAtMs) };
}

/** A purchase has a deadline in each state, and none leads back: more of them would be a table that goes round. */
const MAX_DEADLINES = 100;

/** @param terms those to be run under: the archived ones lead to what truly happened */
export function rerun(terms: Terms, inputs: RuleInputs): Rerun {
  const refused: Fact['event'][] = [];
  const standing: Standing = {
    state: 'payment_pending',
    sinceMs: inputs.openedAtMs,
    books: EMPTY_BOOKS,
    slot: inputs.slot,
    refundCap: 10_000,
    capturedAtMs: undefined,
    pausedAtMs: undefined,
    stoodStillMs: 0,
    limitReached: false,
    defaultRefund: undefined,
  };
  for (const fact of inputs.facts) {
    passDeadlines(standing, terms, inputs, fact.atMs);
    if (!apply(standing, terms, fact)) refused.push(fact.event);
  }
  passDeadlines(standing, terms, inputs, Number.POSITIVE_INFINITY);
  return { outcome: outcomeOf(standing.state, standing.books), refused };
}

/** The clock does what it would have done until then. */
function passDeadlines(standing: Standing, terms: Terms, inputs: RuleInputs, untilMs: number): void {
  for (let passed = 0; passed < MAX_DEADLINES; passed += 1) {
    const { state, slot } = standing;
    if (isFinal(state) || standing.limitReached) return;
    const deadline = deadlineOf(state, terms, {
      enteredAtMs: standing.sinceMs,
      stoodStillMs: standing.stoodStillMs,
      captureBeforeMs: inputs.captureBeforeMs ?? undefined,
      capturedAtMs: standing.books.held > 0 ? standing.capturedAtMs : undefined,
      startsAtMs: slot?.startsAtMs,
      endsAtMs: slot?.endsAtMs,
      paused: standing.pausedAtMs !== undefined,
    });
    if (deadline === undefined || deadline.atMs >= untilMs) return;
    const { timer } = timerOf(state, terms.kind, deadline.event) ?? {};
    if (standing.pausedAtMs !== undefined && timer?.inPause === 'finance is asked') standing.limitReached = true;
    else {
      const ruled = state === 'disputed' ? keptAfter(standing, standing.defaultRefund) : {};
      follow(standing, terms, { event: deadline.event, by: 'clock', atMs: deadline.atMs, ...ruled });
    }
  }
}

/** @returns false when the rules lead nowhere from where it stands */
function apply(standing: Standing, terms: Terms, fact: Fact): boolean {
  const { event, by, atMs } = fact;
  if (event === 'money_paused') {
    standing.pausedAtMs ??= atMs;
    return !isFinal(standing.state);
  }
  if (event === 'money_resumed') return resume(standing, atMs);
  if (by === 'staff') return false;
  if (!follow(standing, terms, { event, by, atMs, ...keptAfter(standing, fact.refund) })) return false;
  standing.defaultRefund = fact.defaultRefund ?? standing.defaultRefund;
  if (fact.slot !== undefined) move(standing, terms, fact.slot, fact);
  return true;
}

/** What somebody decided to give back stays what it was, as far as there is so much. */
function keptAfter({ books }: Standing, refund: number | undefined): Pick<Happening, 'forSeller'> {
  return refund === undefined ? {} : { forSeller: Math.max(leftOf(books) - refund, 0) };
}

/** A booking that a buyer has moved brings back no more than it would have before. */
function move(standing: Standing, { cancellation = [] }: Terms, slot: BookedTime, { by, atMs }: Fact): void {
  // The other side accepts: so it was the buyer who wanted it.
  if (by === 'seller' && standing.slot !== null) {
    standing.refundCap = refundShare(cancellation, standing.slot.startsAtMs - atMs, standing.refundCap);
  }
  standing.slot = slot;
}

function resume(standing: Standing, atMs: number): boolean {
  if (standing.pausedAtMs === undefined) return false;
  standing.stoodStillMs += Math.max(atMs - Math.max(standing.pausedAtMs, standing.sinceMs), 0);
  standing.pausedAtMs = undefined;
  standing.limitReached = false;
  return true;
}

function follow(standing: Standing, terms: Terms, happening: Happening): boolean {
  const { state, books, slot, refundCap, pausedAtMs } = standing;
  const plan = planFor({ state, terms, books, refundCap, startsAtMs: slot?.startsAtMs ?? null }, happening);
  if (plan === undefined || stopOf(plan.row, { paused: pausedAtMs !== undefined }) !== undefined) return false;
  const { row, moves } = plan;
  standing.books = applyMoves(books, moves);
  if (moves.some(({ name }) => name === 'capture')) standing.capturedAtMs = happening.atMs;
  if (row.to !== state) {
    standing.state = row.to;
    standing.sinceMs = happening.atMs;
    standing.stoodStillMs = 0;
  }
  return true;
}
