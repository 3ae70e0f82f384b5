/**
 * What the disputes of a buyer's bank mean for a purchase. Stripe calls each of them a dispute; to us it is a chargeback,
 * since a dispute is what buyer and seller have with each other. Pure.
 */
import type { ChargebackWork } from '../../contracts/chargeback.ts';
import type { Chargeback } from '../../contracts/purchase.ts';
import { type Books, type CommissionRate, commissionOn, type Move, nonZero } from './money.ts';
import { leftOf } from './refund-rules.ts';

/** Stripe's words for how one stands. Source: https://docs.stripe.com/api/disputes/object#dispute_object-status */
export const CHARGEBACK_STATUSES = [
  'warning_needs_response',
  'warning_under_review',
  'warning_closed',
  'needs_response',
  'under_review',
  'prevented',
  'won',
  'lost',
] as const;
export type ChargebackStatus = (typeof CHARGEBACK_STATUSES)[number];

/** What one of them lays over its purchase. An inquiry that came to nothing leaves nothing. */
const OVERLAYS: Readonly<Record<ChargebackStatus, Chargeback>> = {
  warning_needs_response: 'inquiry',
  warning_under_review: 'inquiry',
  warning_closed: 'none',
  needs_response: 'open',
  under_review: 'open',
  prevented: 'prevented',
  won: 'won',
  lost: 'lost',
};

/** The gravest first: what still goes on before what is over, and what took money before what gave it back. */
const BY_GRAVITY: readonly Chargeback[] = ['open', 'inquiry', 'lost', 'prevented', 'won', 'none'];

export const overlayOfStatus = (status: ChargebackStatus): Chargeback => OVERLAYS[status];

/** What all of them together lay over their purchase: the same, in whatever order they were told. */
export function overlayOf(chargebacks: Iterable<Decided>): Chargeback {
  const laid = new Set([...chargebacks].map(overlayOfOne));
  return BY_GRAVITY.find((overlay) => laid.has(overlay)) ?? 'none';
}

/** What one of them lays: it goes on until its money is where its status says, or finance has taken it as it stands. */
export const overlayOfOne = (one: Decided): Chargeback => (awaitedOf(one) > 0 ? 'open' : OVERLAYS[one.status]);

/** Minor units that have still to move until the money of one is where its status says: the bank decides before it moves. */
export function awaitedOf({ status, amount, withdrawn, reinstated, funds }: Decided): number {
  if (funds === 'accepted') return 0;
  if (status === 'won') return Math.max(withdrawn - reinstated, 0);
  return isKept(status) && withdrawn === 0 ? amount : 0;
}

/** The first whose money finance were told is overdue, and how much of it; minor units. Undefined when none is, any more. */
export function overdueOf(
  chargebacks: Iterable<Decided & Pick<ChargebackRecord, 'id'>>,
): { readonly chargebackId: string; readonly awaited: number } | undefined {
  const one = [...chargebacks].find((each) => each.funds === 'overdue' && awaitedOf(each) > 0);
  return one && { chargebackId: one.id, awaited: awaitedOf(one) };
}

/** Whether it still lies over the purchase and stops its money. */
export const isLive = (chargeback: Chargeback): boolean => chargeback === 'inquiry' || chargeback === 'open';
export const isAnswerable = (status: ChargebackStatus): boolean =>
  status === 'needs_response' || status === 'warning_needs_response';

/** What decides whether a bank still takes evidence. */
type Asked = Pick<ChargebackView, 'status' | 'submissions' | 'dueMs'>;
/** It has some, or asks for none. */
export const isAnswered = ({ status, submissions }: Asked): boolean => submissions > 0 || !isAnswerable(status);
/** The same, or its time is over: what Stripe refuses before that may be taken when it is asked again. */
export const isPastAnswering = (asked: Asked, nowMs: number): boolean =>
  isAnswered(asked) || (asked.dueMs !== null && nowMs >= asked.dueMs);

/** An inquiry stays one to its end. */
const isInquiry = (status: ChargebackStatus): boolean => status.startsWith('warning_');
/** The bank keeps what it took. */
const isKept = (status: ChargebackStatus): boolean => status === 'lost' || status === 'prevented';

