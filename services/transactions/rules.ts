/**
 * The rules of a purchase, as data. The workflow executes this table, the API asks it what is allowed, "why" and the
 * reference are generated from it, and a test walks every path through it. Pure: no clock, no I/O.
 */
import type { PurchaseState } from '../../contracts/purchase.ts';
import type { CancellationTier } from './cancellation-rules.ts';
import { type Books, commissionOn, type Move, nonZero, releaseMoves } from './money.ts';
import type { ReminderOffsets } from './reminder-rules.ts';

/** Who makes a purchase move on. */
export type Party = 'buyer' | 'seller' | 'clock' | 'provider' | 'dispute';

/** What can happen to a purchase: a wish of a party, a fact from a provider, a deadline, a decision. */
export type PurchaseEvent =
  | 'accept'
  | 'decline'
  | 'deliver'
  | 'confirm'
  | 'cancel'
  | 'refund_in_full'
  | 'reschedule'
  | 'accept_reschedule'
  | 'claim_no_show'
  | 'open_dispute'
  | 'payment_authorised'
  | 'payment_refused'
  | 'authorisation_lost'
  | 'dispute_decided'
  | 'payment_window_over'
  | 'accept_window_over'
  | 'delivery_overdue'
  | 'booking_over'
  | 'inspection_over'
  | 'aftercare_over'
  | 'hold_limit_reached';

/** What the workflow does to follow a row: activities, each with one provider call at most and one database transaction. */
export type StepName =
  | 'recordAuthorisation'
  | 'cancelPayment'
  | 'capturePayment'
  | 'recordDelivery'
  | 'proposeReschedule'
  | 'moveBooking'
  | 'releaseToSeller'
  | 'refundBuyer'
  | 'refundReleased'
  | 'settleCancellation'
  | 'pauseForDispute'
  | 'settleDispute'
  | 'completePurchase';

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
/** What somebody is told who asks for one of them then. */
export const MONEY_PAUSED =
  'Our staff have paused the money of this purchase and are looking into it. Nothing moves until they let it go.';
export const movesMoney = ({ step }: Pick<Transition, 'step'>): boolean => MONEY_STEPS.has(step);

export type Kind = 'goods' | 'booking';

/** What decides between two rows of one event. */
export type Condition = 'nothing_for_seller' | 'something_for_seller';

/** What has to be so for a row to be open, beyond state, party and kind. */
export type Need = 'before_start' | 'buyer_proposed' | 'seller_proposed';

/** What decides whether the needs of a row are met. */
export interface Circumstances {
  readonly nowMs: number;
  /** When a booking begins; null for goods. */
  readonly startsAtMs: number | null;
  /** Where a party wants to move it. */
  readonly proposal?: { readonly by: 'buyer' | 'seller'; readonly startsAtMs: number } | null;
  /** Staff have paused the money. */
  readonly paused?: boolean;
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
  buyer_proposed: hasProposed('buyer'),
  seller_proposed: hasProposed('seller'),
};

export interface Transition {
  readonly from: PurchaseState;
  readonly on: PurchaseEvent;
  readonly by: Party;
  readonly to: PurchaseState;
  readonly step: StepName;
  /** Only for this kind of purchase. */
  readonly kind?: Kind;
  /** Only when the policy, or the ruling, leaves the seller nothing, or something. */
  readonly when?: Condition;
  /** Open only while this is so. */
  readonly needs?: Need;
  /** What was reserved, pieces or seats, is for sale again. */
  readonly frees?: true;
  /** Which money moves. `forSeller` is what the decision leaves the seller, gross. */
  readonly moves: (books: Books, split: Split) => Move[];
  /** In words for users and staff, as the end of "Then …". */
  readonly says: string;
  /** Executed by the workflow. The other rows are the agreed design: no route offers them and no timer runs for them. */
  readonly wired?: true;
}

export interface Split {
  /** Minor units of the disputed or cancelled gross that go to the seller before commission; the rest is refunded. */
  readonly forSeller: number;
  readonly commissionBasisPoints: number;
}

