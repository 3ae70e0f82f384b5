/**
 * Commands whose workflow knows nothing of them any more, or not yet: the step takes longer than a task, or the task was lost
 * with everything that was said in it. Who sent it hears what became of it, and never that somebody else is busy.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPurchaseActivities, type PurchaseStep } from '../../activities/purchase.ts';
import { commandIdOf } from '../../api/idempotency/idempotency.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { asActivity, databaseOfStack, purchaseDeps } from '../helpers/steps.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let database: Database;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  database = databaseOfStack(2);
});
afterAll(() => database.close());

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

/** A worker that takes the step of a command and is gone: no history holds anything of it. */
async function takenAndLost(
  purchaseId: string,
  step: 'recordDelivery' | 'refundBuyer',
  command: Pick<PurchaseStep, 'event'> & { readonly id: string },
): Promise<void> {
  const steps = createPurchaseActivities(purchaseDeps(database));
  await asActivity(() =>
    steps[step]({
      purchaseId: purchaseId as PurchaseId,
      from: 'held',
      event: command.event,
      actor: { type: 'user', id: seller.id },
      atMs: Date.now(),
      command: { id: command.id },
    }),
  );
}

describe('a command whose step is committed, and of which no history knows', () => {
  async function held(): Promise<string> {
    const { body } = await buy(buyer, await publishedListing(seller));
    expect((await act(seller, body.id, 'accept')).status).toBe(200);
    return body.id;
  }
  const idOf = (operation: string, key: string): string => commandIdOf(seller.id, operation, key);

  test('is done for who sent it, though another one was heard first and made the workflow look', async () => {
    const [id, key] = [await held(), randomUUID()];
    await takenAndLost(id, 'recordDelivery', { event: 'deliver', id: idOf('deliverPurchase', key) });
    // The workflow takes this one up, finds that the purchase is further, and refuses it.
    expect(await act(seller, id, 'cancel')).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW' } });
    expect(await act(seller, id, 'deliver', key)).toMatchObject({ status: 200, body: { state: 'delivered' } });
    expect(await act(seller, id, 'deliver')).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW' } });
  });

  test('is done though it has ended the purchase', async () => {
    const [id, key] = [await held(), randomUUID()];
    await takenAndLost(id, 'refundBuyer', { event: 'refund_in_full', id: idOf('refundPurchase', key) });
    expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW' } });
    const refunded = await act(seller, id, 'refunds', key);
    expect(refunded).toMatchObject({ status: 200, body: { state: 'refunded', money: { refunded: 2_500 } } });
    expect(await act(seller, id, 'refunds')).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW' } });
    await expectEqualBooks(refunded.body);
  });
});
