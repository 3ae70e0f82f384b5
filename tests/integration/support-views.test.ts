/**
 * The queries of docs/how-to/support.md: each is understood by the server, and finds what it is for wherever this test can
 * bring that about.
 */
import { readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UserId } from '../../contracts/ids.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { request } from '../helpers/client.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { order, staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let connection: Connection;
let client: Client;
let ids: Record<'authorised' | 'held' | 'paused' | 'blocked', string>;

beforeAll(async () => {
  connection = await Connection.connect({ address: stack().temporal.address });
  client = new Client({ connection, namespace: stack().temporal.namespace });
  const [one, other, somebody, support] = await Promise.all([
    verifiedSeller(),
    verifiedSeller(),
    verifiedBuyer(),
    staffToken('support'),
  ]);
  [seller, buyer] = [one, somebody];
  const [authorised, held, paused, blocked] = [
    await bought(seller),
    await bought(seller, 'accept'),
    await bought(seller, 'accept'),
    await bought(other, 'accept'),
  ];
  ids = { authorised, held, paused, blocked };
  expect((await order(support, paused, 'pause', { reason: 'Looked at.' })).status).toBe(200);
  const account = await withDatabase((database) => payoutAccountOf(database, other.id as UserId));
  const disable = { base: stack().urls.sandbox, body: { disabledReason: 'under_review' } };
  expect((await request('POST', `/_control/accounts/${account}`, disable)).status).toBe(200);
  await act(buyer, blocked, 'confirm');
  await reached(buyer, blocked, 'released');
}, 120_000);
afterAll(() => connection.close());

async function bought(from: Person, action?: 'accept'): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(from));
  if (action !== undefined) await act(from, body.id, action);
  return body.id;
}

/** The queries of the page, by what they are for. */
const QUERIES = new Map(
  [
    ...readFileSync('docs/how-to/support.md', 'utf8').matchAll(/^\| ([^|]+) \| `([^`]*(?:Type|Status|Id) ?[^`]*)`/gm),
  ].map(([, name = '', query = '']) => [name.trim(), query]),
);

/** The query as somebody would send it who looks for the people of this test, today. */
function filled(name: string): string {
  const whose = name.includes('sold') || name.includes('seller') ? seller.id : buyer.id;
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const until = new Date(Date.now() + 7 * 24 * 3_600_000).toISOString();
  return (QUERIES.get(name) ?? '')
    .replace('pur_…', ids.held)
    .replace('usr_…', whose)
    .replaceAll(/2026-03-01T\d\d:00:00Z/g, from)
    .replace('2026-03-02T00:00:00Z', until);
}

/** The workflows of this test that a query finds: its purchases by their names, and the onboarding of its seller. */
async function found(name: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query: filled(name) })) {
    const hit = Object.entries(ids).find(([, id]) => workflowId === `purchase/${id}`)?.[0];
    if (hit !== undefined) names.push(hit);
    if (workflowId === `onboarding/${seller.id}`) names.push('onboarding');
  }
  return names.toSorted();
}

const ALL = ['authorised', 'blocked', 'held', 'paused'];

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'one purchase': ['held'],
  'all that a buyer bought': ALL,
  'all that a seller sold': ['authorised', 'held', 'paused'],
  'held up by anything': ['blocked', 'paused'],
  'paused by staff': ['paused'],
  'transfer blocked': ['blocked'],
  'held, with a deadline today': ['held'],
  'waits for a seller to accept': ['authorised'],
  'one seller’s onboarding': ['onboarding'],
};

/** What this test has none of: only that the server understands the question is seen here. */
const ONLY_UNDERSTOOD = [
  'needs a person',
  'stuck: its deadline passed, and nothing happened',
  'ended in a way it never should',
  'sellers who wait for a person, or cannot sell',
  'refunds that changed and are looked at',
];

test('every query of the page is here', () => {
  const names = [...QUERIES.keys()].map((name) => name.replace("'", '’'));
  expect(new Set(names)).toEqual(new Set([...Object.keys(EXPECTED), ...ONLY_UNDERSTOOD]));
});

test.each(Object.entries(EXPECTED))('%s: finds what it is for', async (name, expected) => {
  const inPage = [...QUERIES.keys()].find((one) => one.replace("'", '’') === name) ?? '';
  // What was written a moment ago can take a while to be found.
  await waitFor(async () => JSON.stringify(await found(inPage)) === JSON.stringify(expected), {
    what: `"${name}" to find ${expected.join(', ') || 'none of them'}`,
    timeoutMs: 15_000,
  });
});

test.each(ONLY_UNDERSTOOD)('%s: is understood', async (name) => {
  expect(await found([...QUERIES.keys()].find((one) => one.replace("'", '’') === name) ?? '')).toEqual([]);
  await expect(client.workflow.count('PurchaseHold = 1')).rejects.toThrow();
});
