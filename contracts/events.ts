/** An event that whoever wants to know hears of. */
interface EventRow {
  /** What happened. */
  readonly about: string;
  /** Of what its key is the id: events of one key come in the order of their transactions. */
  readonly of: 'purchase' | 'listing' | 'user' | 'onboarding' | 'payout' | 'case' | 'dispute';
  /** The members of its data, `?` after those that can be missing. Ids, states and figures, never anything personal. */
  readonly data: readonly string[];
}

const PURCHASE = ['purchaseId', 'buyerId', 'sellerId', 'state'] as const;
const purchase = (about: string, data: readonly string[] = []): EventRow => ({
  about,
  of: 'purchase',
  data: [...PURCHASE, ...data],
});
const listing = (about: string, data: readonly string[] = []): EventRow => ({
  about,
  of: 'listing',
  data: ['listingId', 'sellerId', ...data],
});
const user = (about: string, data: readonly string[] = []): EventRow => ({
  about,
  of: 'user',
  data: ['userId', ...data],
});
const onboarding = (about: string): EventRow => ({ about, of: 'onboarding', data: ['userId'] });
const payout = (about: string): EventRow => ({
  about,
  of: 'payout',
  data: ['payoutId', 'userId', 'amount', 'currency'],
});
const aCase = (about: string, data: readonly string[]): EventRow => ({
  about,
  of: 'case',
  data: ['caseId', 'subjectType', 'subjectId', 'kind', ...data],
});

const dispute = (about: string, data: readonly string[] = []): EventRow => ({
  about,
  of: 'dispute',
  data: ['disputeId', 'purchaseId', 'n', 'buyerId', 'sellerId', 'state', ...data],
});

/**
 * Every event there is, by its type. Each is written in the transaction of the change it tells of, so it comes at least
 * once for each change, and never without one. `docs/reference/events.md` is generated from this table.
 */
