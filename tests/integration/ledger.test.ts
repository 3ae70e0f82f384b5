/** The database itself keeps the ledger and the audit trail honest, whatever code runs against it. */
import { createHash, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditEntry, audit, auditTrail, canonicalJson, entryHash } from '../../platform/audit.ts';
import { type Posting, PostingConflict, post, postAll, purchaseBalances } from '../../services/transactions/index.ts';
import { type ClonedDatabase, cloneDatabase } from '../helpers/database.ts';

let clone: ClonedDatabase;
let owner: pg.Client;

beforeAll(async () => {
  clone = await cloneDatabase();
  owner = new pg.Client({ connectionString: clone.ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await clone.drop();
});

const posting = (more: Partial<Posting> = {}): Posting => ({
  source: `purchase/${randomUUID()}`,
  step: 'capturePayment',
  ordinal: 1,
  currency: 'EUR',
  purchaseId: `pur_${randomUUID()}`,
  cause: 'run',
  entries: [
    { account: 'captured', amount: 2_500 },
    { account: 'held', amount: -2_500 },
  ],
  ...more,
});
const write = (what: Posting): Promise<boolean> => clone.database.transaction((tx) => post(tx, what));

/** Writes a transaction of nobody, and then its entries in statements of their own. @param values SQL: ordinal, account, currency, amount */
const writeRaw = (...statements: readonly (readonly string[])[]): Promise<string> =>
  clone.database.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `INSERT INTO ledger.transactions (source, step, ordinal, content_hash, cause)
       VALUES ('test/' || uuidv7(), 'test', 1, sha256('x'), 'test') RETURNING id`,
    );
    const id = rows[0]?.id ?? '';
    for (const values of statements) {
      const inserted = values.map((one) => `('${id}', ${one})`).join(', ');
      await tx.query(
        `INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount) VALUES ${inserted}`,
      );
    }
    return id;
  });

/** Writes a posting, and one entry more in the same transaction. @param entry SQL: account, currency, amount */
const addTo = (what: Posting, entry: string, between: string = 'SELECT 1'): Promise<void> =>
  clone.database.transaction(async (tx) => {
    await post(tx, what);
    await tx.query(between);
    await tx.query(
      `INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount)
       SELECT id, 9, ${entry} FROM ledger.transactions WHERE source = $1`,
      [what.source],
    );
  });

