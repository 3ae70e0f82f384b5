/** What buyer and seller agreed on when a purchase was opened. Pure. */
import type { TaxRate } from '../../contracts/tax.ts';
import type { CancellationTier } from './cancellation-rules.ts';
import type { CommissionRate } from './money.ts';
import type { ReminderOffsets } from './reminder-rules.ts';

export type Kind = 'goods' | 'booking';

/** What a purchase agreed to when it was opened, and keeps: windows in milliseconds. */
export interface Terms {
  readonly policyVersion: number;
  readonly kind: Kind;
  /** What the buyer pays, minor units. */
  readonly price: number;
  readonly currency: string;
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
}

/** The rate that was agreed on. */
export const commissionRateOf = (terms: CommissionTerms): CommissionRate => ({
  basisPoints: terms.commissionBasisPoints,
  ...(terms.commissionMinimum !== undefined && { minimum: terms.commissionMinimum }),
  ...(terms.commissionMaximum !== undefined && { maximum: terms.commissionMaximum }),
});

type CommissionTerms = Pick<Terms, 'commissionBasisPoints' | 'commissionMinimum' | 'commissionMaximum'>;