/** The steps by which one is given up: at Stripe, or after the bank decided, what has not moved as it did. */
export const acceptSteps = (chargebackId: string) => ({
  /**
   * Taken before Stripe is asked: what closes the dispute then is our own doing, whoever tells of it first.
   * @param refusals how often Stripe has refused that before: what closes it after a refusal is somebody else's doing
   */
  asked: (refusals: number) => `acceptChargeback/${chargebackId}/asked${refusals === 0 ? '' : `/${refusals}`}`,
  atStripe: `acceptChargeback/${chargebackId}`,
  asItStands: `acceptChargeback/${chargebackId}/asItStands`,
});

/** The steps by which one is answered. An inquiry is answered once, and once more what becomes of it. */
export const answerSteps = ({ id, status }: Pick<ChargebackView, 'id' | 'status'>) => {
  const atStripe = `answerChargeback/${id}/${isInquiry(status) ? 'inquiry' : 'open'}`;
  return {
    atStripe,
    /**
     * Taken before Stripe is asked: evidence that is there without it is somebody else's, as from Stripe's dashboard.
     * @param order by which staff have it submitted; undefined for the clock
     * @param refusals how often Stripe has refused that before: what is there after a refusal is somebody else's, too
     */
    asked: (order: string | undefined, refusals: number) =>
      `${atStripe}/asked/${order ?? 'clock'}${refusals === 0 ? '' : `/${refusals}`}`,
  };
};

/** Why one that is over cannot be given up. */
export const closedText = ({ status }: Pick<ChargebackView, 'status'>): string => {
  const money = isKept(status) ? 'the bank keeps what it took' : 'nothing of it is left with the bank';
  return `There is nothing to give up: at Stripe it is ${status.replaceAll('_', ' ')}, and ${money}.`;
};

/** One of them as Stripe shows it: its money is what the balance transactions say, and nothing else. */
export interface ChargebackView {
  readonly id: string;
  readonly status: ChargebackStatus;
  /** What it is about, minor units: nothing that moved. */
  readonly amount: number;
  /** Until when evidence is taken, milliseconds since 1970; null when none is asked for. */
  readonly dueMs: number | null;
  /** What the bank took from our balance, and what it gave back, each without fees; minor units. */
  readonly withdrawn: number;
  readonly reinstated: number;
  /** How many balance transactions say so. */
  readonly movements: number;
  /** How often evidence was submitted. */
  readonly submissions: number;
}

/** What is known of money that has not moved as the bank decided: we wait, finance was told, or took it as it stands. */
export const FUNDS = ['awaited', 'overdue', 'accepted'] as const;
export type Funds = (typeof FUNDS)[number];

/** What says whether one of them goes on. */
type Decided = Pick<ChargebackRecord, 'status' | 'amount' | 'withdrawn' | 'reinstated' | 'funds'>;

/** The same as we keep it. */
export interface ChargebackRecord extends ChargebackView {
  /** Minor units that Wellpact has put in for it, since the bank took more than was held, and that have not come back. */
  readonly advanced: number;
  /** What it cost in the end was taken from those who bear it. */
  readonly settled: boolean;
  /** Evidence was not taken any more, or is not to be sent. */
  readonly givenUp: boolean;
  /** When we saw that the bank had decided, milliseconds since 1970; null as long as it has not. */
  readonly closedMs: number | null;
  readonly funds: Funds;
  /** Finance and the seller were reminded that evidence is submitted soon. */
  readonly reminded: boolean;
}

/** How far along a view is: money that moved counts before words, since it is never taken out of the list again. */
const progressOf = ({ movements, status, submissions }: ChargebackView): readonly number[] => [
  movements,
  CHARGEBACK_STATUSES.indexOf(status),
  submissions,
];

/** Names how far along a view is, for the step that notes it: the same view is noted once. */
export const versionOf = (view: ChargebackView): string => progressOf(view).join('.');