describe('a posting', () => {
  test('is written once under its key, however often it comes', async () => {
    const once = posting();
    expect(await write(once)).toBe(true);
    expect(await write(once)).toBe(false);
    expect(await purchaseBalances(clone.database, once.purchaseId ?? '')).toEqual({ captured: 2_500, held: -2_500 });
  });

  test('of 20 at once under one key, one is written', async () => {
    const once = posting();
    const written = await Promise.all(Array.from({ length: 20 }, () => write(once)));
    expect(written.filter(Boolean).length).toBe(1);
  });

  test('with other figures under a known key is an alarm', async () => {
    const once = posting();
    await write(once);
    const other = posting({
      ...once,
      entries: [
        { account: 'captured', amount: 1 },
        { account: 'held', amount: -1 },
      ],
    });
    await expect(write(other)).rejects.toThrow(PostingConflict);
  });

  test('says what it came from, and what its entries stand for', async () => {
    const origin = { workflowId: 'aftercare/pur_1', causedBy: 'event/evt_1', cause: 'run-1' };
    const once = posting({
      ...origin,
      entries: [
        { account: 'captured', amount: 2_500, reference: 'ch_1' },
        { account: 'held', amount: -2_500 },
      ],
    });
    await write(once);
    const { rows } = await clone.database.query(
      `SELECT t.workflow_id, t.cause, t.caused_by, e.reference
         FROM ledger.transactions t JOIN ledger.entries e ON e.transaction_id = t.id WHERE source = $1 ORDER BY e.ordinal`,
      [once.source],
    );
    const said = { workflow_id: 'aftercare/pur_1', cause: 'run-1', caused_by: 'event/evt_1' };
    expect(rows).toEqual([
      { ...said, reference: 'ch_1' },
      { ...said, reference: null },
    ]);
  });

  test('for another object of the provider under a known key is an alarm, unless the first one named none', async () => {
    const standingFor = (reference: string | undefined, source: string): Posting =>
      posting({
        source,
        purchaseId: null,
        entries: [
          { account: 'held', amount: 2_500 },
          { account: 'refunded', amount: -2_500, ...(reference !== undefined && { reference }) },
        ],
      });
    await write(standingFor('re_1', 'purchase/a'));
    await expect(write(standingFor('re_2', 'purchase/a'))).rejects.toThrow(PostingConflict);
    await write(standingFor(undefined, 'purchase/b'));
    expect(await write(standingFor('re_1', 'purchase/b'))).toBe(false);
  });

  test.each([
    [
      'lacks a cent',
      [
        { account: 'captured', amount: 2_500 },
        { account: 'held', amount: -2_499 },
      ],
    ],
    ['has one side only', [{ account: 'captured', amount: 2_500 }]],
    ['has no entries', []],
  ] as const)('that %s is refused at commit, and nothing of it stays', async (_what, entries) => {
    const wrong = posting({ entries });
    await expect(write(wrong)).rejects.toMatchObject({ constraint: 'ledger_balance' });
    const { rows } = await clone.database.query('SELECT 1 FROM ledger.transactions WHERE source = $1', [wrong.source]);
    expect(rows).toEqual([]);
  });

  test('does not balance one currency with another', async () => {
    const attempt = addTo(posting(), `'held', 'USD', -1`);
    await expect(attempt).rejects.toMatchObject({ constraint: 'ledger_currency' });
  });

  const EUROS = [`1, 'captured', 'EUR', 1`, `2, 'held', 'EUR', -1`];

  test.each([
    ['in one statement', [[...EUROS, `3, 'captured', 'USD', 1`, `4, 'held', 'USD', -1`]]],
    ['in two', [EUROS, [`3, 'captured', 'USD', 1`, `4, 'held', 'USD', -1`]]],
    [
      'with one currency in the middle',
      [EUROS, [`3, 'held', 'EUR', 5`, `4, 'held', 'USD', 1`, `5, 'held', 'EUR', -6`]],
    ],
  ])('is in one currency, even where each sums to zero: %s', async (_how, statements) => {
    await expect(writeRaw(...statements)).rejects.toMatchObject({ constraint: 'ledger_currency' });
  });

  test('is in one currency, also where one statement inserts twice', async () => {
    const attempt = clone.database.query(
      `WITH made AS (
         INSERT INTO ledger.transactions (source, step, ordinal, content_hash, cause)
         VALUES ('test/twice', 'test', 1, sha256('x'), 'test') RETURNING id
       ), first AS (
         INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount)
         SELECT id, n, 'held', 'EUR', 3 - 2 * n FROM made, generate_series(1, 2) AS n
       )
       INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount)
       SELECT id, n, 'held', 'USD', 7 - 2 * n FROM made, generate_series(3, 4) AS n`,
    );
    await expect(attempt).rejects.toMatchObject({ constraint: 'ledger_currency' });
  });

  test.each([
    ['in one statement', [EUROS]],
    ['in two that each sum to zero', [EUROS, [`3, 'captured', 'EUR', 2`, `4, 'held', 'EUR', -2`]]],
  ])('may be written by hand as it is written by us: %s', async (_how, statements) => {
    const id = await writeRaw(...statements);
    const { rows } = await clone.database.query(
      'SELECT count(*)::int AS entries, sum(amount)::int AS total FROM ledger.entries WHERE transaction_id = $1',
      [id],
    );
    expect(rows).toEqual([{ entries: 2 * statements.length, total: 0 }]);
  });

  test.each([
    ['without entry 1', [[`2, 'captured', 'EUR', 1`, `3, 'held', 'EUR', -1`]]],
    ['with one before entry 1', [[...EUROS, `0, 'captured', 'EUR', 1`, `-1, 'held', 'EUR', -1`]]],
    ['of which entry 1 comes last', [[`2, 'captured', 'USD', 1`, `3, 'held', 'USD', -1`], EUROS]],
  ])('begins with entry 1, by which it is closed later: not one %s', async (_how, statements) => {
    await expect(writeRaw(...statements)).rejects.toMatchObject({ constraint: 'ledger_first_entry' });
  });

  test.each([
    `INSERT INTO ledger.transactions (source, step, ordinal, content_hash, cause, created_in)
     VALUES ('test/forged', 'test', 1, sha256('x'), 'test', '900000000000')`,
    `INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount, created_in)
     VALUES (uuidv7(), 1, 'held', 'EUR', 1, '3')`,
  ])('is never written as that of another database transaction: %s', async (statement) => {
    await expect(clone.database.query(statement)).rejects.toThrow(/permission denied/);
  });

  test('looks nothing up by reading a table, however small it was when the statement was planned', async () => {
    const scans = await clone.database.transaction(async (tx) => {
      for (let n = 0; n < 20; n++) await post(tx, posting());
      await tx.query('SET CONSTRAINTS ALL IMMEDIATE');
      const { rows } = await tx.query<{ relname: string; seq_scan: number }>(
        `SELECT relname, seq_scan FROM pg_stat_xact_user_tables
          WHERE schemaname IN ('ledger', 'transactions') AND seq_scan > 0`,
      );
      return rows;
    });
    expect(scans).toEqual([]);
  });

  test('has the hash of the canonical JSON of its figures, as postings of before have', async () => {
    const entries = [
      { account: 'captured', amount: 2_500, reference: 'ch_1' },
      { account: 'held', amount: -2_500 },
    ] as const;
    const once = posting({ entries });
    await write(once);
    const { rows } = await clone.database.query<{ content_hash: Buffer }>(
      'SELECT content_hash FROM ledger.transactions WHERE source = $1',
      [once.source],
    );
    const text = canonicalJson({ currency: 'EUR', purchaseId: once.purchaseId, entries });
    expect(rows[0]?.content_hash).toEqual(createHash('sha256').update(text).digest());
  });

  test.each(['ALL IMMEDIATE', 'ALL DEFERRED', 'ledger.ledger_balance IMMEDIATE'])(
    'cannot be unbalanced by an entry that comes later: SET CONSTRAINTS %s',
    async (constraints) => {
      const attempt = addTo(posting(), `'held', 'EUR', 1000`, `SET CONSTRAINTS ${constraints}`);
      await expect(attempt).rejects.toMatchObject({ constraint: 'ledger_balance' });
    },
  );

  test('without entries is refused at once where the transaction asks for it, and nothing goes on after that', async () => {
    const wrong = posting({ entries: [] });
    const attempt = clone.database.transaction(async (tx) => {
      await post(tx, wrong);
      await tx.query('SET CONSTRAINTS ALL IMMEDIATE').catch(() => {});
      await tx.query('SELECT 1');
    });
    await expect(attempt).rejects.toThrow(/current transaction is aborted/);
    const { rows } = await clone.database.query('SELECT 1 FROM ledger.transactions WHERE source = $1', [wrong.source]);
    expect(rows).toEqual([]);
  });

  test('is closed once it is committed: no entry joins it later, not even a balanced pair', async () => {
    const once = posting();
    await write(once);
    const late = owner.query(
      `INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount)
       SELECT id, 10 + n, 'held', 'EUR', n * 2 - 1 FROM ledger.transactions, generate_series(0, 1) AS n WHERE source = $1`,
      [once.source],
    );
    await expect(late).rejects.toThrow(/closed/);
  });
});

