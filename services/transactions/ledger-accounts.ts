/** The chart of accounts beyond those of a purchase, and how the ledger and Stripe's balance answer to each other. Pure. */
import { ACCOUNT_CLASSES, type Account, type AccountClass, SOURCES } from './money.ts';

/** Accounts outside the purchases: what Stripe keeps of our balance, what it pays out to us, and the expenses behind it. */
export const COMPANY_ACCOUNTS = {
  stripeFees: { class: 'expense', about: "Stripe's fees on payments" },
  disputeFees: { class: 'expense', about: "Stripe's fees on chargebacks" },
  refundFees: { class: 'expense', about: "Stripe's fees on refunds" },
  otherFees: { class: 'expense', about: "Stripe's fees that belong to no payment" },
  stripeFeesPaid: { class: 'contra asset', about: 'what Stripe kept of our balance for its fees' },
  paidOut: { class: 'contra asset', about: 'what Stripe sent from our balance to our bank' },
  bank: { class: 'asset', about: 'what our bank has had from Stripe' },
} as const satisfies Record<string, { class: AccountClass; about: string }>;

export type CompanyAccount = keyof typeof COMPANY_ACCOUNTS;
export type LedgerAccount = Account | CompanyAccount;

/** What a line of Stripe's balance is for: its reporting category (https://docs.stripe.com/reports/reporting-categories). */
export type StripeCategory =
  | 'charge'
  | 'refund'
  | 'refund_failure'
  | 'transfer'
  | 'transfer_reversal'
  | 'dispute'
  | 'dispute_reversal'
  | 'fee'
  | 'payout'
  | 'payout_reversal';

/**
 * The accounts that make up our balance at Stripe: each entry on one of them is money that came (debit) or went (credit)
 * there, and answers to a line of this category. The sum of them all is what Stripe has for us.
 */
export const AT_STRIPE: Readonly<
  Partial<Record<LedgerAccount, { readonly debit?: StripeCategory; readonly credit?: StripeCategory }>>
> = {
  captured: { debit: 'charge' },
  refunded: { debit: 'refund_failure', credit: 'refund' },
  transferred: { debit: 'transfer_reversal', credit: 'transfer' },
  chargedBack: { debit: 'dispute_reversal', credit: 'dispute' },
  stripeFeesPaid: { debit: 'fee', credit: 'fee' },
  paidOut: { debit: 'payout_reversal', credit: 'payout' },
};

/** On which side an account grows: what comes in by debits, what is owed, earned or gone from our balance by credits. */
export function normalSideOf(account: LedgerAccount): 'debit' | 'credit' {
  const byDebit: readonly LedgerAccount[] = [
    ...SOURCES,
    'stripeFees',
    'disputeFees',
    'refundFees',
    'otherFees',
    'bank',
  ];
  return byDebit.includes(account) ? 'debit' : 'credit';
}

/** What is known of an account, also of one that stands in no chart. */
export function chartOf(account: LedgerAccount): {
  readonly class: string;
  readonly normalSide: 'debit' | 'credit';
  readonly about: string;
  readonly atStripe: boolean;
} {
  const known: Readonly<Partial<Record<LedgerAccount, { class: string; about: string }>>> = {
    ...ACCOUNT_CLASSES,
    ...COMPANY_ACCOUNTS,
  };
  const { class: kind, about } = known[account] ?? { class: 'unknown', about: 'an account that is in no chart' };
  return { class: kind, normalSide: normalSideOf(account), about, atStripe: isAtStripe(account) };
}

/** Whether entries on an account are part of our balance at Stripe. */
export const isAtStripe = (account: LedgerAccount): boolean => AT_STRIPE[account] !== undefined;