/** Whether a view shows something that was not known: what is older, or the same, never takes its place. */
export function isNewer(view: ChargebackView, known: ChargebackView | undefined): boolean {
  if (known === undefined) return true;
  const [ours, theirs] = [progressOf(known), progressOf(view)];
  const differs = theirs.findIndex((step, index) => step !== ours[index]);
  return differs !== -1 && (theirs[differs] ?? 0) > (ours[differs] ?? 0);
}

/**
 * What the bank takes: from what is held of the buyer's payment, or came back late, as far as that goes; the rest is put in by
 * Wellpact.
 */
export function takenMoves({ held, platformFunded, suspense }: Books, amount: number): Move[] {
  const fromHeld = Math.min(Math.max(held - platformFunded, 0), amount);
  const fromSuspense = Math.min(suspense, amount - fromHeld);
  return nonZero([
    { name: 'chargeBackHeld', amount: fromHeld },
    { name: 'chargeBackSuspense', amount: fromSuspense },
    { name: 'chargeBackAdvanced', amount: amount - fromHeld - fromSuspense },
  ]);
}

/**
 * What the bank gives back: first to Wellpact, as far as it has put in for it; the rest is held again, or, when nobody waits
 * for it any more, finance decide about it.
 */
export function returnedMoves(advanced: number, amount: number, isLate: boolean): Move[] {
  const repaid = Math.min(advanced, amount);
  return nonZero([
    { name: 'chargebackReturned', amount: repaid },
    { name: isLate ? 'chargebackWonLate' : 'chargebackWon', amount: amount - repaid },
  ]);
}

/**
 * Whether the money of a purchase has found its place: it was released, or the purchase is over. What comes back then is
 * nobody's by the rules, and no later refund or ruling may take it for held money.
 */
const isPlaced = ({ payable, transferred, fees, recovered }: Books, isOver: boolean): boolean =>
  isOver || payable + transferred + fees + recovered > 0;

export interface Noted {
  readonly record: ChargebackRecord;
  readonly moves: readonly Move[];
}

/**
 * What a newer view changes: the record, and the money that moved since the one before.
 * @param isOver whether the purchase has ended
 */
export function note(
  books: Books,
  known: ChargebackRecord | undefined,
  view: ChargebackView,
  { nowMs, isOver }: { readonly nowMs: number; readonly isOver: boolean },
): Noted {
  const taken = takenMoves(books, view.withdrawn - (known?.withdrawn ?? 0));
  const advanced = (known?.advanced ?? 0) + amountOf(taken, 'chargeBackAdvanced');
  // Of one that is settled nothing is put in any more that it could repay: others have borne it, or owe it.
  const isSettled = known?.settled === true;
  const repayable = isSettled ? 0 : advanced;
  const isLate = isSettled || isPlaced(books, isOver);
  const returned = returnedMoves(repayable, view.reinstated - (known?.reinstated ?? 0), isLate);
  return {
    record: {
      ...view,
      advanced: advanced - amountOf(returned, 'chargebackReturned'),
      settled: known?.settled ?? false,
      givenUp: known?.givenUp ?? false,
      closedMs: isLive(OVERLAYS[view.status]) ? null : (known?.closedMs ?? nowMs),
      funds: known?.funds ?? 'awaited',
      // What becomes a chargeback is asked anew.
      reminded: known?.reminded === true && overlayOfStatus(known.status) === overlayOfStatus(view.status),
    },
    moves: [...taken, ...returned],
  };
}

const amountOf = (moves: readonly Move[], name: Move['name']): number =>
  moves.reduce((sum, move) => (move.name === name ? sum + move.amount : sum), 0);

/** Who bears a chargeback that the bank keeps, minor units. */
export interface Recovery {
  /** The buyer was owed it, since a refund came back: the bank has given it to them instead. */
  readonly fromOwed: number;
  /** The seller's, and not sent yet. */
  readonly unsent: number;
  /** To be taken back from what was sent to the seller: from the buyer's charge, and from Wellpact's own balance. */
  readonly reversal: number;
  readonly topUpReversal: number;
  /** Wellpact gives its commission on it back. */
  readonly commission: number;
  /** The seller's, and out of reach: it was kept for an older debt of theirs, which is owed again. */
  readonly owed: number;
  /** Nobody's but Wellpact's: the buyer had been given it before the bank took it once more. */
  readonly loss: number;
  /** What Wellpact gets back of its discount; the rest repays what was put in for the bank. */
  readonly discount: number;
}

