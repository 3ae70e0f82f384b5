/** Where the money of a refund comes from, once a purchase was released. Pure. */
import { givenBack, reversalMoves } from './discount-rules.ts';
import { type Books, type CommissionRate, commissionOn, type Move, nonZero } from './money.ts';

/**
 * What nobody has taken out of a purchase yet: held, or the seller's with the commission on it; minor units. What was
 * advanced in place of the seller is theirs no longer, and what was kept from them for older debts still counts as paid out.
 */
export const leftOf = ({ held, payable, transferred, fees, recovered, advanced }: Books): number =>
  held + payable + transferred + fees + recovered - advanced;

/**
 * What a decision about `gross` leaves the seller, gross: what the bank has taken meanwhile is the buyer's already, so the
 * seller keeps what was decided as far as it is left.
 */
export const leftToSeller = (books: Books, gross: number, refund: number): number =>
  Math.min(gross - refund, Math.max(leftOf(books), 0));

/** What somebody is told who wants to give back more than that. */
export const refundTooLargeText = (left: number, currency: string): string =>
  `Of this purchase ${left} ${currency} in minor units are left to be refunded.`;

/** What they are told when a discount pays so much of the price that nothing of their part would reach the buyer. */
export const REFUND_TOO_SMALL = 'Wellpact paid most of this price: of so small a part nothing would reach the buyer.';

/** How the seller's part of a refund can come back. */
export interface TakeBackTerms {
  readonly commission: CommissionRate;
  /** Stripe refused to take it back from the seller: what they were sent stays there, and they owe it. */
  readonly reversalRefused?: true;
  /** What Wellpact has agreed to pay of the price, minor units. */
  readonly discount?: number;
  /** What of the transfers came from Wellpact's own balance, less what was taken back of it; minor units. */
  readonly toppedUp?: number;
}

/**
 * `amount` of what was released goes back to the buyer, and to Wellpact for a discount. The commission is worked out anew on what the seller keeps; the
 * rest is the seller's, and comes from what was not sent yet, then from a reversal, and then from Wellpact in their place:
 * what was kept from this release for an older debt has paid that debt, so it is owed again. The discount's part is taken
 * from the commission first.
 */
export function takeBack(books: Books, amount: number, terms: TakeBackTerms): Move[] {
  const kept = commissionOn(leftOf(books) - amount, terms.commission);
  const fromCommission = Math.min(Math.max(books.fees - kept, 0), amount);
  const fromSeller = amount - fromCommission;
  const unsent = Math.min(books.payable, fromSeller);
  const reversed = terms.reversalRefused === true ? 0 : Math.min(books.transferred, fromSeller - unsent);
  const back = givenBack(books, amount, terms.discount ?? 0);
  const discountFromCommission = Math.min(back.discount, fromCommission);
  const discountFromSeller = Math.min(back.discount - discountFromCommission, unsent + reversed);
  const discountAdvanced = back.discount - discountFromCommission - discountFromSeller;
  return nonZero([
    ...reversalMoves(reversed, terms.toppedUp ?? 0),
    { name: 'refundPayable', amount: unsent + reversed - discountFromSeller },
    { name: 'returnDiscountPayable', amount: discountFromSeller },
    { name: 'advanceRefund', amount: fromSeller - unsent - reversed - discountAdvanced },
    { name: 'advanceDiscount', amount: discountAdvanced },
    { name: 'refundCommission', amount: fromCommission - discountFromCommission },
    { name: 'returnDiscountCommission', amount: discountFromCommission },
  ]);
}
