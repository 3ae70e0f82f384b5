/** How a purchase stands, in a sentence: the same one in the API, the Temporal UI and the console. Pure. */
import type { Chargeback, PurchaseState } from '../../contracts/purchase.ts';

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

/** What a chargeback means for it: nothing to say where it left no trace. */
export const CHARGEBACK_SUMMARIES: Readonly<Record<Chargeback, string>> = {
  none: '',
  inquiry:
    "The buyer's bank asks about the payment: until it has its answer nothing is released, and the time for it stands still.",
  open: "The buyer's bank has taken the payment back: until it has decided and the money has moved accordingly, nothing is released or refunded, and the time for it stands still.",
  won: "The buyer's bank had taken the payment back, and has decided against the buyer.",
  lost: "The buyer's bank has taken the payment back.",
  prevented: 'The bank gave the buyer the payment back before it came to a chargeback.',
};

export const PAUSE_SUMMARY =
  'Staff have paused the money: until they let it go, nothing is captured, released or refunded, and the time for it stands still.';

/** For the parties, too: which step it is, and why it is refused, is said in the case. */
export const REFUSED_SUMMARY =
  'Our payment provider refuses the next step: our finance staff have been asked, and it is tried again every hour.';
