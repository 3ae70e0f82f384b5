/**
 * What the ledger costs: a posting against two bare rows, many at once against one by one, and everything at a million
 * rows against ten thousand. Both sides write to the same PostgreSQL, in transactions of the same kind.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { type Database, openDatabase } from '../platform/database.ts';
import { newId } from '../platform/ids.ts';
import { createLogger } from '../platform/logging.ts';
import { migrate } from '../platform/migrate.ts';
import { ensureDatabase, roleOf } from '../scripts/stack/databases.ts';
import type { Stack } from '../scripts/stack/types.ts';
import {
  accountBalances,
  type Posting,
  post,
  postAll,
  purchaseBalances,
  takeSnapshot,
} from '../services/transactions/index.ts';
import type { BenchContext, Benchmark, Result } from './bench.ts';
import { cpuSeconds } from './measure.ts';
import { type Figures, inTurns, ratioOf } from './rounds.ts';

/** In one round, over so many connections. */
const POSTINGS = 1_000;
const CONNECTIONS = 4;
const BATCH = 50;
const READS = 500;
const ROWS = { many: 1_000_000, few: 10_000 } as const;

const posting = (purchaseId: string = newId('pur')): Posting => ({
  source: `purchase/${purchaseId}`,
  step: 'capturePayment',
  ordinal: 1,
  currency: 'EUR',
  purchaseId,
  cause: 'bench',
  workflowId: `purchase/${purchaseId}`,
  causedBy: 'update/bench',
  entries: [
    { account: 'captured', amount: 2_500, reference: `ch_${purchaseId}` },
    { account: 'held', amount: -2_500 },
  ],
});

export const ledgerPosting: Benchmark = {
  name: 'ledger',
  about: `a posting, against an INSERT of two bare rows; ${BATCH} at once, against one by one`,
  needs: 'temporal',
  run: (context) =>
    withLedgers(context, { ours: 0 }, async ({ ours }) => {
      await ours.owner.query(`CREATE SCHEMA bench`);
      await ours.owner.query(
        `CREATE TABLE bench.entries (id uuid PRIMARY KEY DEFAULT uuidv7(), source text NOT NULL, account text NOT NULL,
           currency text NOT NULL, amount bigint NOT NULL)`,
      );
      await ours.owner.query(`GRANT USAGE ON SCHEMA bench TO ${ours.role}`);
      await ours.owner.query(`GRANT INSERT ON bench.entries TO ${ours.role}`);
      const { database } = ours;
      const single = () => doing(context.stack, POSTINGS, () => database.transaction((tx) => post(tx, posting())));
      const bare = () =>
        doing(context.stack, POSTINGS, () =>
          database.transaction((tx) =>
            tx.query({
              name: 'bench_two_rows',
              text: `INSERT INTO bench.entries (source, account, currency, amount)
                     VALUES ($1, 'captured', 'EUR', $2), ($1, 'held', 'EUR', -$2::bigint)`,
              values: [randomUUID(), 2_500],
            }),
          ),
        );
      const batched = async (): Promise<Figures> => {
        const many = () => Array.from({ length: BATCH }, () => posting());
        const done = await doing(context.stack, POSTINGS / BATCH, () =>
          database.transaction((tx) => postAll(tx, many())),
        );
        return { perSecond: done.perSecond * BATCH };
      };
      const singles = await inTurns(
        { name: 'ours', round: single },
        { name: 'bare', round: bare },
        progressOf(context, 'a posting'),
      );
      const batches = await inTurns(
        { name: 'ours', round: batched },
        { name: 'single', round: single },
        progressOf(context, 'a batch'),
      );
      return [
        {
          name: 'a posting ÷ two bare rows, a second',
          unit: '/s',
          ratio: ratioOf(singles, 'perSecond'),
          bound: { atLeast: 0.6 },
        },
        { name: 'CPU of a posting ÷ of two bare rows', unit: 'ms', ratio: ratioOf(singles, 'cpuMs') },
        {
          name: `postings ${BATCH} at once ÷ one by one, a second`,
          unit: '/s',
          ratio: ratioOf(batches, 'perSecond'),
          bound: { atLeast: 3 },
        },
      ];
    }),
};

export const ledgerSize: Benchmark = {
  name: 'rows',
  about: 'posting and reading at a million ledger rows, against ten thousand (planted by SQL)',
  needs: 'temporal',
  run: (context) =>
    withLedgers(context, ROWS, async ({ many, few }) => {
      const { stack } = context;
      const contestant = ({ database }: Ledger) => ({
        name: database === many.database ? 'many' : 'few',
        round: async (): Promise<Figures> => {
          const purchaseId = newId('pur');
          await database.transaction((tx) => post(tx, posting(purchaseId)));
          const posted = await doing(stack, POSTINGS, () => database.transaction((tx) => post(tx, posting())));
          const snapshotMs = await took(() => takeSnapshot(database));
          const balances = await doing(stack, READS, () => accountBalances(database, undefined, 100));
          const purchase = await doing(stack, READS, () => purchaseBalances(database, purchaseId));
          return { postMs: posted.cpuMs, balancesMs: balances.cpuMs, purchaseMs: purchase.cpuMs, snapshotMs };
        },
      });
      const rounds = await inTurns(contestant(many), contestant(few), progressOf(context, 'rows'));
      const of = (name: string, figure: string, bound?: Result['bound']): Result => ({
        name: `${name}, at 1,000,000 rows ÷ at 10,000`,
        unit: 'ms',
        ratio: ratioOf(rounds, figure),
        ...(bound && { bound }),
      });
      const bound = { atMost: 1.2 };
      return [
        of('CPU of a posting', 'postMs', bound),
        of('CPU of all balances', 'balancesMs', bound),
        of("CPU of a purchase's balances", 'purchaseMs', bound),
        // Once every five minutes, and too short to count its CPU: shown by the clock.
        of(`a snapshot of ${POSTINGS} postings`, 'snapshotMs'),
      ];
    }),
};