const nothing = (): Move[] => [];
const captureAll = (_books: Books, split: Split): Move[] => nonZero([{ name: 'capture', amount: split.forSeller }]);
const refundAllHeld = (books: Books): Move[] => nonZero([{ name: 'refundHeld', amount: books.held }]);

/** Everything held is released and sent to the seller, less the commission. */
const releaseAll = (books: Books, split: Split): Move[] => releaseHeld(books, { ...split, forSeller: books.held });

/** `forSeller` of what is held is released and sent, the rest refunded. */
function releaseHeld(books: Books, { forSeller, commissionBasisPoints }: Split): Move[] {
  const commission = commissionOn(forSeller, commissionBasisPoints);
  return nonZero([
    { name: 'refundHeld', amount: books.held - forSeller },
    ...releaseMoves(forSeller, commission),
    { name: 'transfer', amount: forSeller - commission },
  ]);
}

/** What was released comes back: the transfer is reversed, then the buyer refunded from both parts. */
function takeBackAll(books: Books): Move[] {
  return nonZero([
    { name: 'reverseTransfer', amount: books.transferred },
    { name: 'refundPayable', amount: books.payable + books.transferred },
    { name: 'refundCommission', amount: books.fees },
  ]);
}

/** A ruling over money that is held, or that was released before the dispute: then the buyer's part comes back. */
function settle(books: Books, split: Split): Move[] {
  if (books.held > 0) return releaseHeld(books, split);
  const gross = books.payable + books.transferred + books.fees;
  const commission = commissionOn(split.forSeller, split.commissionBasisPoints);
  const sellerKeeps = split.forSeller - commission;
  const sellerHas = books.payable + books.transferred;
  if (gross === split.forSeller) return nothing();
  return nonZero([
    { name: 'reverseTransfer', amount: Math.min(books.transferred, sellerHas - sellerKeeps) },
    { name: 'refundPayable', amount: sellerHas - sellerKeeps },
    { name: 'refundCommission', amount: books.fees - commission },
  ]);
}