/** What there is to bear, minor units. */
export interface Borne {
  /** What was put in for this chargeback. */
  readonly advanced: number;
  /** The same for all of the purchase that are not settled: none of it is what the seller owes. */
  readonly allAdvanced: number;
  /** What of a discount goes back with it, since what it paid for is not earned. */
  readonly discount?: number;
  readonly toppedUp?: number;
}

/** What of a chargeback the bank has given in place of a refund that came back, minor units. */
export const owedGiven = ({ owedToBuyer }: Books, advanced: number): number => Math.min(owedToBuyer, advanced);

/**
 * First the buyer is owed no more what the bank has given them. The rest is as for a refund after the release (see takeBack):
 * the commission is worked out anew on what the seller keeps, what is left is the seller's.
 */
export function recoveryOf(
  books: Books,
  { advanced, allAdvanced, discount = 0, toppedUp = 0 }: Borne,
  rate: CommissionRate,
): Recovery {
  const fromOwed = owedGiven(books, advanced);
  const toBear = advanced - fromOwed;
  const left = Math.max(leftOf(books) + allAdvanced, 0);
  const returned = Math.min(discount, left);
  const taken = Math.min(toBear, left - returned);
  const commission = Math.min(Math.max(books.fees - commissionOn(left - taken - returned, rate), 0), taken + returned);
  const fromSeller = taken + returned - commission;
  const unsent = Math.min(books.payable, fromSeller);
  const reversed = Math.min(books.transferred, fromSeller - unsent);
  const topUpReversal = Math.min(reversed, toppedUp);
  const owed = fromSeller - unsent - reversed;
  const reversal = reversed - topUpReversal;
  return { fromOwed, unsent, reversal, topUpReversal, commission, owed, loss: toBear - taken, discount: returned };
}

/** Which of the reversals of a recovery the seller's balance gave. */
export interface Reversed {
  readonly reversal: boolean;
  readonly topUpReversal: boolean;
}

export const ALL_REVERSED: Reversed = { reversal: true, topUpReversal: true };

const reversedOf = ({ reversal, topUpReversal }: Recovery, reversed: Reversed): number =>
  (reversed.reversal ? reversal : 0) + (reversed.topUpReversal ? topUpReversal : 0);

/** What a recovery leaves the seller to owe. */
export const owedAfter = (recovery: Recovery, reversed: Reversed): number =>
  recovery.owed + recovery.reversal + recovery.topUpReversal - reversedOf(recovery, reversed);

/** The moves of a recovery. The discount's part is taken from the commission first, and is owed like the rest. */
export function recoveryMoves(recovery: Recovery, reversed: Reversed): Move[] {
  const { fromOwed, unsent, commission, discount } = recovery;
  const fromSeller = unsent + reversedOf(recovery, reversed);
  const discountFromCommission = Math.min(discount, commission);
  const discountFromSeller = Math.min(discount - discountFromCommission, fromSeller);
  return nonZero([
    { name: 'repayAdvanceFromOwed', amount: fromOwed },
    { name: 'reverseTopUp', amount: reversed.topUpReversal ? recovery.topUpReversal : 0 },
    { name: 'reverseTransfer', amount: reversed.reversal ? recovery.reversal : 0 },
    { name: 'repayAdvance', amount: fromSeller - discountFromSeller },
    { name: 'returnDiscountPayable', amount: discountFromSeller },
    { name: 'advanceDiscount', amount: discount - discountFromCommission - discountFromSeller },
    { name: 'repayAdvanceFromCommission', amount: commission - discountFromCommission },
    { name: 'returnDiscountCommission', amount: discountFromCommission },
  ]);
}

/**
 * What is kept with a purchase about its chargebacks, besides the word for them all: worked out from them, and written in
 * the transaction that changes one.
 */
