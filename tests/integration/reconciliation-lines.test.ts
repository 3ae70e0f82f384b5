/** What Stripe shows in several lines, on several pages, in several periods, is compared as a whole with what we have posted. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createReconciliationActivities, type Period } from '../../activities/reconciliation.ts';
import { reconciliationWorkflowId } from '../../contracts/reconciliation.ts';
import { newId } from '../../platform/ids.ts';
import type { BalanceLine, BalanceLineFilter, Payments } from '../../providers/payments.ts';
import { type Counts, differencesOf, insertRun } from '../../services/reconciliations/index.ts';
import { type ClonedDatabase, cloneDatabase } from '../helpers/database.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const FIRST_DAY_MS = Date.parse('2026-03-01T00:00:00Z');
/** The middle of a day, counted from the first. */
const noon = (day: number): number => FIRST_DAY_MS + (day + 0.5) * DAY_MS;
const NOTHING: Counts = { pages: 0, lines: 0, postings: 0, differences: 0, settled: 0, posted: 0 };

let clone: ClonedDatabase;
beforeEach(async () => {
  clone = await cloneDatabase();
});
afterEach(() => clone.drop());

interface Line extends Partial<BalanceLine> {
  readonly source: string;
  readonly category: string;
  readonly amount: number;
  readonly day: number;
}

/** Stripe's list of our balance, newest first, a few lines a page. */
function stripeWith(lines: readonly Line[], pageSize: number) {
  const asked: string[] = [];
  const shown = lines
    .map(
      ({ day, ...line }, index): BalanceLine => ({
        id: `txn_${index}`,
        fee: 0,
        currency: 'EUR',
        createdMs: noon(day),
        ...line,
      }),
    )
    .toReversed();
  const isIn = (filter: BalanceLineFilter) => (line: BalanceLine) =>
    'source' in filter
      ? line.source === filter.source
      : line.createdMs >= filter.fromMs && line.createdMs < filter.untilMs;
  const listBalanceLines: Payments['listBalanceLines'] = async (filter) => {
    if ('source' in filter) asked.push(filter.source);
    const found = shown.filter(isIn(filter));
    const from = filter.after === undefined ? 0 : found.findIndex(({ id }) => id === filter.after) + 1;
    return { lines: found.slice(from, from + pageSize), hasMore: from + pageSize < found.length };
  };
  return { asked, payments: { listBalanceLines, getBalanceLine: async () => undefined } as unknown as Payments };
}

/** What is posted about an object of Stripe: what our balance there gains by it, minor units. */
async function posted(reference: string, account: string, amount: number, day: number): Promise<void> {
  await clone.database.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `INSERT INTO ledger.transactions (source, step, ordinal, content_hash, cause, posted_at)
       VALUES ($1, 'planted', 1, sha256('planted'), 'test', $2) RETURNING id`,
      [`planted/${newId('rec')}`, new Date(noon(day))],
    );
    await tx.query(
      `INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount, reference)
       VALUES ($1, 1, $2, 'EUR', $3, $4), ($1, 2, 'held', 'EUR', -$3::bigint, NULL)`,
      [rows[0]?.id, account, amount, reference],
    );
  });
}

/** One reconciliation of the days from `from` up to `until`. @returns what differs, as `<reference> <category> <kind>` */
async function reconciled(payments: Payments, from: number, until: number): Promise<string[]> {
  const id = newId('rec');
  const period: Period = {
    id,
    fromMs: FIRST_DAY_MS + from * DAY_MS,
    untilMs: FIRST_DAY_MS + until * DAY_MS,
    settledMs: FIRST_DAY_MS + until * DAY_MS,
  };
  await insertRun(clone.database, {
    id,
    workflowId: reconciliationWorkflowId(id),
    requestedBy: null,
    fromAt: new Date(period.fromMs),
    untilAt: new Date(period.untilMs),
    settledAt: new Date(period.settledMs),
  });
  const steps = createReconciliationActivities({ database: clone.database, payments });
  const run = (name: 'compareStripeLines' | 'compareLedgerPostings') =>
    new MockActivityEnvironment().run(() => steps[name]({ period, after: undefined, counts: NOTHING }));
  await run('compareStripeLines');
  await run('compareLedgerPostings');
  const found = await differencesOf(clone.database, id, 100);
  return found.map(({ reference, category, kind }) => `${reference} ${category} ${kind}`);
}

test.each([
  { how: 'weeks apart', again: 40, pageSize: 100, from: 39, until: 42 },
  { how: 'on two pages of one period', again: 1, pageSize: 1, from: 0, until: 3 },
  { how: 'on one page', again: 1, pageSize: 100, from: 0, until: 3 },
])('a second withdrawal of the same amount, of which we have heard nothing, $how', async (one) => {
  const reference = `du_${newId('rec')}`;
  const withdrawal = { source: reference, category: 'dispute', amount: -2_500 };
  await posted(reference, 'chargedBack', -2_500, 0);
  const { payments } = stripeWith(
    [
      { ...withdrawal, day: 0 },
      { ...withdrawal, day: one.again },
    ],
    one.pageSize,
  );
  expect(await reconciled(payments, one.from, one.until)).toEqual([`${reference} dispute wrong_amount`]);
  // Also when a run before has looked at it, and it is looked at anew.
  expect(await reconciled(payments, one.from, one.until)).toEqual([`${reference} dispute wrong_amount`]);
});

test('both withdrawals are booked: nothing differs, whichever of them a period shows', async () => {
  const reference = `du_${newId('rec')}`;
  const withdrawal = { source: reference, category: 'dispute', amount: -2_500 };
  for (const day of [0, 40]) await posted(reference, 'chargedBack', -2_500, day);
  const { payments } = stripeWith(
    [
      { ...withdrawal, day: 0 },
      { ...withdrawal, day: 40 },
    ],
    100,
  );
  expect(await reconciled(payments, 0, 3)).toEqual([]);
  expect(await reconciled(payments, 39, 42)).toEqual([]);
});

test('a fee that is kept of a charge once more, as high as the first', async () => {
  const reference = `ch_${newId('rec')}`;
  await posted(reference, 'captured', 2_500, 0);
  await posted(reference, 'stripeFeesPaid', -55, 0);
  const lines = [
    { source: reference, category: 'charge', amount: 2_500, fee: 55, day: 0 },
    { source: reference, category: 'fee', amount: -55, day: 40 },
  ];
  const { payments } = stripeWith(lines, 100);
  expect(await reconciled(payments, 39, 42)).toEqual([`${reference} fee wrong_amount`]);
});

test('asked is only about what can have several lines, and once for a page', async () => {
  const [dispute, charge] = [`du_${newId('rec')}`, `ch_${newId('rec')}`];
  await posted(dispute, 'chargedBack', -2_500, 0);
  await posted(dispute, 'chargedBack', 2_500, 1);
  await posted(charge, 'captured', 2_500, 0);
  const lines = [
    { source: charge, category: 'charge', amount: 2_500, day: 0 },
    { source: dispute, category: 'dispute', amount: -2_500, day: 0 },
    { source: dispute, category: 'dispute_reversal', amount: 2_500, day: 1 },
  ];
  const { asked, payments } = stripeWith(lines, 100);
  expect(await reconciled(payments, 0, 3)).toEqual([]);
  expect(asked).toEqual([dispute]);
});
