/** The judge's own arithmetic: what it recomputes, it computes without the code that it judges. */
import type { LedgerEntry, LedgerTransaction } from './facts.ts';

/** Where the money of a purchase comes from: these accounts grow with debits. */
const SOURCES = ['captured', 'platformFunded', 'advanced'] as const;
/** Where it is, or went: these grow with credits. */
const USES = [
  'held',
  'payable',
  'transferred',
  'fees',
  'refunded',
  'chargedBack',
  'recovered',
  'owedToBuyer',
  'suspense',
] as const;
export const PURCHASE_ACCOUNTS: readonly string[] = [...SOURCES, ...USES];

const isSource = (account: string): boolean => (SOURCES as readonly string[]).includes(account);

export type Balances = Readonly<Record<string, bigint>>;

/** The accounts of a purchase with nothing in them. */
export const EMPTY: Balances = Object.fromEntries(PURCHASE_ACCOUNTS.map((account) => [account, 0n]));

export const sum = (amounts: Iterable<bigint>): bigint => {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
};

/** By how much an entry raises an account of a purchase. */
export const raisedBy = ({ account, amount }: Pick<LedgerEntry, 'account' | 'amount'>): bigint =>
  isSource(account) ? amount : -amount;

/** What a purchase's accounts hold after some entries. Company accounts are left out. */
export function raised(balances: Balances, entries: readonly LedgerEntry[]): Balances {
  const next: Record<string, bigint> = { ...balances };
  for (const entry of entries) {
    const before = next[entry.account];
    if (before !== undefined) next[entry.account] = before + raisedBy(entry);
  }
  return next;
}

/** What a purchase's accounts hold after each of its ledger transactions, in their order. */
export function balancesAfterEach(ledger: readonly LedgerTransaction[]): { step: string; balances: Balances }[] {
  let balances = EMPTY;
  return ledger.map(({ step, entries }) => {
    balances = raised(balances, entries);
    return { step, balances };
  });
}

export const finalBalances = (ledger: readonly LedgerTransaction[]): Balances =>
  balancesAfterEach(ledger).at(-1)?.balances ?? EMPTY;

/** What the money equation of a purchase lacks: 0 when it holds. */
export const imbalance = (balances: Balances): bigint =>
  sum(SOURCES.map((account) => balances[account] ?? 0n)) - sum(USES.map((account) => balances[account] ?? 0n));

const TEN_THOUSAND = 10_000n;

/** What was agreed that Wellpact keeps of what the seller gets: 1,000 basis points are 10 %; bounds in minor units. */
export interface CommissionRate {
  readonly basisPoints: bigint;
  readonly minimum: bigint;
  readonly maximum: bigint | undefined;
}

/** The commission on what a seller gets gross: rounded half up to the minor unit, within its bounds, never more than there is. */
export function commissionOn(gross: bigint, { basisPoints, minimum, maximum }: CommissionRate): bigint {
  const share = (gross * basisPoints * 2n + TEN_THOUSAND) / (TEN_THOUSAND * 2n);
  const atLeast = share < minimum ? minimum : share;
  const bounded = maximum !== undefined && atLeast > maximum ? maximum : atLeast;
  return bounded > gross ? gross : bounded;
}

const HUNDRED = 100n;

/**
 * What the buyer gets back when the claimant gets so many per cent of what is in dispute: all between the claim and what the
 * other side would have, which is everything for itself. Rounded to the nearest minor unit, half of one for the buyer.
 */
export function leaning(
  { claimedBy, gross, claimRefund }: { claimedBy: 'buyer' | 'seller'; gross: bigint; claimRefund: bigint },
  percent: bigint,
): bigint {
  const otherwise = claimedBy === 'buyer' ? 0n : gross;
  // Never below zero, so that what is cut off is what is rounded down.
  return (otherwise * HUNDRED * 2n + (claimRefund - otherwise) * percent * 2n + HUNDRED) / (HUNDRED * 2n);
}