const progressOf = ({ rounds, onProgress }: BenchContext, name: string) => ({
  rounds,
  onRound: (done: number, of: number) => onProgress(`${name}: ${done === 0 ? 'warm' : `round ${done} of ${of}`}`),
});

async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Does something so often, by all connections at once. CPU is that of PostgreSQL and of this process. */
async function doing(stack: Stack, times: number, work: () => Promise<unknown>) {
  let left = times;
  const connection = async (): Promise<void> => {
    while (left-- > 0) await work();
  };
  const pids = [process.pid, stack.pidOf('postgres') ?? 0].filter((pid) => pid !== 0);
  const cpuBefore = cpuSeconds(pids);
  const ms = await took(() => Promise.all(Array.from({ length: CONNECTIONS }, connection)));
  return { perSecond: (times * 1_000) / ms, cpuMs: ((cpuSeconds(pids) - cpuBefore) * 1_000) / times };
}

interface Ledger {
  readonly database: Database;
  readonly owner: pg.Client;
  /** The application's role. */
  readonly role: string;
}

/** Ledgers in databases of their own, each with so many rows. */
async function withLedgers<Name extends string, T>(
  { stack, onProgress }: BenchContext,
  rows: Readonly<Record<Name, number>>,
  work: (ledgers: Readonly<Record<Name, Ledger>>) => Promise<T>,
): Promise<T> {
  const ledgers: Partial<Record<Name, Ledger>> = {};
  try {
    for (const name of Object.keys(rows) as Name[]) {
      ledgers[name] = await openLedger(stack, `bench_${name}_${process.hrtime.bigint()}`);
      if (rows[name] === 0) continue;
      onProgress(`planting ${rows[name]} ledger rows`);
      await plant(ledgers[name], rows[name]);
    }
    return await work(ledgers as Readonly<Record<Name, Ledger>>);
  } finally {
    for (const ledger of Object.values<Ledger | undefined>(ledgers)) {
      await ledger?.database.close();
      await ledger?.owner.end();
    }
  }
}

async function openLedger({ databases }: Stack, name: string): Promise<Ledger> {
  const superuser = new pg.Client({ connectionString: databases.superuser });
  await superuser.connect();
  try {
    await ensureDatabase(superuser, name, roleOf(databases.owner));
  } finally {
    await superuser.end();
  }
  const at = (url: string): string => {
    const there = new URL(url);
    there.pathname = `/${name}`;
    return there.href;
  };
  const role = roleOf(databases.app);
  await migrate(at(databases.owner), role);
  const owner = new pg.Client({ connectionString: at(databases.owner) });
  await owner.connect();
  const log = createLogger({ role: 'bench', level: 'error' });
  const url = at(databases.app);
  return {
    owner,
    role,
    database: openDatabase({ url, maxConnections: CONNECTIONS, applicationName: 'wellpact-bench', log }),
  };
}

/** Rows as postings make them, two for each purchase, and the snapshot that the relay would have taken of them. */
async function plant({ owner, database }: Ledger, rows: number): Promise<void> {
  for (const table of ['transactions', 'entries']) {
    await owner.query(`ALTER TABLE ledger.${table} DISABLE TRIGGER USER`);
  }
  await owner.query(
    `WITH made AS (
       INSERT INTO ledger.transactions (source, step, ordinal, content_hash, cause, workflow_id, caused_by)
       SELECT 'purchase/pur_' || md5(n::text), 'capturePayment', 1, sha256(n::text::bytea), 'planted', 'planted', 'planted'
         FROM generate_series(1, $1::int / 2) AS n
       RETURNING id, source
     )
     INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount, purchase_id, reference)
     SELECT id, side, (ARRAY['captured', 'held'])[side], 'EUR', (ARRAY[2500, -2500])[side], substr(source, 10),
            CASE side WHEN 1 THEN 'ch_' || substr(source, 14) END
       FROM made, generate_series(1, 2) AS side`,
    [rows],
  );
  for (const table of ['transactions', 'entries']) {
    await owner.query(`ALTER TABLE ledger.${table} ENABLE TRIGGER USER`);
    await owner.query(`VACUUM ANALYZE ledger.${table}`);
  }
  await takeSnapshot(database);
}
