/**
 * Kills a process at a named point of a side effect. One death is shared by all side effects that are under way: each
 * waits at its own place of the same kind, which is known by looking, never by waiting for so long.
 */

import pg from 'pg';
import { expect } from 'vitest';
import { request } from './client.ts';
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
  /** How its idempotency key goes on after the purchase, where a purchase asks for several such things. */
  readonly step?: string;
}

/** What a step of the database alone has to wait for while we have it. */
export type Lock =
  | { readonly table: 'transactions.purchases' | 'marketplace.listings' | 'disputes.disputes'; readonly id: string }
  /** The very step: two transactions cannot take it at once. */
  | { readonly table: 'transactions.steps' | 'disputes.steps'; readonly id: string; readonly step: string };

/** A side effect that is about to happen. */
export interface Scene {
  /** The activity, and which of its ways. */
  readonly step: string;
  /** Undefined for a step that needs the database alone: it has no points before its commit but that one. */
  readonly asks: StripeCall | undefined;
  /** The path, with its ids, of what is looked at: all that is asked for, or before it. */
  readonly looksAt?: string;
  readonly listingId: string;
  /** Undefined as long as the purchase is not there. */
  readonly purchaseId: string | undefined;
  /** Of a step of the database alone; the row of its purchase unless told. */
  readonly waitsFor?: Lock;
  /** Lets it happen. @returns the status that who asked for it got in the end; undefined when nobody asked us */
  readonly go: () => Promise<number | undefined>;
}

/** The points at which a process can die in a step. */
export const pointsOf = ({ asks }: Pick<Scene, 'asks'>): readonly Point[] =>
  asks === undefined ? POINTS.slice(2) : POINTS;

const SOON = { timeoutMs: 30_000 };
/** Longer than any death is waited for. */
const FOREVER_MS = 300_000;
/** However often a step asks before its process dies. */
const ALWAYS = 1_000;

/** Who dies: the worker that takes the step, or what it takes it with. */
export type Mortal = 'worker' | 'temporal' | 'postgres';

/** Lets all scenes begin, kills a process when each is at this point, and waits until its successor is ready. */
export async function dieAt(point: Point, who: Mortal, scenes: readonly Scene[]): Promise<void> {
  try {
    if (point === 'before_send' || point === 'after_send_before_reply') await dieAsking(point, who, scenes);
    else await dieCommitting(point, who, scenes);
  } finally {
    await clearFaults();
  }
  const url = `${stack().urls.api}/readyz`;
  await waitFor(() => allAnswer(url), { what: 'the API and all it works with', timeoutMs: 60_000 });
}

/** The requests do not reach Stripe, or are done there and not answered; the worker dies while it waits. */
async function dieAsking(
  point: 'before_send' | 'after_send_before_reply',
  who: Mortal,
  scenes: readonly Scene[],
): Promise<void> {
  for (const scene of scenes) await hold(scene, point === 'before_send' ? 'timeout' : 'late_reply');
  begin(scenes);
  await allHeld(scenes);
  await kill(who, 'SIGKILL', clearFaults);
}

/**
 * What the steps are to write is locked by us: they wait with Stripe's answer in hand. Some lock rows before they ask, too: so
 * those are locked by us only once Stripe has done its work, and the answers let go after that.
 */
