/** What the API adds to a bare server with one statement: requests a second of one process each, over HTTP. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon, { type Result as LoadResult, type Options, type Request } from 'autocannon';
import pg from 'pg';
import { orThrow } from '../client/index.ts';
import { publishListing, reaches } from '../scripts/demo.ts';
import { becomeVerified, join, type Person, quietly } from '../scripts/demo-people.ts';
import type { Stack } from '../scripts/stack/types.ts';
import type { BenchContext, Benchmark, Result } from './bench.ts';
import { type Child, startChild } from './child.ts';
import { cpuSeconds, STATISTICS_DELAY_MS, type TransactionCounter, transactionCounter } from './measure.ts';
import { type Contestant, type Figures, inTurns, ratioOf } from './rounds.ts';

/** In one round, over so many connections. */
const REQUESTS = 3_000;
const CONNECTIONS = 10;
/** Beside the ports of the stack. */
const BARE_PORT = 2_999;

const NEW_LISTING = {
  title: 'Lavender and beeswax balm',
  description: 'A home-made balm of lavender oil and beeswax, 50 ml.',
  category: 'skin_care',
  kind: 'goods',
  price: { amount: 2_400, currency: 'EUR' },
  stock: 12,
  handlingDays: 3,
};

interface Rig {
  readonly stack: Stack;
  readonly bare: Child & { readonly url: string; readonly thingId: string };
  readonly seller: Person;
  readonly purchaseId: string;
  readonly listingId: string;
  readonly counter: TransactionCounter;
}

export const apiWrite: Benchmark = {
  name: 'write',
  about: 'making a listing (signed in, Idempotency-Key), against a bare Koa with one INSERT',
  needs: 'all',
  run: (context) =>
    withRig(context, async (rig) => {
      const { seller, stack, bare } = rig;
      const write = { method: 'POST', path: '/v1/listings', body: JSON.stringify(NEW_LISTING) } as const;
      const rounds = await inTurns(
        served(rig, 'ours', stack.pidOf('api') ?? 0, {
          url: stack.urls.api,
          status: 201,
          request: () => ({
            ...write,
            headers: { ...bearer(seller), 'content-type': 'application/json', 'idempotency-key': randomUUID() },
          }),
        }),
        served(rig, 'bare', bare.pid, {
          url: bare.url,
          status: 201,
          request: () => ({ ...write, path: '/', headers: { 'content-type': 'application/json' } }),
        }),
        progressOf(context, 'write'),
      );
      return results('making a listing', rounds, 0.7);
    }),
};

export const apiRead: Benchmark = {
  name: 'read',
  about: 'reading a purchase (signed in, by one token) and a listing (anybody), against a bare Koa with one SELECT',
  needs: 'all',
  run: (context) =>
    withRig(context, async (rig) => {
      const { seller, stack, bare, purchaseId, listingId } = rig;
      const reader = (name: string, url: string, pid: number, path: string, headers = {}): Contestant =>
        served(rig, name, pid, { url, status: 200, request: () => ({ method: 'GET', path, headers }) });
      const api = stack.pidOf('api') ?? 0;
      const theirs = reader('bare', bare.url, bare.pid, `/${bare.thingId}`);
      const purchase = await inTurns(
        reader('ours', stack.urls.api, api, `/v1/purchases/${purchaseId}`, bearer(seller)),
        theirs,
        progressOf(context, 'read a purchase'),
      );
      const listing = await inTurns(
        reader('ours', stack.urls.api, api, `/v1/listings/${listingId}`),
        theirs,
        progressOf(context, 'read a listing'),
      );
      return [...results('reading a purchase', purchase, 0.8), ...results('reading a listing', listing, 0.8)];
    }),
};

function results(name: string, rounds: Parameters<typeof ratioOf>[0], atLeast: number): Result[] {
  return [
    { name: `${name}, requests a second`, unit: '/s', ratio: ratioOf(rounds, 'perSecond'), bound: { atLeast } },
    { name: `${name}, CPU of the server`, unit: 'ms', ratio: ratioOf(rounds, 'cpuMs') },
    { name: `${name}, transactions`, unit: 'tx', ratio: ratioOf(rounds, 'transactions') },
  ];
}

const bearer = ({ accessToken }: Person) => ({ authorization: `Bearer ${accessToken}` });

const progressOf = ({ rounds, onProgress }: BenchContext, name: string) => ({
  rounds,
  onRound: (done: number, of: number) => onProgress(`${name}: ${done === 0 ? 'warm' : `round ${done} of ${of}`}`),
});

