/**
 * Kills a process at a named point of a side effect. One death is shared by all side effects that are under way: each
 * waits at its own place of the same kind, which is known by looking, never by waiting for so long.
 */

import pg from 'pg';
import { expect } from 'vitest';
import { request } from './client.ts';
import { sandboxLog } from './purchases.ts';
import { kill, stack } from './stack.ts';
import { allAnswer, waitFor } from './wait-for.ts';

export const POINTS = [
  'before_send',
  'after_send_before_reply',
  'after_reply_before_commit',
  'after_commit_before_ack',
] as const;
export type Point = (typeof POINTS)[number];

/** A request of Stripe's API. */
export interface StripeCall {
  readonly method: 'GET' | 'POST';
  /** As Stripe documents it. */
  readonly path: string;
  /** The kind of the line in the sandbox's log once it is done; undefined when it changes nothing. */
  readonly logged: string | undefined;
  /** How many of that kind there are before. */
  readonly loggedBefore?: number;
}

/** A side effect that is about to happen. */
export interface Scene {
  /** The activity. */
  readonly step: string;
  /** Undefined for a step that needs the database alone: it has no points before its commit but that one. */
  readonly asks: StripeCall | undefined;
  readonly listingId: string;
  /** Undefined as long as the purchase is not there. */
  readonly purchaseId: string | undefined;
  /** Lets it happen. @returns the status that who asked for it got in the end; undefined when nobody asked us */
  readonly go: () => Promise<number | undefined>;
}

/** The points at which a process can die in a step. */
export const pointsOf = ({ asks }: Pick<Scene, 'asks'>): readonly Point[] =>
  asks === undefined ? POINTS.slice(2) : POINTS;

const SOON = { timeoutMs: 15_000 };
/** Longer than any death is waited for. */
const FOREVER_MS = 120_000;
/** Long enough to take a lock meanwhile, shorter than what a step may take. */
const A_MOMENT_MS = 1_500;

/** Who dies: the worker that takes the step, or what it takes it with. */
export type Mortal = 'worker' | 'temporal' | 'postgres';

/** Lets all scenes begin, kills a process when each is at this point, and waits until its successor is ready. */
export async function dieAt(point: Point, who: Mortal, scenes: readonly Scene[]): Promise<void> {
  if (point === 'before_send' || point === 'after_send_before_reply') await dieAsking(point, who, scenes);
  else await dieCommitting(point, who, scenes);
  const url = `${stack().urls.api}/readyz`;
  await waitFor(() => allAnswer(url), { what: 'the API and all it works with', timeoutMs: 60_000 });
}

/** The requests do not reach Stripe, or are done there and not answered; the worker dies while it waits. */
async function dieAsking(
  point: 'before_send' | 'after_send_before_reply',
  who: Mortal,
  scenes: readonly Scene[],
): Promise<void> {
  const kind = point === 'before_send' ? 'timeout' : 'late_reply';
  for (const { asks } of scenes) await plant(asks, kind, FOREVER_MS);
  begin(scenes);
  await faultsAreMet();
  for (const scene of scenes) {
    if (point === 'before_send' || scene.asks?.logged === undefined) continue;
    const filter = { transferGroup: await purchaseOf(scene), kind: scene.asks.logged };
    await waitFor(async () => (await sandboxLog(filter)).length > (scene.asks?.loggedBefore ?? 0), {
      what: `${scene.step} at Stripe`,
      ...SOON,
    });
  }
  await kill(who);
}

/** The rows that the steps are to write are locked by us: they wait with Stripe's answer in hand. */
async function dieCommitting(
  point: 'after_reply_before_commit' | 'after_commit_before_ack',
  who: Mortal,
  scenes: readonly Scene[],
): Promise<void> {
  const locks = await openLocks();
  try {
    const unborn = scenes.filter(({ purchaseId, asks }) => purchaseId === undefined && asks !== undefined);
    for (const { purchaseId, listingId, asks } of scenes) {
      if (purchaseId !== undefined) await locks.take('transactions.purchases', purchaseId);
      else if (asks === undefined) await locks.take('marketplace.listings', listingId);
      // Its row is locked as soon as it is there, while Stripe takes its time.
      else await plant(asks, 'late_reply', A_MOMENT_MS);
    }
    begin(scenes);
    for (const scene of unborn) await locks.take('transactions.purchases', await purchaseOf(scene));
    await waitFor(async () => (await locks.waiting()) === scenes.length, {
      what: `${scenes.length} steps of the worker to wait for their rows`,
      ...SOON,
    });
    if (point === 'after_reply_before_commit') return await kill(who, 'SIGKILL', () => locks.release());
    await keepWordOfCommits();
    await locks.release();
    await waitFor(async () => (await commitsWithoutWord()) === scenes.length, {
      what: `${scenes.length} steps of the worker to be committed`,
      ...SOON,
    });
    await kill(who, 'SIGKILL', giveWordOfCommits);
  } finally {
    await giveWordOfCommits();
    await locks.close();
  }
}