async function dieCommitting(
  point: 'after_reply_before_commit' | 'after_commit_before_ack',
  who: Mortal,
  scenes: readonly Scene[],
): Promise<void> {
  enoughConnections(scenes.length);
  const asking = scenes.filter(({ asks }) => asks !== undefined);
  const locks = await openLocks();
  try {
    for (const scene of asking) await hold(scene, 'late_reply');
    for (const scene of scenes) if (scene.asks === undefined) await locks.take(scene.step, lockOf(scene));
    begin(asking);
    await allHeld(asking);
    begin(scenes.filter((scene) => !asking.includes(scene)));
    for (const scene of asking) {
      await locks.take(scene.step, { table: 'transactions.purchases', id: await purchaseOf(scene) });
    }
    await clearFaults();
    await waitFor(async () => (await locks.waiting()) === scenes.length, {
      what: `${scenes.length} steps of the worker to wait for their rows`,
      ...SOON,
    }).catch(async (error: Error) => {
      throw new Error(`${error.message} Nobody waits for those of: ${(await locks.unwanted()).join(', ')}`, {
        cause: error,
      });
    });
    if (point === 'after_reply_before_commit') return await kill(who, 'SIGKILL', () => locks.release());
    await keepWordOfCommits();
    await locks.release();
    await waitFor(async () => (await locks.committed()) === scenes.length, {
      what: `${scenes.length} steps of the worker to be committed`,
      ...SOON,
    });
    await kill(who, 'SIGKILL', giveWordOfCommits);
  } finally {
    await giveWordOfCommits();
    await locks.close();
  }
}

/** A step that is tried again while it waits has two connections. @throws Error when the worker may not have as many */
function enoughConnections(steps: number): void {
  const most = Number(stack().env['DATABASE_MAX_CONNECTIONS'] ?? 0);
  if (most < 2 * steps) throw new Error(`${steps} steps cannot wait together on ${most} connections of the worker`);
}

