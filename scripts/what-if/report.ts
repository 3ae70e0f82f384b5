/** The comparison as people and spreadsheets read it. */
import Table from 'cli-table3';
import type { Outcome } from '../../services/transactions/what-if-rules.ts';
import { type Compared, type Comparison, isSame } from './compare.ts';

const PLAIN = { head: [], border: [] };
const SIDES = ['buyer', 'seller', 'commission'] as const;

/** How purchases would end otherwise, and whose money that is. */
export function tablesOf({ compared }: Comparison): string[] {
  const changed = compared.filter(({ was, wouldBe }) => !isSame(was, wouldBe));
  if (changed.length === 0) return [];
  return [outcomesOf(changed), moneyOf(compared)];
}

function outcomesOf(changed: readonly Compared[]): string {
  const groups = new Map<string, Compared[]>();
  for (const one of changed) {
    const key = `${one.was.state}\t${one.wouldBe.state}\t${one.currency}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const table = new Table({
    head: ['ended as', 'would end as', 'purchases', 'currency', 'buyers pay', 'sellers get', 'commission'],
    colAligns: ['left', 'left', 'right', 'left', 'right', 'right', 'right'],
    style: PLAIN,
  });
  for (const [key, group] of [...groups].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const [was = '', wouldBe = '', currency = ''] = key.split('\t');
    table.push([was, wouldBe, group.length, currency, ...SIDES.map((side) => signed(differenceOf(group, side)))]);
  }
  return table.toString();
}

/** All that was compared, by currency: what it came to, and what it would come to. */
function moneyOf(compared: readonly Compared[]): string {
  const table = new Table({
    head: ['currency', '', 'was', 'would be', 'difference'],
    colAligns: ['left', 'left', 'right', 'right', 'right'],
    style: PLAIN,
  });
  const currencies = [...new Set(compared.map(({ currency }) => currency))].sort();
  for (const currency of currencies) {
    const ofCurrency = compared.filter((one) => one.currency === currency);
    for (const side of SIDES) {
      const was = sumOf(ofCurrency, ({ was }) => was[side]);
      const wouldBe = sumOf(ofCurrency, (one) => one.wouldBe[side]);
      table.push([currency, WORDS[side], money(was), money(wouldBe), signed(wouldBe - was)]);
    }
  }
  return table.toString();
}

const WORDS = { buyer: 'buyers pay', seller: 'sellers get', commission: 'commission' } as const;

export function summaryOf({ policyVersion, compared, notArchived, notReproduced, notRun }: Comparison): string {
  const changed = compared.filter(({ was, wouldBe }) => !isSame(was, wouldBe)).length;
  const refused = compared.filter(({ refused: some }) => some.length > 0).length;
  return [
    `Under policy ${policyVersion}, ${changed} of ${compared.length} purchases would have ended otherwise; amounts are in major units.`,
    ...(refused > 0 ? [`In ${refused} of them somebody did what they could not have done.`] : []),
    ...(notRun.disputes > 0
      ? [
          `${notRun.disputes} disputes were led under another ${notRun.keys.join(', ')}: that is not run again, so when they were decided, and by whom, stays as it was.`,
        ]
      : []),
    ...(notArchived > 0
      ? [`${notArchived} more ended before what their rules saw was kept: nothing is known of them.`]
      : []),
    ...(notReproduced.length > 0
      ? [
          `${notReproduced.length} more do not come to their own end when run again and are left out: ${named(notReproduced)}.`,
        ]
      : []),
  ].join('\n');
}

const MAX_NAMED = 10;
const named = (ids: readonly string[]): string =>
  `${ids.slice(0, MAX_NAMED).join(', ')}${ids.length > MAX_NAMED ? ', …' : ''}`;

/** A line for each purchase; amounts in minor units. */
export function csvOf({ compared }: Comparison): string {
  const columns = (prefix: string): string[] => ['state', ...SIDES].map((name) => `${prefix}_${name}`);
  const values = (outcome: Outcome): (string | number)[] => [outcome.state, ...SIDES.map((side) => outcome[side])];
  const lines = compared.map(({ purchaseId, currency, was, wouldBe, refused }) =>
    [
      purchaseId,
      currency,
      ...values(was),
      ...values(wouldBe),
      isSame(was, wouldBe) ? 'no' : 'yes',
      refused.join(' '),
    ].join(),
  );
  const head = ['purchase', 'currency', ...columns('was'), ...columns('would_be'), 'changes', 'not_possible'].join();
  return `${[head, ...lines].join('\r\n')}\r\n`;
}

const sumOf = (all: readonly Compared[], of: (one: Compared) => number): number =>
  all.reduce((sum, one) => sum + of(one), 0);
const differenceOf = (all: readonly Compared[], side: (typeof SIDES)[number]): number =>
  sumOf(all, ({ was, wouldBe }) => wouldBe[side] - was[side]);

/** Every currency that Wellpact settles in has two decimals. */
function money(amountMinor: number): string {
  const digits = String(Math.abs(amountMinor)).padStart(3, '0');
  return `${amountMinor < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
const signed = (amountMinor: number): string => (amountMinor > 0 ? `+${money(amountMinor)}` : money(amountMinor));
