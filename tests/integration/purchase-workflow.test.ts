/** What the workflow of a purchase withstands beyond HTTP: a history that lost a step, and people with the Temporal UI. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPurchaseActivities } from '../../activities/purchase.ts';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { acceptPurchaseUpdate, purchaseWorkflowId } from '../../contracts/purchase.ts';
import type { Database } from '../../platform/database.ts';
import { commitStep } from '../../services/transactions/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { asActivity, databaseOfStack, purchaseDeps } from '../helpers/steps.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let database: Database;
let connection: Connection;

beforeAll(async () => {
  [seller, buyer, connection] = await Promise.all([
    verifiedSeller(),
    verifiedBuyer(),
    Connection.connect({ address: stack().temporal.address }),
  ]);
  database = databaseOfStack(2);
});
afterAll(async () => {
  await connection.close();
  await database.close();
});

async function authorised(): Promise<PurchaseId> {
  const { body } = await buy(buyer, await publishedListing(seller));
  return body.id as PurchaseId;
}

test('a step that was taken, but that the history lost, is caught up with', async () => {
  const purchaseId = await authorised();
  // The step as a worker takes it; its workflow never hears of it, as when Temporal dies before the task is completed.
  const steps = createPurchaseActivities(purchaseDeps(database));
  const step = {
    purchaseId,
    from: 'authorised',
    event: 'accept',
    actor: { type: 'user', id: seller.id },
    atMs: Date.now(),
  } as const;
  await asActivity(() => steps.capturePayment(step));
  expect((await reached(buyer, purchaseId, 'held')).next.actions).toEqual(['confirm', 'cancel', 'open_dispute']);

  const first = await act(seller, purchaseId, 'deliver');
  expect(first).toMatchObject({ status: 409, body: { code: 'IN_PROGRESS' } });
  await waitFor(async () => (await act(seller, purchaseId, 'deliver')).status === 200, {
    what: 'the workflow to have caught up',
    timeoutMs: 20_000,
  });
  expect((await act(buyer, purchaseId, 'confirm')).status).toBe(200);
  await expectEqualBooks(await reached(buyer, purchaseId, 'released'));
});

test('a try that was given up, and commits after the purchase moved on, changes nothing', async () => {
  const purchaseId = await authorised();
  const declined = await act(seller, purchaseId, 'decline');
  expect(declined.body.state).toBe('declined');
  const key = {
    purchaseId,
    step: 'lateTry',
    from: 'authorised',
    actor: { type: 'system', id: 'test' },
    cause: 'test',
    atMs: Date.now(),
  } as const;
  const late = await commitStep(database, key, () => ({
    to: 'held',
    moves: [{ name: 'capture', amount: 2_500 }],
    payment: { status: 'requires_capture' },
  }));
  expect(late).toMatchObject({ state: 'declined', payment: { status: 'canceled' }, books: { captured: 0, held: 0 } });
  await expectEqualBooks(await reached(buyer, purchaseId, 'declined'));
});

test('what was accepted is not accepted again', async () => {
  const purchaseId = await authorised();
  const accepted = await act(seller, purchaseId, 'accept');
  const again = await act(seller, purchaseId, 'accept');
  expect(accepted.status).toBe(200);
  expect(again).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW', state: 'held' } });
  await expectEqualBooks(await reached(buyer, purchaseId, 'held'));
});

describe('somebody with the Temporal UI', () => {
  /** A client that encrypts nothing, as the UI's is. */
  const handle = (id: PurchaseId) =>
    new Client({ connection, namespace: stack().temporal.namespace }).workflow.getHandle(purchaseWorkflowId(id));

  test('cannot act as a party: what is not encrypted is not believed', async () => {
    const purchaseId = await authorised();
    const forged = handle(purchaseId).executeUpdate(acceptPurchaseUpdate, {
      args: [{ actorId: seller.id as UserId }],
    });
    await expect(forged).rejects.toThrow();
    expect((await reached(buyer, purchaseId, 'authorised')).money.captured).toBe(0);
  });

  test('cannot end a purchase by asking for its cancellation', async () => {
    const purchaseId = await authorised();
    await act(seller, purchaseId, 'accept');
    await handle(purchaseId).cancel();
    expect((await act(buyer, purchaseId, 'confirm')).status).toBe(200);
    await expectEqualBooks(await reached(buyer, purchaseId, 'released'));
  });
});