function lockOf({ waitsFor, purchaseId = '' }: Scene): Lock {
  return waitsFor ?? { table: 'transactions.purchases', id: purchaseId };
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

/** What they answer is looked at in the end: they may wait for what is to die first. */
function begin(scenes: readonly Scene[]): void {
  for (const { go } of scenes) void go().catch(nothing);
}

/** By what the request of a scene is known from all others. */
function requestOf({ asks, looksAt, purchaseId }: Scene) {
  if (asks?.method === 'GET') return { method: 'GET', path: looksAt ?? asks.path, idempotencyKey: null };
  const key = purchaseId === undefined ? null : `purchase/${purchaseId}/${asks?.step ?? ''}`;
  return { method: 'POST', path: asks?.path, idempotencyKey: key };
}

/** From now on Stripe keeps the request of a scene waiting, however often it is asked. */
async function hold(scene: Scene, kind: 'timeout' | 'late_reply'): Promise<void> {
  await plant({ ...requestOf(scene), kind, delayMs: FOREVER_MS, times: ALWAYS });
  if (scene.asks?.method === 'GET' || scene.looksAt === undefined) return;
  // Who looks once more would see that it is done, and go on without asking again.
  const look = { method: 'GET', path: scene.looksAt };
  await plant({ ...look, kind: 'slow', delayMs: 0, times: 1 });
  await plant({ ...look, kind: 'timeout', delayMs: FOREVER_MS, times: ALWAYS });
}

async function plant(fault: Readonly<Record<string, unknown>>): Promise<void> {
  const body = { provider: 'stripe', ...fault };
  const answer = await request('POST', '/_control/faults', { base: stack().urls.sandbox, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

interface Holding extends ReturnType<typeof requestOf> {
  readonly holds: number;
}

/**
 * Every request that is to be held has come to Stripe, and is done there if it is to be. Who has given it up since then and is
 * about to repeat it is no further: the repeat is held, too.
 */
async function allHeld(scenes: readonly Scene[]): Promise<void> {
  const held = new Set<string>();
  let missing: readonly string[] = [];
  const allThere = async (): Promise<boolean> => {
    const { body } = await request<{ faults: readonly Holding[] }>('GET', '/_control/faults', {
      base: stack().urls.sandbox,
    });
    for (const fault of body.faults) if (fault.holds > 0) held.add(nameOf(fault));
    missing = scenes.filter((scene) => !held.has(nameOf(requestOf(scene)))).map(({ step }) => step);
    return missing.length === 0;
  };
  await waitFor(allThere, { what: 'all requests to be at Stripe', ...SOON }).catch((error: Error) => {
    throw new Error(`${error.message} Missing: ${missing.join(', ')}`, { cause: error });
  });
}

const nameOf = ({ method, path, idempotencyKey }: ReturnType<typeof requestOf>): string =>
  `${method} ${path} ${idempotencyKey}`;

/** Stripe answers as usual, also what it has kept waiting. */
const clearFaults = async (): Promise<void> =>
  void (await request('DELETE', '/_control/faults', { base: stack().urls.sandbox }));

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
  take(step: string, lock: Lock): Promise<void>;
  /** For how many of our locks transactions of the worker wait. */
  waiting(): Promise<number>;
  /** The steps for whose rows nobody waits, as far as that can be seen: not of those that wait for the step itself. */
  unwanted(): Promise<string[]>;
  /** How many of the transactions that have waited are committed without their knowing. */
  committed(): Promise<number>;
  release(): Promise<void>;
  close(): Promise<void>;
}

const nothing = (): undefined => undefined;

/** Rows held by one transaction of ours. */
async function openLocks(): Promise<Locks> {
  const { app, superuser } = stack().databases;
  const url = new URL(superuser);
  url.pathname = new URL(app).pathname;
  const client = new pg.Client({ connectionString: url.href });
  // PostgreSQL may die with what we hold.
  client.on('error', nothing);
  await client.connect();
  // Who takes a step has the row of its purchase, too, by its foreign key: without looking at those we have the step alone.
  await client.query('SET session_replication_role = replica');
  await client.query('BEGIN');
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const ours = rows[0]?.pid;
  const seen = new Set<number>();
  /** Where each row lies, by the name of its step. */
  const rowsOf = new Map<string, string>();
  return {
    take: async (name, lock) => {
      if ('step' in lock) {
        const owner = lock.table === 'disputes.steps' ? 'dispute_id' : 'purchase_id';
        await client.query(`INSERT INTO ${lock.table} (${owner}, step) VALUES ($1, $2)`, [lock.id, lock.step]);
        return;
      }
      // Not of who only refers to it, as what is said in a dispute does.
      const text = `SELECT ctid::text AS at FROM ${lock.table} WHERE id = $1 FOR NO KEY UPDATE`;
      const { rows: taken } = await client.query<Place>(text, [lock.id]);
      expect(taken.length, `${lock.table} ${lock.id}`).toBe(1);
      rowsOf.set(name, `${lock.table} ${taken[0]?.at}`);
    },
    // Of several that wait for one row, the first waits for us, and the others for the first.
    waiting: async () => {
      const blocked = await backendsOfWorker("wait_event_type = 'Lock'");
      for (const { pid } of blocked) seen.add(pid);
      return blocked.filter(({ blockers }) => blockers.includes(ours ?? 0)).length;
    },
    unwanted: async () => {
      const { rows: held } = await asApplication((other) =>
        other.query<{ row: string }>(
          `SELECT n.nspname || '.' || c.relname || ' (' || l.page || ',' || l.tuple || ')' AS row FROM pg_locks l
             JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE l.locktype = 'tuple' AND l.granted`,
        ),
      );
      const wanted = new Set(held.map(({ row }) => row));
      return [...rowsOf].filter(([, row]) => !wanted.has(row)).map(([step]) => step);
    },
    committed: async () => (await backendsOfWorker("wait_event = 'SyncRep'")).filter(({ pid }) => seen.has(pid)).length,
    // A rollback, since a commit of ours might be kept waiting. A server that has died has let go by itself.
    release: () => client.query('ROLLBACK').then(nothing, nothing),
    close: () => client.end().catch(nothing),
  };
}

/** Where a row lies in its table: `(3,14)`. */
interface Place {
  readonly at: string;
}

interface Backend {
  readonly pid: number;
  /** Whom it waits for. */
  readonly blockers: readonly number[];
}

/** The connections of the worker that wait for something. */
async function backendsOfWorker(waits: "wait_event_type = 'Lock'" | "wait_event = 'SyncRep'"): Promise<Backend[]> {
  const { rows } = await asSuperuser(
    `SELECT pid, pg_blocking_pids(pid) AS blockers FROM pg_stat_activity
      WHERE application_name = 'wellpact-worker' AND ${waits}`,
  );
  return rows as Backend[];
}
