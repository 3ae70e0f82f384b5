/**
 * The rules of a purchase, as data. The workflow executes this table, the API asks it what is allowed, "why" and the
 * reference are generated from it, and a test walks every path through it. Pure: no clock, no I/O.
 */
import type { PurchaseState } from '../../contracts/purchase.ts';
import { ALL_REVERSED, recoveryMoves, recoveryOf, takenMoves } from './chargeback-rules.ts';
import { giveBackHeld, transferMoves } from './discount-rules.ts';
import { applyMoves, type Books, commissionOn, type Move, nonZero, releaseMoves } from './money.ts';
import { leftOf, type TakeBackTerms, takeBack } from './refund-rules.ts';
import type { Kind } from './terms-rules.ts';

/** Who makes a purchase move on. */
export type Party = 'buyer' | 'seller' | 'finance' | 'clock' | 'provider' | 'dispute';

/** What can happen to a purchase: a wish of a party, a fact from a provider, a deadline, a decision. */
export type PurchaseEvent =
  | 'accept'
  | 'decline'
  | 'deliver'
  | 'confirm'
  | 'cancel'
  | 'refund_in_full'
  | 'refund_in_part'
  | 'reschedule'
  | 'accept_reschedule'
  | 'claim_no_show'
  | 'open_dispute'
  | 'payment_authorised'
  | 'payment_refused'
  | 'authorisation_lost'
  | 'charged_back'
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
  | 'completePurchase'
  | 'noteChargeback';

/** What decides between two rows of one event. */
export type Condition = 'nothing_for_seller' | 'something_for_seller';

/** What has to be so for a row to be open, beyond state, party and kind. */
export type Need = 'before_start' | 'after_start' | 'buyer_proposed' | 'seller_proposed';
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

export interface Split extends TakeBackTerms {
  /** Minor units of the disputed or cancelled gross that go to the seller before commission; the rest is refunded. */
  readonly forSeller: number;
  /** What is kept of a release for what the seller owes, minor units; nothing unless told. */
  readonly recovers?: number;
}

const nothing = (): Move[] => [];
/** The buyer pays the price less the discount, which Wellpact puts in at the same moment: all of the price is held. */
const captureAll = (_books: Books, { forSeller, discount = 0 }: Split): Move[] =>
  nonZero([
    { name: 'capture', amount: forSeller - discount },
    { name: 'fundDiscount', amount: discount },
  ]);
const refundAllHeld = (books: Books, { discount = 0 }: Split): Move[] => giveBackHeld(books, books.held, discount);

/** Everything held is released and sent to the seller, less the commission. */
const releaseAll = (books: Books, split: Split): Move[] => releaseHeld(books, { ...split, forSeller: books.held });

/** `forSeller` of what is held is released and sent, the rest refunded. */
function releaseHeld(books: Books, split: Split): Move[] {
  const { forSeller, commission: rate, recovers = 0, discount = 0, toppedUp = 0 } = split;
  const commission = commissionOn(forSeller, rate);
  const back = giveBackHeld(books, books.held - forSeller, discount);
  return nonZero([
    ...back,
    ...releaseMoves(forSeller, commission),
    { name: 'recover', amount: recovers },
    ...transferMoves(applyMoves(books, back), forSeller - commission - recovers, toppedUp),
  ]);
}

/** What was released comes back: the transfer is reversed, then the buyer refunded. */
const takeBackAll = (books: Books, terms: TakeBackTerms): Move[] => takeBack(books, leftOf(books), terms);

/** A ruling over money that is held, or that was released before the dispute: then the buyer's part comes back. */
const settle = (books: Books, split: Split): Move[] =>
  books.held > 0 ? releaseHeld(books, split) : takeBack(books, Math.max(leftOf(books) - split.forSeller, 0), split);

/** What is not left to the seller goes back, and the purchase goes on with the rest. */
const refundPart = (books: Books, split: Split): Move[] =>
  books.held > 0 ? giveBackHeld(books, books.held - split.forSeller, split.discount ?? 0) : settle(books, split);

