/**
 * A step that takes longer than a task of its workflow: the server gives up the update that wanted it, and knows nothing
 * of it, while the workflow follows it. Who sent it is never told that somebody else is busy.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

/** Longer than a workflow's task (10 s), so that it is prolonged. */
const BLOCKED_MS = 12_000;

async function whileBlocked(purchaseId: string, during: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: stack().databases.app });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM transactions.purchases WHERE id = $1 FOR UPDATE', [purchaseId]);
    const done = during();
    await new Promise((resolve) => setTimeout(resolve, BLOCKED_MS));
    await client.query('ROLLBACK');
    await done;
  } finally {
    await client.end();
  }
}

test('a command whose step takes longer than a task is under way, and then done', { timeout: 90_000 }, async () => {
  const { body } = await buy(buyer, await publishedListing(seller));
  expect((await act(seller, body.id, 'accept')).status).toBe(200);
  const key = randomUUID();
  const answers: unknown[] = [];
  await whileBlocked(body.id, async () => {
    await waitFor(
      async () => {
        const { status, body: answer } = await act(seller, body.id, 'deliver', key);
        answers.push({ status, code: answer.code, detail: answer.detail });
        return status !== 202;
      },
      { what: 'the answer', timeoutMs: 60_000 },
    );
  });
  expect(answers.at(-1), JSON.stringify(answers)).toMatchObject({ status: 200 });
  expect(answers.length, JSON.stringify(answers)).toBeGreaterThan(1);
  const ended = (await read(buyer, body.id)).body;
  expect(ended.state).toBe('delivered');
  await expectEqualBooks(ended);
  // Another command than that one is refused as ever.
  expect((await act(seller, body.id, 'deliver')).body.code).toBe('NOT_ALLOWED_NOW');
});
