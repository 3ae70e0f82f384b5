/** The ledger of a purchase by itself, and against its row. */
import { balancesAfterEach, commissionOn, finalBalances, imbalance, PURCHASE_ACCOUNTS, sum } from './arithmetic.ts';
import type { PurchaseFacts } from './facts.ts';
import type { Finding, Rule } from './rules.ts';

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

/** The commission is what was agreed, of what the seller has got gross, after every ledger transaction. */
const commission: Rule = (facts) => {
  const basisPoints = facts.row.terms['commissionBasisPoints'];
  if (typeof basisPoints !== 'number' || !Number.isSafeInteger(basisPoints)) {
    return [{ what: 'the agreed commission', expected: 'basis points', found: String(basisPoints) }];
  }
  return balancesAfterEach(facts.ledger).flatMap(({ step, balances }) => {
    const { payable = 0n, transferred = 0n, recovered = 0n, advanced = 0n, fees = 0n } = balances;
    const gross = payable + transferred + recovered - advanced + fees;
    return differing(`fees after ${step}`, commissionOn(gross, BigInt(basisPoints)), fees);
  });
};

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
