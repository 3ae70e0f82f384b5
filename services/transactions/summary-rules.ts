/** How a purchase stands, in a sentence: the same one in the API, the Temporal UI and the console. Pure. */
import type { PurchaseState } from '../../contracts/purchase.ts';

export const STATE_SUMMARIES: Readonly<Record<PurchaseState, string>> = {
  payment_pending: 'The buyer has not paid yet.',
  authorised: 'The buyer has paid; the seller has not accepted yet.',
  held: 'The payment is held until the purchase is delivered.',
  delivered: 'It is delivered; the buyer has time to look before the money is released.',
  disputed: 'Buyer and seller disagree; the money is held until that is decided.',
  released: 'The money is released to the seller.',
  completed: 'The purchase is completed.',
  refunded: 'The buyer was refunded.',
  cancelled: 'The purchase was cancelled.',
  declined: 'The seller did not accept; the buyer was not charged.',
  expired: 'The buyer did not pay in time; nothing was charged.',
};

export const PAUSE_SUMMARY =
  'Staff have paused the money: until they let it go, nothing is captured, released or refunded, and the time for it stands still.';
