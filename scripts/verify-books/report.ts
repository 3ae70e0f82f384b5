/** The verdict as people and programs read it. */
import Table from 'cli-table3';
import type { Difference } from './facts.ts';
import type { Verdict } from './judge.ts';

/** A table longer than this is no longer read; `--json` has everything. */
const MAX_LINES = 200;
const WIDTHS = [38, 26, 40, 30, 30];

/** @returns a table of all differences; the empty text when there are none */
export function tableOf(differences: readonly Difference[]): string {
  if (differences.length === 0) return '';
  const table = new Table({
    head: ['purchase', 'rule', 'what', 'expected', 'found'],
    colWidths: WIDTHS,
    wordWrap: true,
    wrapOnWordBoundary: false,
    style: { head: [], border: [] },
  });
  for (const { purchaseId, rule, what, expected, found } of differences.slice(0, MAX_LINES)) {
    table.push([purchaseId ?? 'none', rule, what, expected, found]);
  }
  const left = differences.length - MAX_LINES;
  return left > 0 ? `${table.toString()}\n… and ${left} more: --json has all of them.` : table.toString();
}

/** In one line: how many purchases were looked at, and the first that is broken. */
export function summaryOf({ purchases, differences }: Verdict): string {
  const looked = `${purchases} ${purchases === 1 ? 'purchase' : 'purchases'} judged`;
  if (differences.length === 0) return `${looked}: no difference.`;
  const broken = new Set(differences.map(({ purchaseId }) => purchaseId).filter((id) => id !== null));
  const [first] = broken;
  const named = first === undefined ? 'what is wrong belongs to no purchase' : `the first broken purchase is ${first}`;
  return `${looked}: ${differences.length} differences in ${broken.size}; ${named}.`;
}