interface Load {
  readonly url: string;
  /** Every answer has it, or the round counts for nothing. */
  readonly status: number;
  readonly request: () => Request;
}

function served({ counter }: Rig, name: string, pid: number, { url, status, request }: Load): Contestant {
  const round = async (): Promise<Figures> => {
    const before = { transactions: await counter.count(), cpu: cpuSeconds([pid]) };
    const { result, answeredMs } = await load(url, request);
    const cpuAfter = cpuSeconds([pid]);
    const answered = result.statusCodeStats?.[`${status}`]?.count ?? 0;
    if (answered !== REQUESTS || result.errors > 0) {
      throw new Error(`${name}: not every answer was ${status}: ${JSON.stringify(result.statusCodeStats)}`);
    }
    await sleep(STATISTICS_DELAY_MS);
    return {
      perSecond: (REQUESTS * 1_000) / answeredMs,
      cpuMs: ((cpuAfter - before.cpu) * 1_000) / REQUESTS,
      transactions: ((await counter.count()) - before.transactions) / REQUESTS,
    };
  };
  return { name, round };
}

/** Sends the requests of a round. @returns with the milliseconds until the last answer */
function load(url: string, request: () => Request): Promise<{ result: LoadResult; answeredMs: number }> {
  const began = performance.now();
  let answeredMs = 0;
  return new Promise((resolve, reject) => {
    const options: Options = {
      url,
      connections: CONNECTIONS,
      amount: REQUESTS,
      requests: [{ setupRequest: (given) => ({ ...given, ...request() }) }],
    };
    const run = autocannon(options, (error: unknown, result) =>
      error ? reject(error) : resolve({ result, answeredMs }),
    );
    // The load generator itself looks at its clock once a second only.
    run.on('response', () => {
      answeredMs = performance.now() - began;
    });
  });
}

async function withRig<T>({ stack }: BenchContext, work: (rig: Rig) => Promise<T>): Promise<T> {
  const { thingId, database } = await prepare(stack);
  const port = stack.ports.api + BARE_PORT;
  const bare = await startChild('./bare-koa.ts', { DATABASE_URL: stack.databases.app, BENCH_PORT: String(port) });
  const counter = await transactionCounter(stack.databases.superuser ?? '', [database]);
  try {
    const { seller, listingId, purchaseId } = await somebodyBuys(stack);
    return await work({
      stack,
      counter,
      seller,
      listingId,
      purchaseId,
      bare: { ...bare, url: `http://127.0.0.1:${port}`, thingId },
    });
  } finally {
    await Promise.all([bare.stop(), counter.close()]);
  }
}

/** A table of its own in our database, so that both write to the same disk with the same settings. */
async function prepare({ databases }: Stack): Promise<{ thingId: string; database: string }> {
  const app = new URL(databases.app);
  const superuser = new URL(databases.superuser ?? '');
  superuser.pathname = app.pathname;
  const client = new pg.Client({ connectionString: superuser.href });
  await client.connect();
  const thingId = randomUUID();
  try {
    await client.query(`CREATE SCHEMA IF NOT EXISTS bench`);
    await client.query(`CREATE TABLE IF NOT EXISTS bench.things (id uuid PRIMARY KEY, thing jsonb NOT NULL)`);
    await client.query(`GRANT USAGE ON SCHEMA bench TO ${app.username}`);
    await client.query(`GRANT SELECT, INSERT ON bench.things TO ${app.username}`);
    await client.query(`INSERT INTO bench.things VALUES ($1, $2)`, [thingId, JSON.stringify(NEW_LISTING)]);
  } finally {
    await client.end();
  }
  return { thingId, database: app.pathname.slice(1) };
}

async function somebodyBuys({ urls }: Stack): Promise<Pick<Rig, 'seller' | 'listingId' | 'purchaseId'>> {
  const places = { api: urls.api, mail: urls.mail };
  const seller = await join('Seller', places, quietly);
  await becomeVerified(seller, places, quietly);
  const listingId = await publishListing(seller, quietly);
  const buyer = await join('Buyer', places, quietly);
  const body = { listingId, paymentMethod: 'pm_card_visa', acceptedDisclaimers: [] };
  const { id } = await orThrow(buyer.client.POST('/v1/purchases', { body }));
  await reaches(buyer, id, 'authorised');
  return { seller, listingId, purchaseId: id };
}
