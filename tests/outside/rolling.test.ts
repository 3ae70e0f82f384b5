/**
 * Two replicas of the API, two workers, a relay and Temporal on PostgreSQL; while people buy and sell, each process is
 * replaced by a new one, as a deploy does: the new one is ready before the old one is told to stop.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portsFor } from '../../platform/ports.ts';
import { isListening } from '../../scripts/stack/ports.ts';
import { ROLES, type Role } from '../../scripts/stack/roles.ts';
import { type Balancer, startBalancer } from '../helpers/balancer.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import type { Response } from '../helpers/client.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseAction, type PurchaseBody, publishedListing, reached } from '../helpers/purchases.ts';
import { type Replica, startReplica } from '../helpers/replicas.ts';
import { kill, stack } from '../helpers/stack.ts';
import { startTemporalReplica } from '../helpers/temporal-replica.ts';
import { answersOk, waitFor } from '../helpers/wait-for.ts';
import { ROOT } from '../setup/test-stack.ts';

const PURCHASES = 200;
/** People at work at the same time, each with one purchase. */
const HANDS = 8;
/** Between two purchases of one hand, so that they last as long as the replacements do. */
const PAUSE_MS = 600;
/** What replacing everything may take: the bound of the loop. */
const MAX_PURCHASES = 2_000;

const role = (name: string): Role => {
  const found = ROLES.find((candidate) => candidate.name === name);
  if (found === undefined) throw new RangeError(name);
  return found;
};

let apiBalancer: Balancer;
let temporalBalancer: Balancer;
/** What runs, by a name of its own. */
const replicas = new Map<string, Replica>();
let sellers: { who: Person; listingId: string }[];
let buyers: Person[];

beforeAll(async () => {
  const { portOffset, temporal } = stack();
  temporalBalancer = await startBalancer(0, isListening);
  temporalBalancer.add(Number(temporal.address.split(':')[1]));
  apiBalancer = await startBalancer(portsFor(portOffset).api, (port) => answersOk(`http://127.0.0.1:${port}/readyz`));
  for (const name of ['worker', 'worker', 'api', 'api', 'relay']) await startOne(name);
  await waitFor(() => answersOk(`${stack().urls.api}/readyz`), { what: 'the API', timeoutMs: 30_000 });
  sellers = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const who = await verifiedSeller();
      return { who, listingId: await publishedListing(who, { stock: MAX_PURCHASES }) };
    }),
  );
  buyers = await Promise.all(Array.from({ length: HANDS }, () => verifiedBuyer()));
}, 240_000);
afterAll(async () => {
  await Promise.all([...replicas.values()].map((replica) => replica.stop()));
  await Promise.all([apiBalancer.close(), temporalBalancer.close()]);
}, 60_000);

async function startOne(name: string): Promise<string> {
  const replica = await startReplica(role(name), { TEMPORAL_ADDRESS: `127.0.0.1:${temporalBalancer.port}` });
  const id = `${name}-${replica.port}`;
  replicas.set(id, replica);
  if (name === 'api') apiBalancer.add(replica.port);
  return id;
}

/** @returns how the old one ended */
async function replace(id: string): Promise<unknown> {
  await startOne(id.split('-')[0] ?? '');
  const old = replicas.get(id);
  replicas.delete(id);
  const how = await old?.stop();
  if (old !== undefined) apiBalancer.remove(old.port);
  return how;
}

/** A second server takes over; the first one is stopped and started again; the second one goes. */
async function replaceTemporal(): Promise<void> {
  const first = Number(stack().temporal.address.split(':')[1]);
  const second = await startTemporalReplica();
  temporalBalancer.add(second.port);
  temporalBalancer.remove(first);
  await kill('temporal', 'SIGTERM');
  await waitFor(() => isListening(first), { what: 'the first server to be back', timeoutMs: 60_000 });
  temporalBalancer.add(first);
  temporalBalancer.remove(second.port);
  await second.stop();
}

/** How a purchase goes: what is done about it in turn, and where that leads. */
const PATHS: readonly {
  readonly steps: readonly (readonly [who: 'buyer' | 'seller', action: PurchaseAction])[];
  readonly end: string;
}[] = [
  {
    steps: [
      ['seller', 'accept'],
      ['seller', 'deliver'],
      ['buyer', 'confirm'],
    ],
    end: 'released',
  },
  { steps: [['buyer', 'cancel']], end: 'cancelled' },
  { steps: [['seller', 'decline']], end: 'declined' },
  {
    steps: [
      ['seller', 'accept'],
      ['seller', 'refunds'],
    ],
    end: 'refunded',
  },
  {
    steps: [
      ['seller', 'accept'],
      ['buyer', 'confirm'],
      ['seller', 'refunds'],
    ],
    end: 'refunded',
  },
];

interface Told {
  /** How often each status was answered. */
  readonly statuses: Record<string, number>;
  /** Answers 5xx that no client has to expect, with their texts. */
  readonly failures: string[];
  /** Connections that broke or were refused. */
  broken: number;
}