// biome-ignore format: a table reads by its columns
/** Every way on from every state that is not final. */
export const TRANSITIONS: readonly Transition[] = [
  { from: 'payment_pending', on: 'payment_authorised', by: 'provider', to: 'authorised', step: 'recordAuthorisation', moves: nothing, says: 'the seller is asked to accept', wired: true },
  { from: 'payment_pending', on: 'payment_window_over', by: 'clock', to: 'expired', step: 'cancelPayment', frees: true, moves: refundAllHeld, says: 'the payment is cancelled and the purchase expires', wired: true },
  { from: 'payment_pending', on: 'payment_refused', by: 'provider', to: 'cancelled', step: 'cancelPayment', frees: true, moves: refundAllHeld, says: 'the purchase is cancelled, since its payment could not begin', wired: true },
  { from: 'payment_pending', on: 'cancel', by: 'buyer', to: 'cancelled', step: 'cancelPayment', frees: true, moves: refundAllHeld, says: 'the payment is cancelled', wired: true },

  { from: 'authorised', on: 'accept', by: 'seller', to: 'held', step: 'capturePayment', moves: captureAll, says: 'the payment is captured and held', wired: true },
  { from: 'authorised', on: 'decline', by: 'seller', to: 'declined', step: 'cancelPayment', frees: true, moves: refundAllHeld, says: "the authorisation is given back to the buyer's card", wired: true },
  { from: 'authorised', on: 'accept_window_over', by: 'clock', to: 'declined', step: 'cancelPayment', frees: true, moves: refundAllHeld, says: "the authorisation is given back to the buyer's card", wired: true },
  { from: 'authorised', on: 'cancel', by: 'buyer', to: 'cancelled', step: 'cancelPayment', frees: true, moves: refundAllHeld, says: "the authorisation is given back to the buyer's card", wired: true },
  { from: 'authorised', on: 'authorisation_lost', by: 'provider', to: 'cancelled', step: 'cancelPayment', frees: true, moves: refundAllHeld, says: 'the purchase is cancelled, since the card no longer covers it', wired: true },

  { from: 'held', on: 'deliver', by: 'seller', to: 'delivered', kind: 'goods', step: 'recordDelivery', moves: nothing, says: 'the buyer has the inspection window to look', wired: true },
  { from: 'held', on: 'booking_over', by: 'clock', to: 'delivered', kind: 'booking', step: 'recordDelivery', moves: nothing, says: 'the buyer has the inspection window to object', wired: true },
  { from: 'held', on: 'delivery_overdue', by: 'clock', to: 'cancelled', kind: 'goods', step: 'refundBuyer', moves: refundAllHeld, says: 'the buyer is refunded, since nothing was delivered', wired: true },
  { from: 'held', on: 'confirm', by: 'buyer', to: 'released', step: 'releaseToSeller', moves: releaseAll, says: 'the money is released to the seller', wired: true },
  { from: 'held', on: 'cancel', by: 'buyer', to: 'cancelled', when: 'nothing_for_seller', needs: 'before_start', step: 'settleCancellation', frees: true, moves: releaseHeld, says: 'the buyer is refunded in full', wired: true },
  { from: 'held', on: 'cancel', by: 'seller', to: 'cancelled', when: 'nothing_for_seller', step: 'settleCancellation', frees: true, moves: releaseHeld, says: 'the buyer is refunded in full', wired: true },
  { from: 'held', on: 'cancel', by: 'buyer', to: 'released', when: 'something_for_seller', needs: 'before_start', step: 'settleCancellation', frees: true, moves: releaseHeld, says: 'the policy splits the money between buyer and seller', wired: true },
  { from: 'held', on: 'refund_in_full', by: 'seller', to: 'refunded', step: 'refundBuyer', frees: true, moves: refundAllHeld, says: 'the buyer is refunded in full', wired: true },
  { from: 'held', on: 'reschedule', by: 'buyer', to: 'held', kind: 'booking', needs: 'before_start', step: 'proposeReschedule', moves: nothing, says: 'the seller is asked to accept the new time', wired: true },
  { from: 'held', on: 'reschedule', by: 'seller', to: 'held', kind: 'booking', needs: 'before_start', step: 'proposeReschedule', moves: nothing, says: 'the buyer is asked to accept the new time', wired: true },
  { from: 'held', on: 'accept_reschedule', by: 'buyer', to: 'held', kind: 'booking', needs: 'seller_proposed', step: 'moveBooking', moves: nothing, says: 'the booking moves to the new time', wired: true },
  { from: 'held', on: 'accept_reschedule', by: 'seller', to: 'held', kind: 'booking', needs: 'buyer_proposed', step: 'moveBooking', moves: nothing, says: 'the booking moves to the new time', wired: true },
  { from: 'held', on: 'claim_no_show', by: 'buyer', to: 'disputed', kind: 'booking', step: 'pauseForDispute', moves: nothing, says: 'the other side has time to contest' },
  { from: 'held', on: 'claim_no_show', by: 'seller', to: 'disputed', kind: 'booking', step: 'pauseForDispute', moves: nothing, says: 'the other side has time to contest' },
  { from: 'held', on: 'open_dispute', by: 'buyer', to: 'disputed', step: 'pauseForDispute', moves: nothing, says: 'the seller is asked for a response' },
  { from: 'held', on: 'hold_limit_reached', by: 'clock', to: 'refunded', step: 'refundBuyer', moves: refundAllHeld, says: 'the buyer is refunded, since money may be held no longer', wired: true },

  { from: 'delivered', on: 'confirm', by: 'buyer', to: 'released', step: 'releaseToSeller', moves: releaseAll, says: 'the money is released to the seller', wired: true },
  { from: 'delivered', on: 'inspection_over', by: 'clock', to: 'released', step: 'releaseToSeller', moves: releaseAll, says: 'the money is released to the seller', wired: true },
  { from: 'delivered', on: 'refund_in_full', by: 'seller', to: 'refunded', step: 'refundBuyer', moves: refundAllHeld, says: 'the buyer is refunded in full', wired: true },
  { from: 'delivered', on: 'claim_no_show', by: 'buyer', to: 'disputed', kind: 'booking', step: 'pauseForDispute', moves: nothing, says: 'the other side has time to contest' },
  { from: 'delivered', on: 'claim_no_show', by: 'seller', to: 'disputed', kind: 'booking', step: 'pauseForDispute', moves: nothing, says: 'the other side has time to contest' },
  { from: 'delivered', on: 'open_dispute', by: 'buyer', to: 'disputed', step: 'pauseForDispute', moves: nothing, says: 'the seller is asked for a response' },
  { from: 'delivered', on: 'hold_limit_reached', by: 'clock', to: 'refunded', step: 'refundBuyer', moves: refundAllHeld, says: 'the buyer is refunded, since money may be held no longer', wired: true },

  { from: 'disputed', on: 'dispute_decided', by: 'dispute', to: 'released', when: 'something_for_seller', step: 'settleDispute', moves: settle, says: 'the ruling is carried out' },
  { from: 'disputed', on: 'dispute_decided', by: 'dispute', to: 'refunded', when: 'nothing_for_seller', step: 'settleDispute', moves: settle, says: 'the buyer is refunded in full' },
  { from: 'disputed', on: 'hold_limit_reached', by: 'clock', to: 'released', when: 'something_for_seller', step: 'settleDispute', moves: settle, says: 'the default ruling is carried out' },
  { from: 'disputed', on: 'hold_limit_reached', by: 'clock', to: 'refunded', when: 'nothing_for_seller', step: 'settleDispute', moves: settle, says: 'the default ruling is carried out' },

  { from: 'released', on: 'aftercare_over', by: 'clock', to: 'completed', step: 'completePurchase', moves: nothing, says: 'the purchase is completed', wired: true },
  { from: 'released', on: 'open_dispute', by: 'buyer', to: 'disputed', step: 'pauseForDispute', moves: nothing, says: 'the seller is asked for a response' },
  { from: 'released', on: 'refund_in_full', by: 'seller', to: 'refunded', step: 'refundReleased', moves: takeBackAll, says: 'the transfer is taken back and the buyer refunded', wired: true },
];

