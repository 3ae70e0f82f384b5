/** How the ledger and Stripe's balance are compared. Pure. */

/** Kinds of differences, as people read them. */
export const DIFFERENCES = {
  missing: 'the ledger has it, Stripe has not',
  extra: 'Stripe has it, the ledger has not',
  wrong_amount: 'the amounts differ',
  wrong_currency: 'the currencies differ',
  late: 'the two are a day or more apart',
} as const;
export type DifferenceKind = keyof typeof DIFFERENCES;
export const DIFFERENCE_KINDS = Object.keys(DIFFERENCES) as [DifferenceKind, ...DifferenceKind[]];

/** What one side says about an object of Stripe: the sum of its lines, or entries, of one category. */
export interface Side {
  /** Minor units; negative when it left our balance. */
  readonly amount: number;
  readonly currency: string;
  /** The first and the last of them, milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Of the balance transactions, or of the postings. */
  readonly ids: readonly string[];
}

/** An object of Stripe and one of the ways in which it moves our balance. */
export interface Subject {
  readonly reference: string;
  readonly category: string;
}

export interface Sides extends Subject {
  readonly ledger: Side | undefined;
  readonly stripe: Side | undefined;
  readonly purchaseId: string | undefined;
}

/** What is further apart is late. A step posts within seconds; a webhook that is late by hours is no alarm. */
export const LATE_MS = 24 * 60 * 60 * 1_000;

/** We learn of these from Stripe's lines alone, and post them when we do. */
const POSTED_FROM_LINES: readonly string[] = ['fee', 'payout', 'payout_reversal'];

/** @returns undefined when the two sides agree */
export function compare({
  category,
  ledger,
  stripe,
}: Omit<Sides, 'reference' | 'purchaseId'>): DifferenceKind | undefined {
  if (ledger === undefined) return stripe === undefined || stripe.amount === 0 ? undefined : 'extra';
  if (stripe === undefined) return ledger.amount === 0 ? undefined : 'missing';
  if (ledger.currency !== stripe.currency) return 'wrong_currency';
  if (ledger.amount !== stripe.amount) return 'wrong_amount';
  if (POSTED_FROM_LINES.includes(category)) return undefined;
  const apartMs = Math.max(Math.abs(ledger.firstMs - stripe.firstMs), Math.abs(ledger.lastMs - stripe.lastMs));
  return apartMs >= LATE_MS ? 'late' : undefined;
}

/** Whether all of it is old enough to be compared: the two sides of what is being done right now meet in a moment. */
export const isSettled = ({ ledger, stripe }: Pick<Sides, 'ledger' | 'stripe'>, settledMs: number): boolean =>
  Math.max(ledger?.lastMs ?? 0, stripe?.lastMs ?? 0) < settledMs;

/** The ways in which an object of Stripe moves our balance once at the most: its one line says all of it. */
const ONCE: readonly string[] = [
  'charge',
  'refund',
  'refund_failure',
  'transfer',
  'transfer_reversal',
  'payout',
  'payout_reversal',
];

/**
 * Whether other lines, of any time, may say more about the same object. A bank withdraws and gives back as often as it
 * likes, and of one charge fees can be kept again and again: such a line, alone, can equal what was posted for another one.
 */
export const isOneOfSeveral = ({ source, category }: { readonly source: string | null; readonly category: string }) =>
  source !== null && !ONCE.includes(category);

/** One line of a side. */
export interface SideLine extends Subject {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly atMs: number;
}

export const subjectKey = ({ reference, category }: Subject): string => `${reference} ${category}`;

/** Adds up lines by their subject. Several currencies of one subject stand beside each other: they equal no single one. */
export function sidesOf(lines: readonly SideLine[]): ReadonlyMap<string, Side & Subject> {
  const sides = new Map<string, Side & Subject>();
  for (const { id, reference, category, amount, currency, atMs } of lines) {
    const key = subjectKey({ reference, category });
    const before = sides.get(key);
    sides.set(key, {
      reference,
      category,
      amount: (before?.amount ?? 0) + amount,
      currency: [...new Set([...(before?.currency.split('+') ?? []), currency])].toSorted().join('+'),
      firstMs: Math.min(before?.firstMs ?? atMs, atMs),
      lastMs: Math.max(before?.lastMs ?? atMs, atMs),
      ids: [...(before?.ids ?? []), id],
    });
  }
  return sides;
}