/** Asks as a good client does: with the same key, until there is a final answer. */
async function insist(
  told: Told,
  ask: (key: string) => Promise<Response<PurchaseBody>>,
): Promise<Response<PurchaseBody>> {
  const key = randomUUID();
  return waitFor(
    async () => {
      let answer: Response<PurchaseBody>;
      try {
        answer = await ask(key);
      } catch {
        told.broken++;
        return undefined;
      }
      const { status, body } = answer;
      told.statuses[status] = (told.statuses[status] ?? 0) + 1;
      const repeats = status === 503 && answer.headers.has('retry-after');
      if (status >= 500 && !repeats) told.failures.push(`${status} ${JSON.stringify(body)}`);
      return status !== 202 && status < 500 && body.code !== 'IN_PROGRESS' && answer;
    },
    { what: 'a final answer', timeoutMs: 60_000, intervalMs: 200 },
  );
}

async function onePurchase(number: number, told: Told): Promise<{ id: string; buyer: Person; end: string }> {
  const path = PATHS[number % PATHS.length];
  const buyer = buyers[number % buyers.length];
  const seller = sellers[number % sellers.length];
  if (path === undefined || buyer === undefined || seller === undefined) throw new RangeError('nobody');
  const { body, status } = await insist(told, (key) => buy(buyer, seller.listingId, {}, key));
  expect([status, body.code]).toEqual([201, undefined]);
  await reached(buyer, body.id, 'authorised');
  for (const [who, action] of path.steps) {
    const actor = who === 'buyer' ? buyer : seller.who;
    const answer = await insist(told, (key) => act(actor, body.id, action, key));
    expect([action, answer.status, answer.body.code]).toEqual([action, expect.toBeOneOf([200, 201]), undefined]);
  }
  return { id: body.id, buyer, end: path.end };
}

describe('while everything is replaced', () => {
  const told: Told = { statuses: {}, failures: [], broken: 0 };
  const ended: Record<string, unknown> = {};
  /** How many purchases were under way as each replacement began. */
  const underWay: number[] = [];
  const done: { id: string; buyer: Person; end: string }[] = [];

  beforeAll(async () => {
    const rollout = { over: false };
    let begun = 0;
    const hand = async (): Promise<void> => {
      while ((!rollout.over || begun < PURCHASES) && begun < MAX_PURCHASES) {
        done.push(await onePurchase(begun++, told));
        await sleep(PAUSE_MS);
      }
    };
    const replaceAll = async (): Promise<void> => {
      // Those of the beginning: each successor joins them while this goes on.
      const first = [...replicas.keys()];
      for (const id of first) {
        await sleep(1_000);
        underWay.push(begun - done.length);
        ended[id] = await replace(id);
      }
      underWay.push(begun - done.length);
      await replaceTemporal();
    };
    const replacing = replaceAll().finally(() => {
      rollout.over = true;
    });
    await Promise.all([replacing, ...Array.from({ length: HANDS }, hand)]);
  }, 400_000);

  test('every old process ends by itself, without an error', () => {
    expect(Object.values(ended)).toEqual([0, 0, 0, 0, 0]);
    expect(underWay).toHaveLength(6);
    expect(Math.min(...underWay)).toBeGreaterThan(0);
  });

  test('no client hears of a failure other than to ask again', () => {
    console.log(
      `${done.length} purchases; answers ${JSON.stringify(told.statuses)}, ${told.broken} broken connections`,
    );
    expect(told.failures).toEqual([]);
    expect(done.length).toBeGreaterThanOrEqual(PURCHASES);
  });

  test('every purchase ends as it was led to, with equal books', async () => {
    const judge = async (hand: number): Promise<void> => {
      for (const [index, { id, buyer, end }] of done.entries()) {
        if (index % HANDS === hand) await expectEqualBooks(await reached(buyer, id, end));
      }
    };
    await Promise.all(Array.from({ length: HANDS }, (_, hand) => judge(hand)));
  }, 120_000);

  test('everything that happened has been told', async () => {
    await withDatabase((database) =>
      waitFor(
        async () => (await database.query('SELECT FROM outbox.events WHERE published_at IS NULL')).rowCount === 0,
        { what: 'the outbox to be empty', timeoutMs: 30_000 },
      ),
    );
  });

  test('what is open replays, by a query to this server', async () => {
    const { code, out } = await replay('--query', "WorkflowType = 'purchase' AND ExecutionStatus = 'Running'");
    expect(out).toMatch(/^[1-9]\d* replayed, 0 would not go on\.$/m);
    expect(code).toBe(0);
  }, 120_000);
});

function replay(...args: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', 'scripts/replay.ts', ...args];
    execFile(process.execPath, command, { cwd: ROOT, env: stack().env }, (error, out) => {
      resolve({ code: error === null ? 0 : Number(error.code), out });
    });
  });
}