/**
 * From now on PostgreSQL commits and tells nobody, as if it waited for a standby to have it, too: whoever is killed
 * meanwhile has committed and never learned of it. This holds for all its databases, so it is short.
 */
const keepWordOfCommits = () => setStandbys("SET synchronous_standby_names = 'nobody'");
/** It may have died itself: then as soon as it is back. */
const giveWordOfCommits = async (): Promise<void> =>
  void (await waitFor(() => setStandbys('RESET synchronous_standby_names').then(() => true), {
    what: 'PostgreSQL to give word of commits',
    timeoutMs: 30_000,
  }));
const setStandbys = async (change: string): Promise<void> =>
  void (await asSuperuser(`ALTER SYSTEM ${change}`, 'SELECT pg_reload_conf()'));

/** How many transactions of the worker are committed without its knowing. */
async function commitsWithoutWord(): Promise<number> {
  const waiting = await asSuperuser(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'wellpact-worker' AND wait_event = 'SyncRep'",
  );
  return waiting.rowCount ?? 0;
}

/** What they answer is looked at in the end: they may wait for what is to die first. */
function begin(scenes: readonly Scene[]): void {
  for (const { go } of scenes) void go().catch(nothing);
}

async function plant(asks: StripeCall | undefined, kind: string, delayMs: number): Promise<void> {
  if (asks === undefined) return;
  const { method, path } = asks;
  const body = { provider: 'stripe', method, path, kind, delayMs, times: 1 };
  const answer = await request('POST', '/_control/faults', { base: stack().urls.sandbox, body });
  expect(answer.status).toBe(200);
}

/** Every request that was to be held has come to Stripe. */
async function faultsAreMet(): Promise<void> {
  await waitFor(
    async () => {
      const { body } = await request<{ faults: unknown[] }>('GET', '/_control/faults', { base: stack().urls.sandbox });
      return body.faults.length === 0;
    },
    { what: 'all requests to be at Stripe', ...SOON },
  );
}

/** The purchase of a scene, as soon as its row is there: nobody else buys from its listing. */
async function purchaseOf({ purchaseId, listingId }: Scene): Promise<string> {
  return purchaseId ?? waitFor(() => findPurchaseOf(listingId), { what: 'the purchase', ...SOON });
}

/** The id of the one purchase from a listing. @throws Error when there are several */
export function findPurchaseOf(listingId: string): Promise<string | undefined> {
  return asApplication(async (client) => {
    const { rows } = await client.query<{ id: string }>('SELECT id FROM transactions.purchases WHERE listing_id = $1', [
      listingId,
    ]);
    if (rows.length > 1) throw new Error(`${rows.length} purchases were made of one wish`);
    return rows[0]?.id;
  });
}

const asApplication = <T>(work: (client: pg.Client) => Promise<T>): Promise<T> =>
  connected(stack().databases.app, work);

/** Runs statements one after another. @returns what the last one answers */
const asSuperuser = (...statements: readonly [string, ...string[]]): Promise<pg.QueryResult> =>
  connected(stack().databases.superuser, async (client) => {
    let last = await client.query(statements[0]);
    for (const statement of statements.slice(1)) last = await client.query(statement);
    return last;
  });

async function connected<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

interface Locks {
  take(table: 'transactions.purchases' | 'marketplace.listings', id: string): Promise<void>;
  /** How many transactions of the worker wait for a row that we hold. */
  waiting(): Promise<number>;
  release(): Promise<void>;
  close(): Promise<void>;
}

const nothing = (): undefined => undefined;

/** Rows held by one transaction of ours. */
async function openLocks(): Promise<Locks> {
  const client = new pg.Client({ connectionString: stack().databases.app });
  // PostgreSQL may die with what we hold.
  client.on('error', nothing);
  await client.connect();
  await client.query('BEGIN');
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid;
  return {
    take: async (table, id) => {
      const locked = await client.query(`SELECT 1 FROM ${table} WHERE id = $1 FOR UPDATE`, [id]);
      expect(locked.rowCount).toBe(1);
    },
    waiting: () =>
      asApplication(async (other) => {
        const waiting = await other.query(
          `SELECT pid FROM pg_stat_activity
            WHERE application_name = 'wellpact-worker' AND $1::integer = ANY (pg_blocking_pids(pid))`,
          [pid],
        );
        return waiting.rowCount ?? 0;
      }),
    // A rollback, since a commit of ours might be kept waiting. A server that has died has let go by itself.
    release: () => client.query('ROLLBACK').then(nothing, nothing),
    close: () => client.end().catch(nothing),
  };
}