export interface ChargebackSheet {
  /** What those that go on are about, minor units; all of them, once none does. */
  readonly amount: number;
  /** Until when the first of them takes evidence, milliseconds since 1970; null when none does. */
  readonly dueMs: number | null;
  /** What comes first. */
  readonly next: ChargebackWork | null;
  /** What comes after it, in that order; missing where that is nothing. What is refused, or paused, keeps nothing else waiting. */
  readonly more?: readonly ChargebackWork[];
}

/** How long things about chargebacks take, milliseconds. */
export interface ChargebackTimes {
  /** How long before the end of its time evidence is submitted. */
  readonly bufferMs: number;
  /** And how long before that finance and the seller are reminded. */
  readonly reminderMs: number;
  /** How long after the bank has decided its money may still be under way. */
  readonly fundsMs: number;
}

/** @param toppedUp what the seller was sent from Wellpact's own balance, minor units */
export function sheetOf(
  chargebacks: readonly ChargebackRecord[],
  { nowMs, toppedUp = 0, ...times }: ChargebackTimes & { readonly nowMs: number; readonly toppedUp?: number },
): ChargebackSheet {
  const live = chargebacks.filter((one) => isLive(overlayOfOne(one)));
  const open = live.filter(({ status, submissions, givenUp }) => isAnswerable(status) && submissions === 0 && !givenUp);
  const dues = open.flatMap(({ id, dueMs, reminded }) => (dueMs === null ? [] : [{ id, dueMs, reminded }]));
  const asked = dues.toSorted((one, other) => one.dueMs - other.dueMs);
  // By its money, whatever its status says: what the bank has not given back, it keeps.
  const kept = chargebacks.filter((one) => isToSettle(one));
  const late = chargebacks.flatMap((one) =>
    one.closedMs !== null && one.funds === 'awaited' && awaitedOf(one) > 0
      ? [{ ...one, atMs: one.closedMs + times.fundsMs }]
      : [],
  );
  const works: ChargebackWork[] = [
    ...kept.map(
      ({ id }) =>
        ({ what: 'settle', chargebackId: id, atMs: nowMs, ...(toppedUp > 0 && { topUp: true as const }) }) as const,
    ),
    ...asked.map((one) => answerOf(one, nowMs, times)),
    ...late.map(({ id, atMs }) => ({ what: 'awaitFunds', chargebackId: id, atMs }) as const),
  ].map((work) => ({ ...work, atMs: Math.max(work.atMs, nowMs) }));
  const [next = null, ...more] = works.toSorted((one, other) => timeOf(one) - timeOf(other));
  return {
    amount: (live.length > 0 ? live : chargebacks).reduce((sum, { amount }) => sum + amount, 0),
    dueMs: asked[0]?.dueMs ?? null,
    next,
    ...(more.length > 0 && { more }),
  };
}

/** When something has to be done about it next: what is reminded of, is reminded of first. */
const timeOf = ({ atMs, remindAtMs }: ChargebackWork): number => remindAtMs ?? atMs;

/** What comes too late to be told in time is told at once, as long as there is any time for it. */
function answerOf(
  { id, dueMs, reminded }: { readonly id: string; readonly dueMs: number; readonly reminded: boolean },
  nowMs: number,
  { bufferMs, reminderMs }: ChargebackTimes,
): ChargebackWork {
  const atMs = Math.max(dueMs - bufferMs, nowMs);
  const tells = !reminded && atMs > nowMs;
  return {
    what: 'answer',
    chargebackId: id,
    atMs,
    ...(tells && { remindAtMs: Math.max(atMs - reminderMs, nowMs) }),
  };
}

/** Whether it is over and has cost what nobody has borne yet. */
export const isToSettle = (one: ChargebackRecord): boolean =>
  !one.settled && one.advanced > 0 && !isLive(overlayOfOne(one));

/** Nothing that the buyer paid is left: the bank, and refunds before it, have given all of it back. */
export const isAllBack = ({ captured, refunded, chargedBack }: Books): boolean =>
  captured > 0 && refunded + chargedBack >= captured;
