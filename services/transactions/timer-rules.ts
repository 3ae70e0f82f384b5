/** The deadlines of a purchase, as data: when each passes, whose move it is until then, and what happens then. Pure. */
import type { PurchaseState } from '../../contracts/purchase.ts';
import { type Overlays, stopOf, transition } from './rules.ts';
import type { Kind, Terms } from './terms-rules.ts';
import type { Condition, PurchaseEvent, Transition } from './transition-rules.ts';

/** A deadline that runs in a state: when it passes, what it does then, and whose move it is until then. */
export interface Timer {
  readonly event: PurchaseEvent;
  readonly owner: 'buyer' | 'seller' | 'platform';
  /** Only for this kind of purchase. */
  readonly kind?: Kind;
  /** When it passes, in milliseconds since 1970. */
  readonly due: (terms: Terms, since: Since) => number;
  /**
   * Of one that runs on while the money stands still, since the world does not wait: what happens then. Every other one
   * stands still, too.
   */
  readonly inPause?: 'as ever' | 'finance is asked';
}

/** The instants that deadlines are counted from, in milliseconds since 1970; undefined before they are known. */
export interface Since {
  /** When the purchase came into its state. */
  readonly enteredAtMs: number;
  /** For how long its money stood still since, up to when it last went on; milliseconds. */
  readonly stoodStillMs?: number;
  /** Until when the authorisation can be captured, as Stripe said. */
  readonly captureBeforeMs: number | undefined;
  /** When the payment was captured, or came back from the buyer's bank; undefined as long as nothing is held. */
  readonly capturedAtMs: number | undefined;
  /** When a booking begins and ends. */
  readonly startsAtMs: number | undefined;
  readonly endsAtMs: number | undefined;
  /** Its money stands still, whatever stopped it. */
  readonly paused?: boolean;
  /** A step was begun and is not gone through with: while the money stands still it stands, and no other one is begun. */
  readonly unfinished?: boolean;
}

const NEVER = Number.POSITIVE_INFINITY;

const afterEntering =
  (window: 'handlingMs' | 'inspectionWindowMs' | 'aftercareWindowMs') =>
  (terms: Terms, since: Since): number =>
    since.enteredAtMs + (since.stoodStillMs ?? 0) + terms[window];

/**
 * The seller's time ends early enough before the card's authorisation does, and before what is booked begins. In a pause,
 * in which the seller cannot accept, only those ends count, as far as they are known.
 */
const acceptDeadline = (terms: Terms, since: Since): number =>
  Math.min(
    since.paused === true && since.captureBeforeMs !== undefined
      ? NEVER
      : since.enteredAtMs + (since.stoodStillMs ?? 0) + terms.acceptWindowMs,
    (since.captureBeforeMs ?? NEVER) - terms.captureReserveMs,
    since.startsAtMs ?? NEVER,
  );

const holdLimit = (terms: Terms, since: Since): number => (since.capturedAtMs ?? NEVER) + (terms.holdLimitMs ?? NEVER);

/** The deadlines of each state. The one that passes first is the one that runs. */
export const TIMERS: Readonly<Partial<Record<PurchaseState, readonly Timer[]>>> = {
  // The first two move no money: what is not paid for, or not covered by the card any more, is for sale again, pause or not.
  payment_pending: [
    {
      event: 'payment_window_over',
      owner: 'buyer',
      due: (terms, since) => since.enteredAtMs + terms.paymentWindowMs,
      inPause: 'as ever',
    },
  ],
  authorised: [{ event: 'accept_window_over', owner: 'seller', due: acceptDeadline, inPause: 'as ever' }],
  held: [
    { event: 'delivery_overdue', owner: 'seller', kind: 'goods', due: afterEntering('handlingMs') },
    {
      event: 'booking_over',
      owner: 'seller',
      kind: 'booking',
      due: (_terms, since) => since.endsAtMs ?? NEVER,
      inPause: 'as ever',
    },
    { event: 'hold_limit_reached', owner: 'platform', due: holdLimit, inPause: 'finance is asked' },
  ],
  delivered: [
    { event: 'inspection_over', owner: 'buyer', due: afterEntering('inspectionWindowMs') },
    { event: 'hold_limit_reached', owner: 'platform', due: holdLimit, inPause: 'finance is asked' },
  ],
  // A dispute has deadlines of its own; this one comes first only when money is held.
  disputed: [{ event: 'hold_limit_reached', owner: 'platform', due: holdLimit, inPause: 'finance is asked' }],
  released: [{ event: 'aftercare_over', owner: 'platform', due: afterEntering('aftercareWindowMs') }],
};
/** A deadline that runs: when it passes, in milliseconds since 1970, and what happens then. */
export interface Deadline {
  readonly event: PurchaseEvent;
  readonly atMs: number;
}

