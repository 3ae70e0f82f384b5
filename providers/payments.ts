import type { Currency } from '../contracts/money.ts';
import type { PaymentStatus, RefundStatus } from '../contracts/purchase.ts';
import type { Payouts } from './payouts.ts';

/**
 * What Wellpact needs of a payment provider: payments that are authorised first and captured later, transfers to sellers,
 * and the sellers' accounts. Amounts are in minor units. Whatever has an effect takes an idempotency key: the same key
 * acts once, however often it is sent. All of it throws `ProviderError`.
 */
export interface Payments extends Payouts {
  /** Begins a payment with manual capture; with `paymentMethod` it is confirmed at once. A declined card is an answer. */
  createPayment(request: PaymentRequest, idempotencyKey: string): Promise<Payment>;
  getPayment(paymentId: string): Promise<Payment>;
  /** The secret with which the buyer's app confirms the payment. Kept nowhere but in encrypted stored answers. */
  getClientSecret(paymentId: string): Promise<string>;
  /** Takes the whole authorised amount. A payment that is captured already is an answer. */
  capturePayment(paymentId: string, idempotencyKey: string): Promise<Payment>;
  /**
   * Gives an authorisation back, or ends a payment that was never made. A payment that is cancelled already is an answer;
   * so is one that somebody has captured meanwhile: it comes back as `succeeded`, and can only be refunded.
   */
  cancelPayment(paymentId: string, idempotencyKey: string): Promise<Payment>;
  /** Gives captured money back. */
  refund(request: RefundRequest, idempotencyKey: string): Promise<Refund>;
  /** How a refund stands now: one that succeeded can still come back, days later. */
  getRefund(refundId: string): Promise<Refund & { readonly amount: number }>;
  transfer(request: TransferRequest, idempotencyKey: string): Promise<Made>;
  /** Takes a transfer back from the seller's account. */
  reverseTransfer(request: ReversalRequest, idempotencyKey: string): Promise<Made>;

  /** How a dispute of the buyer's bank stands now, and the money that it has moved. */
  getDispute(disputeId: string): Promise<Dispute>;
  /** Hands evidence to the bank. It takes it once: afterwards it only decides. */
  submitEvidence(disputeId: string, evidence: DisputeEvidence, idempotencyKey: string): Promise<Dispute>;
  /** Gives a dispute up: it is lost, or, as long as it only asks, closed. */
  acceptDispute(disputeId: string, idempotencyKey: string): Promise<Dispute>;

  /**
   * What was made for a step, and how much it is, looked for in the provider's own lists, whatever key it was made under;
   * undefined when nothing was. For the case that the key can no longer tell: see activities/once.ts.
   */
  findPayment(step: StepRef & { readonly sinceMs: number }): Promise<Found<Payment> | undefined>;
  findRefund(step: StepRef & { readonly paymentId: string }): Promise<Found<Refund> | undefined>;
  findTransfer(step: StepRef): Promise<Found<Made> | undefined>;
  findReversal(step: StepRef & { readonly transferId: string }): Promise<Found<Made> | undefined>;

  /** A page of the lines of our balance, newest first, a hundred of them. */
  listBalanceLines(filter: BalanceLineFilter): Promise<BalanceLinePage>;
  /** @returns undefined when there is no such line */
  getBalanceLine(lineId: string): Promise<BalanceLine | undefined>;

  /** Opens an account for a seller, to which money can be transferred once the seller has given what Stripe asks for. */
  createSellerAccount(request: SellerAccountRequest, idempotencyKey: string): Promise<SellerAccount>;
  getSellerAccount(accountId: string): Promise<SellerAccount>;
  /** A page of the provider on which the seller gives what is asked for. Works once, for some minutes. */
  createAccountLink(accountId: string, urls: { refreshUrl: string; returnUrl: string }): Promise<HostedLink>;
}

/** Of a period, or about one object. */
export type BalanceLineFilter = {
  /** Goes on behind this line. */
  readonly after?: string | undefined;
} & ({ readonly fromMs: number; readonly untilMs: number } | { readonly source: string });

export interface BalanceLinePage {
  readonly lines: readonly BalanceLine[];
  readonly hasMore: boolean;
}

