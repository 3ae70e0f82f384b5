/**
 * What a seller's statement says of each entry of the ledger. Their balance is what Wellpact has for them, `held` and
 * `payable` together: every other account of a purchase tells where that came from, or went. Pure.
 */
import type { Account } from './money.ts';

/** The accounts that are the seller's balance. */
export const BALANCE_ACCOUNTS = ['held', 'payable'] as const satisfies readonly Account[];
type Told = Exclude<Account, (typeof BALANCE_ACCOUNTS)[number]>;

/**
 * The words for a debit, which adds to the balance, and for a credit, which takes from it. Two entries of one posting can
 * cancel out, as when a commission goes back to the buyer with the rest: then both are said.
 */
export const STATEMENT_WORDS: Readonly<Record<Told, { readonly debit: string; readonly credit: string }>> = {
  captured: { debit: 'Payment', credit: 'Payment taken back' },
  platformFunded: { debit: 'Discount paid by Wellpact', credit: 'Discount taken back' },
  advanced: { debit: 'Paid by Wellpact in your place', credit: 'Payment in your place settled' },
  transferred: { debit: 'Transfer taken back', credit: 'Transfer to your account' },
  fees: { debit: 'Commission given back', credit: 'Commission' },
  refunded: { debit: 'Refund that came back', credit: 'Refund' },
  chargedBack: { debit: 'Chargeback won', credit: 'Chargeback' },
  recovered: { debit: 'Kept amount given back', credit: 'Kept for what you owed' },
  owedToBuyer: { debit: 'Refund sent anew, or given by the bank', credit: 'Owed to the buyer' },
  suspense: { debit: 'Taken again by the bank', credit: 'Came back late, not yet decided about' },
};
/** What the sums of a month are called. */
export const STATEMENT_NAMES = {
  captured: 'payments',
  platformFunded: 'discounts',
  advanced: 'paidInYourPlace',
  transferred: 'transfers',
  fees: 'commission',
  refunded: 'refunds',
  chargedBack: 'chargebacks',
  recovered: 'keptForWhatYouOwed',
  owedToBuyer: 'owedToBuyers',
  suspense: 'cameBackLate',
} as const satisfies Record<Told, string>;
export const TOLD_ACCOUNTS = Object.keys(STATEMENT_WORDS) as readonly Told[];

/** Something that changed the balance; minor units, positive when it added to it. */
export interface StatementLine {
  readonly at: Date;
  readonly purchaseId: string;
  readonly account: Told;
  readonly amount: number;
}

export const wordsOf = ({ account, amount }: Pick<StatementLine, 'account' | 'amount'>): string =>
  STATEMENT_WORDS[account][amount > 0 ? 'debit' : 'credit'];

/** A month, `2026-11`, in UTC. */
export type Month = string;

/** From its first moment until before the next one's. */
export function boundsOf(month: Month): { readonly from: Date; readonly until: Date } {
  const from = new Date(`${month}-01T00:00:00Z`);
  return { from, until: new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1)) };
}

/** A posting is dated when its transaction begins, and can be committed some seconds later. */
const SETTLES_AFTER_MS = 60 * 60 * 1_000;

/** Whether nothing can be added to it any more. */
export const isClosed = (month: Month, nowMs: number): boolean =>
  boundsOf(month).until.getTime() + SETTLES_AFTER_MS <= nowMs;
