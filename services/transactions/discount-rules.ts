/**
 * What a discount that Wellpact pays does to the money of a purchase. The price is `captured + platformFunded`: the seller's
 * part and the commission are of all of it, and what goes back goes back to both who paid it. Pure.
 */
import { shares } from './cancellation-rules.ts';
import { type Books, type Move, nonZero } from './money.ts';

/** A part of the price that goes back, minor units: to the buyer, and to Wellpact for its discount. */
export interface GivenBack {
  readonly buyer: number;
  readonly discount: number;
}

/** What the buyer has paid and has not got back, minor units: so much of the charge is still there. */
export const paidLeftOf = ({ captured, refunded, owedToBuyer, chargedBack }: Books): number =>
  captured - refunded - owedToBuyer - chargedBack;

/**
 * Divides a part of the price that goes back between buyer and discount, in the proportion in which they paid it. What went
 * back before counts: all parts together are divided as the whole is, to the minor unit.
 * @param gross minor units, at most what is left of the price
 * @param agreed the discount as it was agreed on, minor units
 */
export function givenBack(books: Books, gross: number, agreed: number): GivenBack {
  const { captured, platformFunded } = books;
  if (platformFunded === 0) return { buyer: gross, discount: 0 };
  const before = captured - paidLeftOf(books);
  const [due] = shares(before + (agreed - platformFunded) + gross, [captured, agreed]);
  // A bank takes from the buyer's part alone, so that the two may be out of step.
  const most = Math.min(gross, paidLeftOf(books));
  const buyer = Math.min(Math.max(due - before, gross - platformFunded), most);
  return { buyer, discount: gross - buyer };
}

/** A part of what is held goes back. */
export function giveBackHeld(books: Books, gross: number, agreed: number): Move[] {
  const { buyer, discount } = givenBack(books, gross, agreed);
  return nonZero([
    { name: 'refundHeld', amount: buyer },
    { name: 'returnDiscountHeld', amount: discount },
  ]);
}

/**
 * What of a discount goes back when a bank keeps what the buyer paid: the same part of it as of the charge, less what went
 * back before; minor units.
 * @param kept what banks have taken and keep
 * @param undecided what they have taken and may have to give back
 */
export function discountDue(
  books: Books,
  { agreed, kept, undecided }: { readonly agreed: number; readonly kept: number; readonly undecided: number },
): number {
  const { captured, platformFunded } = books;
  if (platformFunded === 0 || kept === 0) return 0;
  const back = captured - paidLeftOf(books) - undecided;
  const [due] = shares(agreed, [Math.max(back, 0), Math.max(captured - back, 0)]);
  return Math.min(Math.max(due - (agreed - platformFunded), 0), platformFunded);
}

/** The two transfers by which a seller is paid: one comes from the buyer's charge, as far as that goes. */
export function transferMoves(books: Books, amount: number, toppedUp: number): Move[] {
  const fromCharge = Math.max(paidLeftOf(books) - (books.transferred - toppedUp), 0);
  const first = Math.min(amount, fromCharge);
  return nonZero([
    { name: 'transfer', amount: first },
    { name: 'topUp', amount: amount - first },
  ]);
}

/** The same backwards: what came from Wellpact's balance comes back first, so that the other one is often left alone. */
export function reversalMoves(amount: number, toppedUp: number): Move[] {
  const first = Math.min(amount, toppedUp);
  return nonZero([
    { name: 'reverseTopUp', amount: first },
    { name: 'reverseTransfer', amount: amount - first },
  ]);
}