export const EVENTS = {
  'purchase.payment_pending': purchase('A purchase was opened: the buyer is to pay.'),
  'purchase.authorised': purchase('The buyer has paid; the seller is to accept.'),
  'purchase.held': purchase('The seller accepted: the payment was captured and is held.'),
  'purchase.delivered': purchase('It was delivered: the buyer may look.'),
  'purchase.disputed': purchase('Buyer and seller disagree: the money stays held.'),
  'purchase.released': purchase('The money was released to the seller.'),
  'purchase.completed': purchase('Nothing more happens to it.'),
  'purchase.refunded': purchase('The buyer was refunded.'),
  'purchase.refunded_in_part': purchase('A part went back to the buyer; the purchase goes on with the rest.', [
    'amount',
    'currency',
  ]),
  'purchase.cancelled': purchase('It was cancelled.'),
  'purchase.declined': purchase('The seller did not accept.'),
  'purchase.expired': purchase('The buyer did not pay in time.'),
  'purchase.reminder': {
    about: 'The time of a reminder has come; `reminder` says of which.',
    of: 'purchase',
    data: ['purchaseId', 'buyerId', 'sellerId', 'reminder', 'dueAt', 'startsAt?'],
  },
  'purchase.transfer_blocked': purchase(
    "Stripe refused the transfer to the seller: the seller's account has to be mended.",
  ),
  'purchase.reschedule_proposed': purchase('A party proposes another time.', ['startsAt', 'proposedBy']),
  'purchase.rescheduled': purchase('The booking was moved.', ['startsAt']),
  'purchase.money_paused': purchase('Staff stopped the money.'),
  'purchase.money_resumed': purchase('Staff let the money go again.'),
  'purchase.paused_at_hold_limit': purchase('The hold limit came while the money was stopped.'),
  'purchase.chargeback_changed': purchase(
    "The buyer's bank asks about the payment, took it back, or has decided; `chargeback` says which.",
    ['chargeback'],
  ),
  'purchase.staff_note_added': {
    about: 'Staff wrote a note; what it says is not told.',
    of: 'purchase',
    data: ['purchaseId', 'note', 'verified'],
  },
  'listing.created': listing('A listing was made.', ['category', 'price', 'stock?', 'booking?']),
  'listing.changed': listing('Its seller changed it.', ['fields', 'version', 'price', 'stock?', 'booking?']),
  'listing.published': listing('It is for sale.', ['from', 'to', 'version']),
  'listing.paused': listing('It is not for sale at the moment.', ['from', 'to', 'version']),
  'listing.availability_changed': listing('Its times were changed.', ['timeZone', 'openings', 'exceptions', 'version']),
  'user.signed_up': user('Somebody made an account.'),
  'user.email_verified': user('Somebody proved their address.'),
  'user.verification_requested': user('Somebody wants another mail to prove their address.'),
  'user.profile_changed': user('Somebody changed their account.', ['fields']),
  'user.seller_state_changed': user('What somebody may do as a seller changed.', ['from', 'to']),
  'user.staff_created': user('An account of staff was made.', ['role']),
  'onboarding.started': onboarding('Somebody began to become a seller.'),
  'onboarding.identity_check': onboarding('The identity check can be taken.'),
  'onboarding.in_review': onboarding('Staff look at the identity check.'),
  'onboarding.payout_account': onboarding('The identity is checked; the payout account is to be opened.'),
  'onboarding.credentials': onboarding('The payout account is open; credentials are to be shown.'),
  'onboarding.verified': onboarding('The seller is verified.'),
  'onboarding.restricted': onboarding('The seller may not sell any more.'),
  'onboarding.rejected': onboarding('The identity check was not passed.'),
  'onboarding.abandoned': onboarding('The identity check was not taken in time.'),
  'onboarding.transfers_enabled': onboarding('Stripe sends money to the seller.'),
  'onboarding.transfers_disabled': onboarding('Stripe does not send money to the seller.'),
  'payout.pending': payout('Stripe will send money of a seller to their bank.'),
  'payout.in_transit': payout('It is on its way.'),
  'payout.paid': payout('The bank has it; it can still send it back.'),
  'payout.failed': payout('The bank did not take it, or sent it back: it is in the account of the seller at Stripe.'),
  'payout.canceled': payout('It was cancelled before it was sent.'),
  'dispute.opened': dispute('A party disputes a purchase; the other one is to answer.', ['reason', 'claimedBy']),
  'dispute.contested': dispute('The other side denies the claim: both negotiate.'),
  'dispute.offered': dispute('A party made an offer.', ['offeredBy', 'refund']),
  'dispute.mediating': dispute('A mediator is to look at it.'),
  'dispute.ruling_proposed': dispute('A mediator ruled; a second one has to approve that.'),
  'dispute.ruled': dispute('There is a ruling, which can be appealed.'),
  'dispute.appealed': dispute('A side appealed: another mediator is to rule.'),
  'dispute.appeal_waived': dispute('A side will not appeal.'),
  'dispute.decided': dispute('It is decided what the buyer gets back.', ['refund', 'decidedBy']),
  'dispute.frozen': dispute('A chargeback makes it stand still.'),
  'dispute.resumed': dispute('It goes on after a chargeback.'),
  'dispute.closed': dispute('It was carried out: the dispute is over.', ['refund', 'decidedBy']),
  'dispute.evidence_added': dispute('A file was handed in.', ['number', 'by']),
  'dispute.evidence_redacted': dispute('The content of a file was deleted.', ['number']),
  'case.opened': aCase('Somebody of staff has something to decide.', ['dueAt']),
  'case.escalated': aCase('A case was not decided in time.', ['dueAt']),
  'case.postponed': aCase('A case is to be decided at another time.', ['dueAt']),
  'case.closed': aCase('A case was decided.', ['decision']),
} as const satisfies Readonly<Record<string, EventRow>>;

export type EventType = keyof typeof EVENTS;