/** The wired deadline of a state that passes first; undefined when none runs there. */
export function deadlineOf(state: PurchaseState, terms: Terms, since: Since): Deadline | undefined {
  return timersOf(state, terms.kind)
    .filter((timer) => since.paused !== true || runsOn(timer, since))
    .map(({ event, due }) => ({ event, atMs: due(terms, since) }))
    .filter(({ atMs }) => atMs !== NEVER)
    .sort((one, other) => one.atMs - other.atMs)[0];
}

const runsOn = ({ inPause }: Timer, { unfinished }: Since): boolean =>
  inPause === 'finance is asked' || (inPause === 'as ever' && unfinished !== true);

/**
 * The deadline that runs in a state, with the row it will follow; undefined in final states.
 * @param event which of them; the state's own, which every purchase of the kind has there, unless told
 * @param when which of its rows, where what is left to the seller decides; the first one unless told
 */
export function timerOf(
  state: PurchaseState,
  kind: Kind,
  event?: PurchaseEvent | null,
  when?: Condition,
): FollowedTimer | undefined {
  const timer = timersOf(state, kind).find((candidate) => candidate.event === (event ?? candidate.event));
  const row = timer && transition(state, { on: timer.event, by: 'clock', kind, when });
  return timer === undefined || row === undefined ? undefined : { timer, row };
}

/** A deadline, and the row that it leads along. */
export interface FollowedTimer {
  readonly timer: Timer;
  readonly row: Transition;
}

/** What a dispute gives the seller, as far as it matters to which row the purchase follows. */
export interface Ruling {
  /** Whether it is decided, and waits to be carried out. */
  readonly decided: boolean;
  /** Whether that gives the buyer everything; of what is not known to do so it is taken as a part. */
  readonly givesAll?: boolean | undefined;
  /** Whether the default ruling leaves the seller something. */
  readonly defaultLeaves: boolean;
}

/** Which row the end of a dispute follows: by its decision, and by its default ruling only as long as there is none. */
export const rulingCondition = ({ decided, givesAll, defaultLeaves }: Ruling): Condition =>
  (decided ? givesAll !== true : defaultLeaves) ? 'something_for_seller' : 'nothing_for_seller';

/** What happens when a deadline passes: where it leads, and in words, as the end of "If nobody does anything, …". */
export function outcomeOf(
  followed: FollowedTimer,
  overlays: Overlays,
): { readonly becomes: PurchaseState; readonly says: string } {
  const { row } = followed;
  if (!asksFinance(followed, overlays)) return { becomes: row.to, says: row.says };
  return { becomes: row.from, says: 'finance is asked, since money may be held no longer' };
}

/** Money that may be held no longer goes where the row of the deadline says, unless that is stopped. */
export const asksFinance = ({ timer, row }: FollowedTimer, overlays: Overlays): boolean =>
  timer.inPause === 'finance is asked' && stopOf(row, overlays) !== undefined;

/** Whether an inquiry alone stops it: histories of before know finance to be asked only under a pause or a chargeback. */
export const isStoppedByInquiry = ({ paused, chargeback }: Overlays): boolean =>
  paused !== true && chargeback === 'inquiry';

const timersOf = (state: PurchaseState, kind: Kind): Timer[] =>
  (TIMERS[state] ?? []).filter(
    (timer) => (timer.kind ?? kind) === kind && transition(state, { on: timer.event, by: 'clock', kind }) !== undefined,
  );