/** The states nothing leads out of. What still happens after them goes to the aftercare of the purchase. */
export const FINAL_STATES: readonly PurchaseState[] = ['completed', 'refunded', 'cancelled', 'declined', 'expired'];
export const isFinal = (state: PurchaseState): boolean => FINAL_STATES.includes(state);

/** A deadline that runs in a state: when it passes, what it does then, and whose move it is until then. */
export interface Timer {
  readonly event: PurchaseEvent;
  readonly owner: 'buyer' | 'seller' | 'platform';
  /** Only for this kind of purchase. */
  readonly kind?: Kind;
  /** When it passes, in milliseconds since 1970; null where a dispute sets its own deadlines. */
  readonly due: ((terms: Terms, since: Since) => number) | null;
  /**
   * Of one that runs on while staff have paused the money, since the world does not wait: what happens then. Every other one
   * stands still.
   */
  readonly inPause?: 'as ever' | 'finance is asked';
}

/** The instants that deadlines are counted from, in milliseconds since 1970; undefined before they are known. */
export interface Since {
  /** When the purchase came into its state. */
  readonly enteredAtMs: number;
  /** For how long its money stood still since, in pauses that are over; milliseconds. */
  readonly stoodStillMs?: number;
  /** Until when the authorisation can be captured, as Stripe said. */
  readonly captureBeforeMs: number | undefined;
  /** When the payment was captured. */
  readonly capturedAtMs: number | undefined;
  /** When a booking begins and ends. */
  readonly startsAtMs: number | undefined;
  readonly endsAtMs: number | undefined;
  /** Staff have paused the money. */
  readonly paused?: boolean;
  /** A step was begun and is not gone through with: in a pause it stands, and no other one is begun. */
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
  disputed: [{ event: 'hold_limit_reached', owner: 'platform', due: null }],
  released: [{ event: 'aftercare_over', owner: 'platform', due: afterEntering('aftercareWindowMs') }],
};

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

