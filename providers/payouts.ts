import type { PayoutStatus } from '../contracts/payout.ts';

/** What a seller has at the payment provider, and what goes from there to their bank. All of it throws `ProviderError`. */
export interface Payouts {
  /** @param timeoutMs how long it may take */
  getSellerBalance(accountId: string, timeoutMs: number): Promise<AccountBalance>;
  /** A payout, as it stands on the seller's own account: one of another account is not found. */
  getPayout(accountId: string, payoutId: string): Promise<Payout>;
}

/** Minor units by currency; what went below zero by reversals is negative. */
export interface AccountBalance {
  /** Can be paid out. */
  readonly available: Readonly<Record<string, number>>;
  /** Was transferred, and becomes available with time. */
  readonly pending: Readonly<Record<string, number>>;
}

export interface Payout {
  readonly id: string;
  readonly status: PayoutStatus;
  /** Minor units. */
  readonly amount: number;
  /** Upper-case ISO 4217; whichever the seller's bank account has. */
  readonly currency: string;
  readonly createdMs: number;
  /** When it is expected at the bank. */
  readonly arrivalMs: number;
  /** Why it failed, in Stripe's word: `account_closed`. */
  readonly failureCode: string | null;
  /** Made by the account's schedule; false when the seller asked for it. */
  readonly automatic: boolean;
}
