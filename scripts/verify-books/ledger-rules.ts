/** The ledger of a purchase by itself, and against its row. */
import {
  balancesAfterEach,
  type CommissionRate,
  commissionOn,
  finalBalances,
  imbalance,
  PURCHASE_ACCOUNTS,
  sum,
} from './arithmetic.ts';
import type { PurchaseFacts } from './facts.ts';
import type { Finding, Rule } from './rules.ts';
import { type Chapter, chaptersOf, leftIn } from './story.ts';

const differing = (what: string, expected: bigint | string, found: bigint | string): Finding[] =>
  expected === found ? [] : [{ what, expected: String(expected), found: String(found) }];

/** Each ledger transaction adds up to nothing in each currency. */
const sumsToZero: Rule = ({ ledger }) =>
  ledger.flatMap(({ id, step, entries }) =>
    [...new Set(entries.map(({ currency }) => currency))].flatMap((currency) => {
      const total = sum(entries.filter((entry) => entry.currency === currency).map(({ amount }) => amount));
      return differing(`ledger transaction ${id} (${step}) in ${currency}`, 0n, total);
    }),
  );

/** A purchase's own accounts are in its currency. */
const oneCurrency: Rule = ({ row, ledger }) =>
  ledger.flatMap(({ id, step, entries }) =>
    entries
      .filter(({ account, currency }) => PURCHASE_ACCOUNTS.includes(account) && currency !== row.currency)
      .flatMap(({ account, currency }) =>
        differing(`${account} in ledger transaction ${id} (${step})`, row.currency, currency),
      ),
  );

/** At every moment: the money equation holds, and no account is below nothing. */
const everyMoment: Rule = ({ ledger }) =>
  balancesAfterEach(ledger).flatMap(({ step, balances }) => [
    ...differing(`the money equation after ${step}`, 0n, imbalance(balances)),
    ...Object.entries(balances)
      .filter(([, balance]) => balance < 0n)
      .map(([account, balance]) => ({
        what: `${account} after ${step}`,
        expected: '0 or more',
        found: String(balance),
      })),
  ]);

/** The row says what the ledger says. */
const rowEqualsLedger: Rule = ({ row, ledger }) => {
  const balances = finalBalances(ledger);
  return PURCHASE_ACCOUNTS.flatMap((account) =>
    differing(`${account} in the row`, balances[account] ?? 0n, row.books[account] ?? 0n),
  );
};

/** The commission is what was agreed, of what the seller has got gross, after every step. */
const commission: Rule = (facts) => {
  const rate = agreedRate(facts.row.terms);
  if (rate === undefined) {
    return [{ what: 'the agreed commission', expected: 'whole numbers', found: JSON.stringify(facts.row.terms) }];
  }
  return chaptersOf(facts).flatMap((chapter) => {
    const { fees = 0n } = chapter.after;
    const { least, most } = grossOf(chapter);
    const [from, to] = [commissionOn(least, rate), commissionOn(most, rate)];
    if (from <= fees && fees <= to) return [];
    return differing(`fees after ${chapter.step}`, from === to ? String(from) : `${from} to ${to}`, String(fees));
  });
};

/**
 * What the seller has got gross. What Wellpact put in for them, they have got no more; what it put in while a bank has the
 * money, they have still got, until that is settled.
 */
function grossOf({ after, pending }: Chapter): { readonly least: bigint; readonly most: bigint } {
  const released = leftIn(after, true);
  const atLeast = (amount: bigint): bigint => (amount > 0n ? amount : 0n);
  return { least: atLeast(released), most: atLeast(released + sum(pending.values())) };
}

function agreedRate(terms: Readonly<Record<string, unknown>>): CommissionRate | undefined {
  const whole = (value: unknown): value is number => Number.isSafeInteger(value);
  const { commissionBasisPoints: basisPoints, commissionMinimum: minimum = 0, commissionMaximum: maximum } = terms;
  if (!whole(basisPoints) || !whole(minimum) || !(maximum === undefined || whole(maximum))) return undefined;
  return {
    basisPoints: BigInt(basisPoints),
    minimum: BigInt(minimum),
    maximum: maximum === undefined ? undefined : BigInt(maximum),
  };
}

/** Ledger transactions of a purchase come from its workflow or its aftercare, each step's posting once. */
const source: Rule = ({ row, ledger }: PurchaseFacts) => [
  ...ledger.flatMap(({ id, source: from }) =>
    [`purchase/${row.id}`, `aftercare/${row.id}`].includes(from)
      ? []
      : differing(`the source of ledger transaction ${id}`, `purchase/${row.id}`, from),
  ),
  ...twice(ledger.map(({ source: from, step, ordinal }) => `${from} ${step} ${ordinal}`)).flatMap((posting) =>
    differing(`postings of ${posting}`, '1', 'several'),
  ),
];

const twice = (keys: readonly string[]): string[] => [
  ...new Set(keys.filter((key, index) => keys.indexOf(key) !== index)),
];

export const ledgerRules = {
  transaction_sums_to_zero: sumsToZero,
  one_currency: oneCurrency,
  equation_at_every_moment: everyMoment,
  row_equals_ledger: rowEqualsLedger,
  commission_as_agreed: commission,
  posted_once: source,
} as const satisfies Readonly<Record<string, Rule>>;
