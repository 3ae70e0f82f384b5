/** What buyer and seller agreed on when a purchase was opened. Pure. */

import type { Currency } from '../../contracts/money.ts';
import type { TaxRate } from '../../contracts/tax.ts';
import type { CancellationTier } from './cancellation-rules.ts';
import { type CommissionTable, commissionRateFor } from './commission-rules.ts';
import type { CommissionRate } from './money.ts';
import type { ReminderOffsets } from './reminder-rules.ts';

export type Kind = 'goods' | 'booking';

/** What a purchase agreed to when it was opened, and keeps: windows in milliseconds. */
export interface Terms {
  readonly policyVersion: number;
  readonly kind: Kind;
  /** What it costs, minor units: paid by the buyer and, for a discount, by Wellpact. */
  readonly price: number;
  readonly currency: string;
  /** What Wellpact pays of the price. */
  readonly discount?: AgreedDiscount;
  readonly commissionBasisPoints: number;
  /** The bounds of the commission, minor units; purchases of before policy 4 have none. */
  readonly commissionMinimum?: number;
  readonly commissionMaximum?: number;
  /** What was bought, in the seller's words of then. With the taxes that are part of the price: of purchases since policy 4. */
  readonly title?: string;
  readonly category?: string;
  readonly taxes?: readonly TaxRate[];
  readonly paymentWindowMs: number;
  readonly acceptWindowMs: number;
  readonly captureReserveMs: number;
  readonly handlingMs: number;
  readonly inspectionWindowMs: number;
  readonly aftercareWindowMs: number;
  /** How long money may be held, counted from its capture. Purchases of policy 1 have none. */
  readonly holdLimitMs?: number;
  /** How long a dispute after a booking can last: so long before the hold limit it has to be over. */
  readonly longestDisputeMs?: number;
  /** How often a refused transfer is tried again, and when it becomes a case. */
  readonly transferRetryMs?: number;
  readonly transferCaseMs?: number;
  /** What a buyer who cancels gets back, by how early they do; everything when there is no tier, as for goods. */
  readonly cancellation?: readonly CancellationTier[];
  readonly reminders?: ReminderOffsets;
  /** What else of the listing the policy was applied to; purchases of before have none. */
  readonly offer?: Pick<Offer, 'handlingDays' | 'cancellationPolicy'>;
}

/** A discount as it was agreed on: its code, and how much of the price it pays, minor units. */
export interface AgreedDiscount {
  readonly code: string;
  readonly amount: number;
}

/** What the buyer's card is charged, minor units. */
export const chargeOf = ({ price, discount }: Pick<Terms, 'price' | 'discount'>): number =>
  price - (discount?.amount ?? 0);

/** What of a listing, and of how much of it is bought, decides about the terms. */
export interface Offer {
  readonly kind: Kind;
  readonly title: string;
  readonly category: string;
  /** What it costs, minor units, before a discount. */
  readonly price: number;
  readonly currency: Currency;
  /** How many handling days the listing names; null for bookings. */
  readonly handlingDays: number | null;
  /** Which of the policy's cancellation tiers it names; null for goods. */
  readonly cancellationPolicy: CancellationPolicy | null;
}

export type CancellationPolicy = 'flexible' | 'moderate' | 'strict';

/** What of the policy goes into the terms of a purchase; durations in milliseconds. */
export interface TermsPolicy {
  readonly version: number;
  readonly paymentWindow: number;
  readonly acceptWindow: number;
  readonly captureReserve: number;
  readonly handlingDay: number;
  readonly inspectionWindow: number;
  readonly aftercareWindow: number;
  readonly holdLimit: number;
  readonly longestDispute: number;
  readonly transferRetry: number;
  readonly transferCase: number;
  readonly cancellation: Readonly<Record<CancellationPolicy, readonly CancellationTier[]>>;
  readonly reminders: ReminderOffsets;
  readonly commission: CommissionTable;
}

/** What a purchase that is opened now agrees to. */
export function termsOf(policy: TermsPolicy, offer: Offer, atMs: number): Terms {
  const { kind, title, category, price, currency, handlingDays, cancellationPolicy } = offer;
  const commission = commissionRateFor(policy.commission, { category, currency }, atMs);
  return {
    policyVersion: policy.version,
    kind,
    price,
    currency,
    title,
    category,
    commissionBasisPoints: commission.basisPoints,
    ...(commission.minimum !== undefined && { commissionMinimum: commission.minimum }),
    ...(commission.maximum !== undefined && { commissionMaximum: commission.maximum }),
    paymentWindowMs: policy.paymentWindow,
    acceptWindowMs: policy.acceptWindow,
    captureReserveMs: policy.captureReserve,
    handlingMs: (handlingDays ?? 0) * policy.handlingDay,
    inspectionWindowMs: policy.inspectionWindow,
    aftercareWindowMs: policy.aftercareWindow,
    holdLimitMs: policy.holdLimit,
    transferRetryMs: policy.transferRetry,
    transferCaseMs: policy.transferCase,
    longestDisputeMs: policy.longestDispute,
    cancellation: cancellationPolicy === null ? [] : policy.cancellation[cancellationPolicy],
    reminders: policy.reminders,
    offer: { handlingDays, cancellationPolicy },
  };
}

/** The rate that was agreed on. */
export const commissionRateOf = (terms: CommissionTerms): CommissionRate => ({
  basisPoints: terms.commissionBasisPoints,
  ...(terms.commissionMinimum !== undefined && { minimum: terms.commissionMinimum }),
  ...(terms.commissionMaximum !== undefined && { maximum: terms.commissionMaximum }),
});

type CommissionTerms = Pick<Terms, 'commissionBasisPoints' | 'commissionMinimum' | 'commissionMaximum'>;
