import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import type { ResourceKind } from '../stripe-api/operation.ts';

export const PAYOUT_STATUSES = ['pending', 'in_transit', 'paid', 'failed', 'canceled'] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];

export interface PayoutHidden {
  /** What becomes of it by itself, and when, in seconds since 1970; null when it stays as it is. */
  readonly next: { readonly status: PayoutStatus; readonly at: number } | null;
}

export type StoredPayout = Stored<Stripe.Payout, PayoutHidden>;

export const PAYOUT: ResourceKind<Stripe.Payout, PayoutHidden> = {
  name: 'payout',
  noun: 'payout',
  expandable: {
    balance_transaction: ['balance_transaction'],
    failure_balance_transaction: ['balance_transaction'],
  },
};

/** One that was paid can still fail: the bank sends the money back days later. */
const POSSIBLE: Readonly<Record<PayoutStatus, readonly PayoutStatus[]>> = {
  pending: ['in_transit', 'paid', 'failed', 'canceled'],
  in_transit: ['paid', 'failed'],
  paid: ['failed'],
  failed: [],
  canceled: [],
};

/** What a payout with this status, as its body says it, can become. */
export const possibleFrom = (status: string): readonly PayoutStatus[] => POSSIBLE[status as PayoutStatus] ?? [];

/** Why banks refuse, in words. Source: https://docs.stripe.com/api/payouts/failures */
export const FAILURES = {
  account_closed: 'The bank account has been closed.',
  account_frozen: 'The bank account has been frozen.',
  could_not_process: 'The bank could not process this payout.',
  incorrect_account_holder_name: 'The name of the account holder does not belong to this bank account.',
  invalid_account_number: 'The routing number seems correct, but the account number is not valid.',
  no_account: 'No bank account could be found with these details.',
} as const;

export type FailureCode = keyof typeof FAILURES;