/** A movement of our balance, as the provider keeps book of it. */
export interface BalanceLine {
  readonly id: string;
  /** The object behind it: a charge, a refund, a transfer, its reversal, a dispute, a payout; null when there is none. */
  readonly source: string | null;
  /** The provider's reporting category. */
  readonly category: string;
  /** Minor units; negative when it left our balance. */
  readonly amount: number;
  /** What the provider kept of it. */
  readonly fee: number;
  readonly currency: string;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

/** For which step of which purchase something is made: written on it, and looked for. */
export interface StepRef {
  readonly purchaseId: string;
  readonly step: string;
}

export interface Made {
  readonly id: string;
}

/** What was made before, with its amount in minor units: whoever asks again may have asked for another one. */
export type Found<T extends Made> = T & { readonly amount: number };

export interface Refund extends Made {
  readonly status: Exclude<RefundStatus, 'none'>;
}

export interface PaymentRequest extends StepRef {
  readonly amount: number;
  readonly currency: Currency;
  readonly paymentMethod: string | undefined;
  /** Where the buyer comes back to after a page of their bank. */
  readonly returnUrl: string;
}

export interface Payment {
  readonly id: string;
  readonly status: PaymentStatus;
  /** Why the last try was declined, in the provider's word; null when it was not. */
  readonly problem: string | null;
  readonly chargeId: string | null;
  /** Until when an authorisation can be captured, milliseconds since 1970; null when there is none. */
  readonly captureBeforeMs: number | null;
  /** What was captured so far. */
  readonly capturedAmount: number;
  /** What the provider keeps for the payment, in the currency of its balance; null until it says so. */
  readonly fee: { readonly amount: number; readonly currency: string } | null;
}

export interface RefundRequest extends StepRef {
  readonly paymentId: string;
  readonly amount: number;
}

export interface ReversalRequest extends StepRef {
  readonly transferId: string;
  readonly amount: number;
}

export interface TransferRequest extends StepRef {
  readonly amount: number;
  readonly currency: Currency;
  /** The seller's account. */
  readonly destination: string;
  /**
   * The charge the money comes from, at most so much: it is transferred even while that charge is not yet available. Null
   * when it comes from what is available on our balance.
   */
  readonly sourceCharge: string | null;
}

/** A dispute of the buyer's bank, as Stripe shows it. Money is without fees, in minor units of `currency`. */
export interface Dispute {
  readonly id: string;
  /** The payment it is about; null when Stripe names none. */
  readonly paymentId: string | null;
  readonly chargeId: string | null;
  readonly status:
    | 'warning_needs_response'
    | 'warning_under_review'
    | 'warning_closed'
    | 'needs_response'
    | 'under_review'
    | 'prevented'
    | 'won'
    | 'lost';
  /** What it is about: nothing that moved. */
  readonly amount: number;
  readonly currency: string;
  readonly reason: string;
  /** Until when evidence is taken, milliseconds since 1970; null when none is asked for. */
  readonly dueMs: number | null;
  readonly openedMs: number;
  /** What was taken from our balance, and what came back. */
  readonly withdrawn: number;
  readonly reinstated: number;
  /** A part of it moved in another currency: how much that is in that of the dispute cannot be told, and is not counted. */
  readonly hasUnclearPart: boolean;
  /** How many balance transactions say so. */
  readonly movements: number;
  /** How often evidence was submitted. */
  readonly submissions: number;
  /** What each of them cost, in the currency of our balance; below zero when it was given back. */
  readonly fees: readonly { readonly id: string; readonly amount: number; readonly currency: string }[];
}

/** What a bank is told. It never says what was bought, or of which kind it was. */
export interface DisputeEvidence {
  readonly description: string;
  readonly deliveredOn?: string | undefined;
  readonly servedOn?: string | undefined;
  readonly refundPolicy: string;
  readonly cancellationPolicy: string;
  /** What happened, and when. */
  readonly activity: string;
  /** What staff add. */
  readonly statement?: string | undefined;
}

export interface SellerAccountRequest {
  readonly userId: string;
  readonly email: string;
  readonly country: string;
  readonly firstName: string;
  readonly lastName: string;
}

export interface SellerAccount {
  readonly id: string;
  /** Money can be transferred to it. */
  readonly transfersActive: boolean;
  /** What the provider still asks for, in its own names. */
  readonly requirements: readonly string[];
  /** Why it is disabled, in the provider's word; null when it is not. */
  readonly disabledReason: string | null;
  /** Until when the provider wants it, milliseconds since 1970; null when there is no deadline. */
  readonly requirementsDueMs: number | null;
}

export interface HostedLink {
  readonly url: string;
  readonly expiresAtMs: number;
}