describe('a batch of postings', () => {
  const writeAll = (batch: readonly Posting[]): Promise<boolean[]> =>
    clone.database.transaction((tx) => postAll(tx, batch));

  test('is written whole, in its order, and each of it once', async () => {
    const [one, two, three] = [posting(), posting(), posting({ currency: 'JPY' })];
    await write(two);
    expect(await writeAll([one, two, three, one])).toEqual([true, false, true, false]);
    expect(await writeAll([three, two, one])).toEqual([false, false, false]);
    for (const { purchaseId } of [one, two, three]) {
      expect(await purchaseBalances(clone.database, purchaseId ?? '')).toEqual({ captured: 2_500, held: -2_500 });
    }
    expect(await writeAll([])).toEqual([]);
  });

  test.each(['known', 'in the same batch'])(
    'with other figures under a key that is %s leaves nothing behind',
    async (where) => {
      const [fresh, once] = [posting(), posting()];
      const other = { ...once, currency: 'USD' };
      if (where === 'known') await write(once);
      await expect(writeAll(where === 'known' ? [fresh, other] : [fresh, once, other])).rejects.toThrow(
        PostingConflict,
      );
      expect(await purchaseBalances(clone.database, fresh.purchaseId ?? '')).toEqual({});
    },
  );

  test('of which one is out of balance leaves nothing behind', async () => {
    const [fresh, wrong] = [posting(), posting({ entries: [{ account: 'held', amount: 1 }] })];
    await expect(writeAll([fresh, wrong])).rejects.toMatchObject({ constraint: 'ledger_balance' });
    expect(await purchaseBalances(clone.database, fresh.purchaseId ?? '')).toEqual({});
  });

  test('in other orders at once deadlocks nobody for long: each posting is there once', async () => {
    const batch = Array.from({ length: 20 }, () => posting());
    const answers = await Promise.all([writeAll(batch), writeAll(batch.toReversed()), writeAll(batch)]);
    expect(answers.flat().filter(Boolean).length).toBe(batch.length);
  });

  test('is bounded', async () => {
    await expect(writeAll(Array.from({ length: 1_001 }, () => posting()))).rejects.toThrow(RangeError);
  });
});

