/** What the API's names are called in front of people. */

export const STATES = {
  payment_pending: 'Payment pending',
  authorised: 'Authorised',
  held: 'Held',
  delivered: 'Delivered',
  disputed: 'Disputed',
  released: 'Released',
  completed: 'Completed',
  refunded: 'Refunded',
  cancelled: 'Cancelled',
  declined: 'Declined',
  expired: 'Expired',
};

export const ATTENTION = {
  past_deadline: 'Past its deadline',
  in_progress_for_long: 'Stuck in a step',
  transfer_blocked: 'Transfer blocked',
  refund_came_back: 'Refund came back',
  step_refused: 'A step is refused',
  chargeback: 'Chargeback',
  money_paused: 'Money paused',
};

/** What stands in the way, and what to do about it. */
export const ATTENTION_EXPLAINED = {
  past_deadline:
    'Its deadline has passed and nothing happened. Look at the workflow: its worker may be down or failing.',
  in_progress_for_long: 'A step was begun and has not ended. Look at the workflow: a provider may be failing.',
  transfer_blocked: 'Stripe refuses to send the money. The seller has to mend their account there; ask them to.',
  refund_came_back:
    "A refund came back from the buyer's bank. Finance sends it once more, or pays the buyer in another way.",
  step_refused: 'Stripe refuses what has to happen next. Finance has a case that says which step it is, and why.',
  chargeback: 'The buyer asked their bank for the money. Nothing is released until that is decided.',
  money_paused: 'Staff have stopped it: nothing is captured, released or refunded until finance lets it go.',
};

export const ACTIONS = {
  accept: 'accept',
  decline: 'decline',
  deliver: 'say that it is delivered',
  confirm: 'confirm that all is well',
  cancel: 'cancel',
  refund_in_full: 'refund all of it',
  refund_in_part: 'refund a part of it',
  reschedule: 'propose another time',
  accept_reschedule: 'accept the proposed time',
  claim_no_show: 'say that nobody came',
  open_dispute: 'open a dispute',
};

export const PEOPLE = {
  buyer: 'the buyer',
  seller: 'the seller',
  platform: 'Wellpact',
  nobody: 'nobody',
  staff: 'staff',
  provider: 'Stripe',
  system: 'Wellpact',
};

export const ACCOUNTS = {
  captured: 'Captured',
  platformFunded: 'Funded by Wellpact',
  advanced: 'Advanced by Wellpact',
  held: 'Held',
  payable: 'Payable to the seller',
  transferred: 'Transferred to the seller',
  fees: 'Commission',
  refunded: 'Refunded to the buyer',
  chargedBack: 'Charged back',
  recovered: 'Recovered from the seller',
  owedToBuyer: 'Owed to the buyer',
};

/** How a purchase comes into a state; by whom is said beside it. */
const ARRIVALS = {
  payment_pending: { default: 'Opened' },
  authorised: { default: 'Payment authorised' },
  held: { default: 'Accepted' },
  delivered: { seller: 'Delivered', default: 'The booking is over' },
  disputed: { default: 'Disputed' },
  released: { buyer: 'Confirmed', default: 'The time to look is over' },
  completed: { default: 'Completed' },
  refunded: { default: 'Refunded' },
  cancelled: { default: 'Cancelled' },
  declined: { seller: 'Declined', default: 'Not accepted in time' },
  expired: { default: 'Not paid in time' },
};

/** What happened to a purchase that stays in its state. */
const UPDATES = {
  'purchase.money_paused': 'Money paused',
  'purchase.money_resumed': 'Money let go',
  'purchase.paused_at_hold_limit': 'Hold limit reached while the money is paused',
  'purchase.reschedule_proposed': 'Another time proposed',
  'purchase.rescheduled': 'Booking moved',
  beginPayment: 'Payment begun',
  refreshPayment: 'Payment looked at again',
  retryTransfer: 'Money sent to the seller',
  addStaffNote: 'A note kept for staff',
  pauseMoney: 'Money paused',
  resumeMoney: 'Money let go',
  reportRefusedStep: 'Finance asked: Stripe refuses a step',
  reportHoldLimit: 'Finance asked: the money may be held no longer',
};

/** How the payment stands, as the end of a sentence about the buyer. */
export const PAYMENT = {
  requires_payment_method: 'has to give a card that works',
  requires_confirmation: 'has to confirm the payment',
  requires_action: 'has to pass the check of their bank',
  processing: 'has paid; Stripe is processing it',
};

/** What happened, in a few words. */
export function eventText({ by, action, state, step }) {
  const arrival = ARRIVALS[state];
  if (arrival !== undefined) return arrival[by] ?? arrival.default;
  // What is done again and again has a number, or the id of its cause, behind a slash.
  const [name] = (step ?? action).split('/');
  return UPDATES[action] ?? UPDATES[name] ?? plain(name);
}

/** `capturePayment` and `case.opened` as words, for what has no name here. */
export function plain(name) {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[._/]+/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `a`, `a or b`, `a, b or c`. */
export function oneOf(list) {
  return list.length < 2 ? list.join('') : `${list.slice(0, -1).join(', ')} or ${list.at(-1)}`;
}