/**
 * The buyer's bank has taken all that they paid: after the release its seller and Wellpact give it. Then nothing is left for
 * which Wellpact would pay a discount.
 */
function chargeBackAll(books: Books, { commission, toppedUp = 0 }: TakeBackTerms): Move[] {
  const taken = takenMoves(books, leftOf(books) - books.platformFunded);
  const withBank = applyMoves(books, taken);
  const advanced = withBank.advanced - books.advanced;
  const unearned = nonZero([{ name: 'returnDiscountHeld', amount: Math.min(withBank.held, withBank.platformFunded) }]);
  const after = applyMoves(withBank, unearned);
  const bears = { advanced, allAdvanced: advanced, discount: after.platformFunded, toppedUp };
  return [...taken, ...unearned, ...recoveryMoves(recoveryOf(after, bears, commission), ALL_REVERSED)];
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
  { from: 'held', on: 'refund_in_full', by: 'finance', to: 'refunded', step: 'refundBuyer', frees: true, moves: refundAllHeld, says: 'the buyer is refunded in full', wired: true },
  { from: 'held', on: 'refund_in_part', by: 'seller', to: 'held', step: 'refundBuyer', moves: refundPart, says: 'a part goes back to the buyer', wired: true },
  { from: 'held', on: 'refund_in_part', by: 'finance', to: 'held', step: 'refundBuyer', moves: refundPart, says: 'a part goes back to the buyer', wired: true },
  { from: 'held', on: 'reschedule', by: 'buyer', to: 'held', kind: 'booking', needs: 'before_start', step: 'proposeReschedule', moves: nothing, says: 'the seller is asked to accept the new time', wired: true },
  { from: 'held', on: 'reschedule', by: 'seller', to: 'held', kind: 'booking', needs: 'before_start', step: 'proposeReschedule', moves: nothing, says: 'the buyer is asked to accept the new time', wired: true },
  { from: 'held', on: 'accept_reschedule', by: 'buyer', to: 'held', kind: 'booking', needs: 'seller_proposed', step: 'moveBooking', moves: nothing, says: 'the booking moves to the new time', wired: true },
  { from: 'held', on: 'accept_reschedule', by: 'seller', to: 'held', kind: 'booking', needs: 'buyer_proposed', step: 'moveBooking', moves: nothing, says: 'the booking moves to the new time', wired: true },
  { from: 'held', on: 'claim_no_show', by: 'buyer', to: 'disputed', kind: 'booking', needs: 'after_start', step: 'pauseForDispute', moves: nothing, says: 'the other side has time to contest', wired: true },
  { from: 'held', on: 'claim_no_show', by: 'seller', to: 'disputed', kind: 'booking', needs: 'after_start', step: 'pauseForDispute', moves: nothing, says: 'the other side has time to contest', wired: true },
  { from: 'held', on: 'open_dispute', by: 'buyer', to: 'disputed', step: 'pauseForDispute', moves: nothing, says: 'the seller is asked for a response', wired: true },
  { from: 'held', on: 'hold_limit_reached', by: 'clock', to: 'refunded', step: 'refundBuyer', moves: refundAllHeld, says: 'the buyer is refunded, since money may be held no longer', wired: true },
  { from: 'held', on: 'charged_back', by: 'provider', to: 'refunded', step: 'noteChargeback', frees: true, moves: chargeBackAll, says: "the buyer has everything back, from the bank", wired: true },

  { from: 'delivered', on: 'confirm', by: 'buyer', to: 'released', step: 'releaseToSeller', moves: releaseAll, says: 'the money is released to the seller', wired: true },
  { from: 'delivered', on: 'inspection_over', by: 'clock', to: 'released', step: 'releaseToSeller', moves: releaseAll, says: 'the money is released to the seller', wired: true },
  { from: 'delivered', on: 'refund_in_full', by: 'seller', to: 'refunded', step: 'refundBuyer', moves: refundAllHeld, says: 'the buyer is refunded in full', wired: true },
  { from: 'delivered', on: 'refund_in_full', by: 'finance', to: 'refunded', step: 'refundBuyer', moves: refundAllHeld, says: 'the buyer is refunded in full', wired: true },
  { from: 'delivered', on: 'refund_in_part', by: 'seller', to: 'delivered', step: 'refundBuyer', moves: refundPart, says: 'a part goes back to the buyer', wired: true },
  { from: 'delivered', on: 'refund_in_part', by: 'finance', to: 'delivered', step: 'refundBuyer', moves: refundPart, says: 'a part goes back to the buyer', wired: true },
  { from: 'delivered', on: 'claim_no_show', by: 'buyer', to: 'disputed', kind: 'booking', needs: 'after_start', step: 'pauseForDispute', moves: nothing, says: 'the other side has time to contest', wired: true },
  { from: 'delivered', on: 'claim_no_show', by: 'seller', to: 'disputed', kind: 'booking', needs: 'after_start', step: 'pauseForDispute', moves: nothing, says: 'the other side has time to contest', wired: true },
  { from: 'delivered', on: 'open_dispute', by: 'buyer', to: 'disputed', step: 'pauseForDispute', moves: nothing, says: 'the seller is asked for a response', wired: true },
  { from: 'delivered', on: 'hold_limit_reached', by: 'clock', to: 'refunded', step: 'refundBuyer', moves: refundAllHeld, says: 'the buyer is refunded, since money may be held no longer', wired: true },
  { from: 'delivered', on: 'charged_back', by: 'provider', to: 'refunded', step: 'noteChargeback', moves: chargeBackAll, says: "the buyer has everything back, from the bank", wired: true },

  { from: 'disputed', on: 'dispute_decided', by: 'dispute', to: 'released', when: 'something_for_seller', step: 'settleDispute', moves: settle, says: 'the ruling is carried out', wired: true },
  { from: 'disputed', on: 'dispute_decided', by: 'dispute', to: 'refunded', when: 'nothing_for_seller', step: 'settleDispute', moves: settle, says: 'the buyer is refunded in full', wired: true },
  { from: 'disputed', on: 'hold_limit_reached', by: 'clock', to: 'released', when: 'something_for_seller', step: 'settleDispute', moves: settle, says: 'the default ruling is carried out', wired: true },
  { from: 'disputed', on: 'hold_limit_reached', by: 'clock', to: 'refunded', when: 'nothing_for_seller', step: 'settleDispute', moves: settle, says: 'the default ruling is carried out', wired: true },
  { from: 'disputed', on: 'charged_back', by: 'provider', to: 'refunded', step: 'noteChargeback', moves: chargeBackAll, says: "the buyer has everything back, from the bank", wired: true },

  { from: 'released', on: 'aftercare_over', by: 'clock', to: 'completed', step: 'completePurchase', moves: nothing, says: 'the purchase is completed', wired: true },
  { from: 'released', on: 'open_dispute', by: 'buyer', to: 'disputed', step: 'pauseForDispute', moves: nothing, says: 'the seller is asked for a response', wired: true },
  { from: 'released', on: 'refund_in_full', by: 'seller', to: 'refunded', step: 'refundReleased', moves: takeBackAll, says: 'the transfer is taken back and the buyer refunded', wired: true },
  { from: 'released', on: 'refund_in_full', by: 'finance', to: 'refunded', step: 'refundReleased', moves: takeBackAll, says: 'the transfer is taken back and the buyer refunded', wired: true },
  { from: 'released', on: 'refund_in_part', by: 'seller', to: 'released', step: 'refundReleased', moves: refundPart, says: 'a part of the transfer is taken back and goes to the buyer', wired: true },
  { from: 'released', on: 'refund_in_part', by: 'finance', to: 'released', step: 'refundReleased', moves: refundPart, says: 'a part of the transfer is taken back and goes to the buyer', wired: true },
  { from: 'released', on: 'charged_back', by: 'provider', to: 'refunded', step: 'noteChargeback', moves: chargeBackAll, says: "the buyer has everything back, from the bank", wired: true },
];