const isMet = ({ needs, step }: Transition, circumstances: Circumstances): boolean =>
  (needs === undefined || NEEDS[needs](circumstances)) && !(circumstances.paused === true && movesMoney({ step }));

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

/** A deadline that runs: when it passes, in milliseconds since 1970, and what happens then. */
export interface Deadline {
  readonly event: PurchaseEvent;
  readonly atMs: number;
}

/** The wired deadline of a state that passes first; undefined when none runs there. */
export function deadlineOf(state: PurchaseState, terms: Terms, since: Since): Deadline | undefined {
  return timersOf(state, terms.kind)
    .filter((timer) => since.paused !== true || runsInPause(timer, since))
    .flatMap(({ event, due }) => (due === null ? [] : [{ event, atMs: due(terms, since) }]))
    .filter(({ atMs }) => atMs !== NEVER)
    .sort((one, other) => one.atMs - other.atMs)[0];
}

const runsInPause = ({ inPause }: Timer, { unfinished }: Since): boolean =>
  inPause === 'finance is asked' || (inPause === 'as ever' && unfinished !== true);

/**
 * The deadline that runs in a state, with the row it will follow; undefined in final states.
 * @param event which of them; the state's own, which every purchase of the kind has there, unless told
 */
export function timerOf(
  state: PurchaseState,
  kind: Kind,
  event?: PurchaseEvent | null,
): { timer: Timer; row: Transition } | undefined {
  const timer = timersOf(state, kind).find((candidate) => candidate.event === (event ?? candidate.event));
  const row = timer && transition(state, { on: timer.event, by: 'clock', kind });
  return timer === undefined || row === undefined ? undefined : { timer, row };
}

/** What happens when a deadline passes: where it leads, and in words, as the end of "If nobody does anything, …". */
export function outcomeOf(
  { timer, row }: { readonly timer: Timer; readonly row: Transition },
  paused: boolean,
): { readonly becomes: PurchaseState; readonly says: string } {
  if (!paused || timer.inPause !== 'finance is asked') return { becomes: row.to, says: row.says };
  return { becomes: row.from, says: 'finance is asked, since money may be held no longer' };
}

const timersOf = (state: PurchaseState, kind: Kind): Timer[] =>
  (TIMERS[state] ?? []).filter(
    (timer) => (timer.kind ?? kind) === kind && transition(state, { on: timer.event, by: 'clock', kind }) !== undefined,
  );

/** What a purchase agreed to when it was opened, and keeps: windows in milliseconds. */
export interface Terms {
  readonly policyVersion: number;
  readonly kind: Kind;
  /** What the buyer pays, minor units. */
  readonly price: number;
  readonly currency: string;
  readonly commissionBasisPoints: number;
  readonly paymentWindowMs: number;
  readonly acceptWindowMs: number;
  readonly captureReserveMs: number;
  readonly handlingMs: number;
  readonly inspectionWindowMs: number;
  readonly aftercareWindowMs: number;
  /** How long money may be held, counted from its capture. Purchases of policy 1 have none. */
  readonly holdLimitMs?: number;
  /** How long a dispute after a booking can last: so long before the hold limit it has to be over. */
  readonly longestDisputeMs?: number;
  /** How often a refused transfer is tried again, and when it becomes a case. */
  readonly transferRetryMs?: number;
  readonly transferCaseMs?: number;
  /** What a buyer who cancels gets back, by how early they do; everything when there is no tier, as for goods. */
  readonly cancellation?: readonly CancellationTier[];
  readonly reminders?: ReminderOffsets;
}
