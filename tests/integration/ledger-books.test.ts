/** Balances by snapshot and what came since, and the check that adds everything up anew. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../platform/ids.ts';
import {
  accountBalances,
  checkLedger,
  type LedgerCheck,
  post,
  takeSnapshot,
} from '../../services/transactions/index.ts';
import { newestSnapshot } from '../../services/transactions/ledger-balances.ts';
import { type ClonedDatabase, cloneDatabase } from '../helpers/database.ts';
import { waitFor } from '../helpers/wait-for.ts';

let clone: ClonedDatabase;
let owner: pg.Client;

beforeEach(async () => {
  clone = await cloneDatabase();
  owner = new pg.Client({ connectionString: clone.ownerUrl });
  await owner.connect();
  return async () => {
    await owner.end();
    await clone.drop();
  };
});

/** A purchase of which nothing is in the ledger, and what its row says of the captured and held money. */
async function purchaseRow(currency: string, captured = 0): Promise<string> {
  const id = newId('pur');
  await clone.database.query(
    `INSERT INTO transactions.purchases (id, buyer_id, seller_id, listing_id, quantity, currency, terms, captured, held,
       accepted_disclaimers, state, state_since, payment_status, created_at, updated_at)
     VALUES ($1, 'usr_1', 'usr_2', 'lst_1', 1, $2, '{}', $3, $3, '{}', 'held', now(), 'succeeded', now(), now())`,
    [id, currency, captured],
  );
  return id;
}

const captured = (purchaseId: string | null, amount: number, currency = 'EUR') => ({
  source: `purchase/${purchaseId ?? randomUUID()}`,
  step: 'capturePayment',
  ordinal: 1,
  currency,
  purchaseId,
  cause: 'test',
  entries: [
    { account: 'captured', amount },
    { account: 'held', amount: -amount },
  ] as const,
});
const write = (...posting: Parameters<typeof captured>): Promise<boolean> =>
  clone.database.transaction((tx) => post(tx, captured(...posting)));

const balances = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await accountBalances(clone.database, undefined, 100)).map((one) => [
      `${one.account}/${one.currency}`,
      one.balance,
    ]),
  );

/**
 * Takes snapshots until one has so many entries: whoever else writes to this server, in whatever database, holds it back
 * for as long as that takes.
 */
async function snapshotOf(entries: number): Promise<void> {
  await waitFor(
    async () => {
      await takeSnapshot(clone.database);
      return ((await newestSnapshot(clone.database))?.entries ?? 0) === entries;
    },
    { what: `a snapshot of ${entries} entries`, timeoutMs: 20_000 },
  );
}

async function checked(): Promise<LedgerCheck> {
  const check = await checkLedger(clone.database);
  if (check === 'too_long') throw new Error('it took too long');
  return check;
}

describe('a purchase', () => {
  test('is in one currency in the ledger, too; what Stripe keeps for it may be in another one', async () => {
    const id = await purchaseRow('EUR', 500);
    await expect(write(id, 500, 'USD')).rejects.toMatchObject({ constraint: 'ledger_currency' });
    await write(id, 500);
    const fee = [
      { account: 'stripeFees', amount: 40 },
      { account: 'stripeFeesPaid', amount: -40 },
    ] as const;
    await clone.database.transaction((tx) => post(tx, { ...captured(id, 40, 'USD'), step: 'stripeFee', entries: fee }));
    expect((await checked()).differences).toEqual([]);
  });
});

describe('balances', () => {
  test('are those of the newest snapshot and of what came since', async () => {
    expect(await balances()).toEqual({});
    expect(await takeSnapshot(clone.database)).toBe(0);
    await write(null, 100);
    await write(null, 7, 'USD');
    expect(await balances()).toEqual({ 'captured/EUR': 100, 'held/EUR': -100, 'captured/USD': 7, 'held/USD': -7 });
    await snapshotOf(4);
    await write(null, 20);
    const now = { 'captured/EUR': 120, 'held/EUR': -120, 'captured/USD': 7, 'held/USD': -7 };
    expect(await balances()).toEqual(now);
    await snapshotOf(6);
    expect(await takeSnapshot(clone.database)).toBe(0);
    expect(await balances()).toEqual(now);
  });

  test('come in pages, each account once', async () => {
    await write(null, 100);
    await snapshotOf(2);
    await write(null, 7, 'USD');
    const seen: string[] = [];
    for (let after: string | undefined; ; ) {
      const [one] = await accountBalances(clone.database, after, 1);
      if (one === undefined) break;
      after = `${one.account}/${one.currency}`;
      seen.push(after);
    }
    expect(seen).toEqual(['captured/EUR', 'captured/USD', 'held/EUR', 'held/USD']);
  });

  test('lose nothing that began before a snapshot and is committed after it', async () => {
    await write(null, 1);
    const slow = await clone.database.connect();
    try {
      await slow.query('BEGIN');
      await post({ isTransaction: true, query: (query, values) => slow.query(query, values) }, captured(null, 10));
      // Later numbers are committed, and may not be in a snapshot that the slow one could not be in.
      await write(null, 100);
      await snapshotOf(2);
      expect(await balances()).toEqual({ 'captured/EUR': 101, 'held/EUR': -101 });
      await slow.query('COMMIT');
      expect(await balances()).toEqual({ 'captured/EUR': 111, 'held/EUR': -111 });
      await snapshotOf(6);
      expect(await balances()).toEqual({ 'captured/EUR': 111, 'held/EUR': -111 });
    } finally {
      await slow.end();
    }
  });

  test('are right while many post and snapshots are taken', async () => {
    const posting = Array.from({ length: 4 }, async () => {
      for (let n = 0; n < 50; n++) await write(null, 3);
    });
    const taking = (async () => {
      // As long as the posters take, and some.
      for (let n = 0; n < 100; n++) await takeSnapshot(clone.database);
    })();
    await Promise.all([...posting, taking]);
    expect(await balances()).toEqual({ 'captured/EUR': 600, 'held/EUR': -600 });
    await snapshotOf(400);
    expect((await checked()).differences.filter(({ kind }) => kind === 'snapshot')).toEqual([]);
  });

  test('do without the snapshot of another server, whose time has not come here yet', async () => {
    await write(null, 100);
    await owner.query("INSERT INTO ledger.snapshots (before, entries) VALUES ('900000000000', 2)");
    expect(await balances()).toEqual({ 'captured/EUR': 100, 'held/EUR': -100 });
  });
});