describe.each(['ledger.entries', 'ledger.transactions', 'audit.entries'])('%s', (table) => {
  beforeAll(async () => {
    await write(posting());
    await clone.database.transaction((tx) =>
      audit(tx, {
        subjectType: 'test',
        subjectId: randomUUID(),
        actor: { type: 'system', id: 'test' },
        action: 'test.done',
        change: {},
      }),
    );
  });

  test.each([`DELETE FROM ${table}`, `TRUNCATE ${table} CASCADE`])('refuses its owner: %s', async (statement) => {
    await expect(owner.query(statement)).rejects.toThrow(/append-only/);
  });

  test('refuses an update by its owner, and anything but reading and adding by the application', async () => {
    const { rows } = await owner.query<{ column_name: string }>(
      `SELECT column_name FROM information_schema.columns WHERE table_schema || '.' || table_name = $1 LIMIT 1`,
      [table],
    );
    const column = rows[0]?.column_name ?? '';
    await expect(owner.query(`UPDATE ${table} SET ${column} = ${column}`)).rejects.toThrow(/append-only/);
    for (const statement of [
      `UPDATE ${table} SET ${column} = ${column}`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
    ]) {
      await expect(clone.database.query(statement)).rejects.toThrow(/permission denied/);
    }
  });
});

describe('the audit trail', () => {
  test('is a chain in which each entry holds the hash of the one before', async () => {
    const subjectId = randomUUID();
    for (const action of ['test.made', 'test.changed', 'test.ended']) {
      await clone.database.transaction((tx) =>
        audit(tx, { subjectType: 'test', subjectId, actor: { type: 'user', id: 'usr_1' }, action, change: { action } }),
      );
    }
    const { rows } = await clone.database.query<{ seq: number; previous_hash: Buffer; hash: Buffer }>(
      'SELECT seq, previous_hash, hash FROM audit.entries WHERE subject_id = $1 ORDER BY seq',
      [subjectId],
    );
    const entries: AuditEntry[] = await auditTrail(clone.database, 'test', subjectId);
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    let previous = Buffer.alloc(32);
    for (const [index, entry] of entries.entries()) {
      expect(rows[index]?.previous_hash.equals(previous)).toBe(true);
      previous = entryHash(previous, entry) as Buffer<ArrayBuffer>;
      expect(rows[index]?.hash.equals(previous)).toBe(true);
    }
  });
});
