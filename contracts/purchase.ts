import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { NewDispute } from './dispute.ts';
import type { ListingId, PurchaseId, UserId } from './ids.ts';
import type { Currency } from './money.ts';

/** The states of a purchase, in the order of its story. Which leads where: `services/transactions/transition-rules.ts`. */
export const PURCHASE_STATES = [
  'payment_pending',
  'authorised',
  'held',
  'delivered',
  'disputed',
  'released',
  'completed',
  'refunded',
  'cancelled',
  'declined',
  'expired',
] as const;
export type PurchaseState = (typeof PURCHASE_STATES)[number];

/** A chargeback lies over the state like a sheet: it stops the money, whatever the state. */
export const CHARGEBACKS = ['none', 'inquiry', 'open', 'won', 'lost', 'prevented'] as const;
export type Chargeback = (typeof CHARGEBACKS)[number];

/** How far the buyer's payment is, in Stripe's words for a PaymentIntent. */
export const PAYMENT_STATUSES = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'canceled',
] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** How far the seller's money is on its way to them. */
export const TRANSFER_STATUSES = ['none', 'sent', 'blocked', 'reversed'] as const;
export type TransferStatus = (typeof TRANSFER_STATUSES)[number];

/** How the last refund stands, in Stripe's words; `none` when there was none. */
export const REFUND_STATUSES = ['none', 'pending', 'requires_action', 'succeeded', 'failed', 'canceled'] as const;
export type RefundStatus = (typeof REFUND_STATUSES)[number];

/** The workflow of a purchase; also the key of everything it does at a provider. */
export const purchaseWorkflowId = (purchaseId: PurchaseId): string => `purchase/${purchaseId}`;

export interface PurchaseInput {
  readonly purchaseId: PurchaseId;
  readonly listingId: ListingId;
  readonly buyerId: UserId;
  /** Known from the listing; checked again against it when the purchase is opened. */
  readonly sellerId: UserId;
  /** How many, 1 or more: pieces, or seats. */
  readonly quantity: number;
  /** When the booked time begins, ISO 8601; absent for goods. */
  readonly slot?: { readonly startsAt: string };
  /** What the API found it costs, before a discount; the purchase is refused when the listing says otherwise by then. */
  readonly expectedPrice: { readonly amount: number; readonly currency: Currency };
  /** A discount code, in upper case; the purchase is refused when it is not good (any more). */
  readonly discountCode?: string;
  /** A Stripe payment method to pay with at once; without it the app confirms the payment with the client secret. */
  readonly paymentMethod?: string;
  /** The disclaimers that the buyer accepted, by id. */
  readonly acceptedDisclaimers: readonly string[];
  /** Where staff and users reach Wellpact, for links in the Temporal UI. */
  readonly publicUrl: string;
}

/** How it ended; `not_opened` when there was no room, or the listing was not for sale: nothing was written then. */
export interface PurchaseResult {
  readonly state: PurchaseState | 'not_opened';
}

export type PurchaseWorkflow = (input: PurchaseInput) => Promise<PurchaseResult>;

/** A wish of one of the parties. Its update id is its idempotency key. */
export interface PurchaseCommand {
  readonly actorId: UserId;
  /** Of a booking that is to be moved: which time is proposed, or accepted; ISO 8601. */
  readonly startsAt?: string;
  /** Of a refund: how much, in minor units; everything that is left unless told. */
  readonly amount?: number;
  /** Of a refund that staff make: why, for staff alone. The actor is one of staff then. */
  readonly reason?: string;
  /** Of one that opens a dispute. */
  readonly dispute?: NewDispute;
}

/** What an update answers: the state that is committed now. Everything else is read from the database. */
export interface PurchaseOutcome {
  readonly state: PurchaseState;
}

/** Sent with the start: answers once the purchase exists and its payment was begun; fails with `SOLD_OUT` and the like. */
export const openPurchaseUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('openPurchase');
/** The seller accepts: the payment is captured and held. */
export const acceptPurchaseUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('acceptPurchase');
/** The seller does not accept: the authorisation is given back. */
export const declinePurchaseUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('declinePurchase');
/** A party cancels. Who may do so until when: `services/transactions/rules.ts`. */
export const cancelPurchaseUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('cancelPurchase');
/** The seller says that it is delivered: the inspection window opens. */
export const deliverPurchaseUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('deliverPurchase');
/** The buyer confirms: the money is released to the seller. */
export const confirmPurchaseUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('confirmPurchase');

/** The seller, or finance, gives the buyer everything back that is left, or a part; also after the release. */
export const refundPurchaseUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('refundPurchase');

/** A party proposes another time for a booking. */
export const reschedulePurchaseUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('reschedulePurchase');
/** The other party accepts it: the booking moves there. */
export const acceptRescheduleUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('acceptReschedule');

/** The buyer disputes what they got: the money stays where it is until that is decided. */
export const openDisputeUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('openDispute');
/** A party says that the other one did not show up. */
export const claimNoShowUpdate = defineUpdate<PurchaseOutcome, [PurchaseCommand]>('claimNoShow');

/** Stripe said that something changed about the payment. A hint: the workflow looks for itself. */
export interface PaymentHint {
  /** The provider's event: one event counts once. */
  readonly eventId: string;
  readonly eventType: string;
}
export const paymentHintSignal = defineSignal<[PaymentHint]>('paymentHint');

/** Why a purchase cannot be opened, or a command cannot be followed, as failures carry it and the API answers it. */
export const PURCHASE_REFUSALS = [
  'SOLD_OUT',
  'LISTING_NOT_AVAILABLE',
  'PRICE_CHANGED',
  'OWN_LISTING',
  'SELLER_NOT_AVAILABLE',
  'DISCOUNT_UNKNOWN',
  'DISCOUNT_NOT_VALID',
  'DISCOUNT_NOT_FOR_THIS',
  'DISCOUNT_USED_UP',
  'DISCOUNT_USED_BY_YOU',
  'SLOT_TAKEN',
  'NO_SUCH_SLOT',
  'TOO_LATE_TO_BOOK',
  'BEYOND_HOLD_LIMIT',
  'PROPOSAL_CHANGED',
  'NOT_A_PARTY',
  'NOT_ALLOWED_NOW',
  'IN_PROGRESS',
  'AUTHORISATION_LOST',
  'REFUND_TOO_LARGE',
  'REFUND_TOO_SMALL',
  'TOO_MANY_REFUNDS',
  'TOO_MANY_DISPUTES',
  'BEYOND_WHAT_IS_DISPUTED',
  'OTHER_REFUND',
  'REFUND_NOT_FAILED',
  'REFUND_NOT_OWED',
  // No longer given: it stands in histories.
  'SELLER_BALANCE_TOO_LOW',
  'MONEY_PAUSED',
  'CHARGEBACK_OPEN',
  'NO_SUCH_CHARGEBACK',
  'NOT_ANSWERABLE',
  'CHARGEBACK_CLOSED',
  'CHARGEBACK_UNCLEAR',
  'ALREADY_PAUSED',
  'NOT_PAUSED',
  'PAUSED_BY_VERIFIED',
  'TOO_MANY_ORDERS',
  'NOT_STAFF',
  'TYPED_BEFORE',
  'WRONG_ORDER',
] as const;
export type PurchaseRefusal = (typeof PURCHASE_REFUSALS)[number];