describe('the check', () => {
  test('of good books finds nothing, and says what it has read', async () => {
    await write(await purchaseRow('EUR', 2_500), 2_500);
    await write(await purchaseRow('JPY', 300), 300, 'JPY');
    await snapshotOf(4);
    expect(await checked()).toMatchObject({
      transactions: 2,
      entries: 4,
      purchases: 2,
      sums: [
        { currency: 'EUR', debits: 2_500, credits: 2_500 },
        { currency: 'JPY', debits: 300, credits: 300 },
      ],
      differences: [],
    });
  });

  test('names the purchase whose row says something else, also when the sums are equal', async () => {
    const [one, other, none] = [
      await purchaseRow('EUR', 300),
      await purchaseRow('EUR', 100),
      await purchaseRow('EUR', 5),
    ];
    await write(one, 100);
    await write(other, 300);
    const { differences } = await checked();
    const of = (id: string, ledger: number, expected: number) =>
      ['captured', 'held'].map((account) =>
        expect.objectContaining({ kind: 'purchase', purchaseId: id, account, currency: 'EUR', ledger, expected }),
      );
    expect(differences).toHaveLength(6);
    expect(differences).toEqual(
      expect.arrayContaining([...of(one, 100, 300), ...of(other, 300, 100), ...of(none, 0, 5)]),
    );
  });

  test('finds what somebody did to the tables with the triggers off', async () => {
    const id = await purchaseRow('EUR', 2_500);
    await write(id, 2_500);
    await snapshotOf(2);
    await owner.query('ALTER TABLE ledger.entries DISABLE TRIGGER USER');
    await owner.query(`UPDATE ledger.entries SET amount = -2400 WHERE account = 'held'`);
    const kinds = (await checked()).differences.map(({ kind, purchaseId, account }) => [kind, purchaseId, account]);
    expect(kinds).toEqual([
      ['transaction', id, null],
      ['equation', id, null],
      ['purchase', id, 'held'],
      ['snapshot', null, 'held'],
    ]);
    await owner.query(
      `UPDATE ledger.entries SET amount = -2500, account = 'pocket', currency = 'USD' WHERE amount < 0`,
    );
    const more = new Set((await checked()).differences.map(({ kind }) => kind));
    expect(more).toEqual(new Set(['transaction', 'equation', 'purchase', 'account', 'snapshot']));
    await owner.query(`UPDATE ledger.entries SET account = 'held' WHERE amount < 0`);
    expect(new Set((await checked()).differences.map(({ kind }) => kind))).toContain('currency');
    await owner.query('DELETE FROM ledger.entries');
    expect((await checked()).differences).toContainEqual(expect.objectContaining({ kind: 'transaction', ledger: 0 }));
  });

  test('takes no snapshot on trust', async () => {
    await write(await purchaseRow('EUR', 100), 100);
    await snapshotOf(2);
    await owner.query(`UPDATE ledger.snapshot_balances SET balance = 90 WHERE account = 'captured'`);
    expect((await checked()).differences).toEqual([
      expect.objectContaining({ kind: 'snapshot', account: 'captured', currency: 'EUR', ledger: 100, expected: 90 }),
    ]);
  });
});

test('the application cannot switch the triggers off, nor change a snapshot', async () => {
  for (const statement of [
    'ALTER TABLE ledger.entries DISABLE TRIGGER ALL',
    'DROP TRIGGER right_entries ON ledger.entries',
    'SET session_replication_role = replica',
    'UPDATE ledger.snapshots SET entries = 0',
    'UPDATE ledger.snapshot_balances SET balance = 0',
  ]) {
    await expect(clone.database.query(statement), statement).rejects.toThrow(/must be owner|permission denied/);
  }
});
