/**
 * What keeps money from going astray where nothing else would: a step is taken once though two workers try it in the same
 * moment, all of it or nothing, and each seller is paid on their own account.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAftercareActivities } from '../../activities/aftercare.ts';
import type { PurchaseDeps } from '../../activities/purchase.ts';
import { createChargebackActivities } from '../../activities/purchase-chargeback.ts';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { auditTrail } from '../../platform/audit.ts';
import type { Database } from '../../platform/database.ts';
import { latestCase } from '../../services/cases/index.ts';
import { commitStep, findPurchase, type StepKey } from '../../services/transactions/index.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { expectEqualBooks, judgePurchase } from '../helpers/books.ts';
import { disputed as chargedBack, laid, moveDispute, reinstated } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { disputed, does, EUR } from '../helpers/disputes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { asActivity, databaseOfStack, purchaseDeps } from '../helpers/steps.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** As pg_stat_activity shows the connections of this file. */
const APPLICATION = 'money-guards';

let seller: Person;
let buyer: Person;
let database: Database;
let deps: PurchaseDeps;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  database = databaseOfStack(4, APPLICATION);
  deps = purchaseDeps(database);
});
afterAll(() => database.close());

async function held(): Promise<PurchaseId> {
  const { body } = await buy(buyer, await publishedListing(seller));
  expect((await act(seller, body.id, 'accept')).status).toBe(200);
  return body.id as PurchaseId;
}

/** Two attempts of one step, each of which has done everything but its transaction when the other has, too. */
async function bothAtOnce(purchaseId: PurchaseId, attempt: () => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: stack().databases.app });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT 1 FROM transactions.purchases WHERE id = $1 FOR UPDATE', [purchaseId]);
    const attempts = [1, 2].map(() => asActivity(attempt));
    const outcome = Promise.allSettled(attempts);
    await waitFor(async () => (await waiting()) === 2, { what: 'both attempts to wait', timeoutMs: 15_000 });
    await client.query('ROLLBACK');
    const failures = (await outcome).flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
    expect(failures.join('\n')).toBe('');
  } finally {
    await client.end();
  }
}

/** By another connection: within a transaction it would see the same again and again. */
async function waiting(): Promise<number> {
  const { rows } = await database.query<{ waiting: number }>(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
      WHERE application_name = $1 AND wait_event_type = 'Lock'`,
    [APPLICATION],
  );
  return rows[0]?.waiting ?? 0;
}

describe('two attempts of one step in the same moment are one step', () => {
  test('of a note that a refund came back', async () => {
    const id = await held();
    await act(seller, id, 'cancel');
    await reached(buyer, id, 'cancelled');
    const refundId = (await sandboxLog({ transferGroup: id, kind: 'refund' }))[0]?.id ?? '';
    // Nobody else is to hear of it before the two do.
    await control('webhooks', { action: 'drop', type: 'refund.failed', times: 1 });
    await control('webhooks', { action: 'drop', type: 'refund.updated', times: 1 });
    await control(`refunds/${refundId}`, { status: 'failed' });
    const aftercare = createAftercareActivities(deps);
    await bothAtOnce(id, () => aftercare.noteRefund({ purchaseId: id, refundId, atMs: Date.now() }));
    const trail = await auditTrail(database, 'purchase', id);
    expect(trail.filter(({ change }) => change.includes('noteRefund')).length).toBe(1);
    await judgePurchase(id);
  });
});

test('what fails at the end of a step leaves nothing of it behind', async () => {
  const id = await held();
  const before = await findPurchase(database, id);
  const key: StepKey = {
    purchaseId: id,
    step: 'aTestOfOurs',
    from: 'held',
    actor: { type: 'system', id: 'test' },
    cause: 'a test',
    atMs: Date.now(),
  };
  const change = { moves: [{ name: 'refundHeld', amount: 100 }] } as const;
  const failing = commitStep(
    database,
    key,
    () => change,
    () => Promise.reject(new Error('too late')),
  );
  await expect(failing).rejects.toThrow('too late');
  expect(await findPurchase(database, id)).toEqual(before);
  // Neither in the ledger, nor in the audit trail, nor anywhere else.
  await judgePurchase(id);
});

test('two sellers are each paid on their own account', async () => {
  const other = await verifiedSeller();
  for (const one of [seller, other]) {
    const { body } = await buy(buyer, await publishedListing(one));
    await act(one, body.id, 'accept');
    const { status, body: released } = await act(buyer, body.id, 'confirm');
    expect([status, released.state, released.transfer.status]).toEqual([200, 'released', 'sent']);
    // The judge compares the account that Stripe sent it to with the seller's.
    await expectEqualBooks(released);
  }
  const accounts = await Promise.all([seller, other].map(({ id }) => payoutAccountOf(database, id as UserId)));
  expect(new Set(accounts).size).toBe(2);
});

test('what was decided in a dispute is what its purchase carries out', async () => {
  const id = await held();
  const { id: disputeId } = await disputed(buyer, id);
  const dispute = { id: disputeId };
  // Neither all of it nor what the policy would have given.
  await does(seller, dispute, 'response', { answer: 'offer', refund: EUR(701) });
  await does(buyer, dispute, 'offers/1/accept');
  const released = await reached(buyer, id, 'released');
  await expectEqualBooks(released);
  expect(released.money).toMatchObject({ refunded: 701, transferred: 1_619, fees: 180 });
});

async function control(path: string, body: Record<string, unknown>): Promise<void> {
  const answer = await request('POST', `/_control/${path}`, { base: stack().urls.sandbox, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

describe('a chargeback whose money is not in the currency of its purchase', () => {
  test.each([
    ['it is about another currency', { currency: 'USD' }],
    ['a part of it came back in another currency', { hasUnclearPart: true }],
  ])('is not booked, and finance have a case: %s', async (_says, shown) => {
    const id = await held();
    const { id: chargebackId } = await chargedBack(id);
    const before = await laid(buyer, id, 'open');
    await moveDispute(chargebackId, 'won', { reinstated: 0 });
    const getDispute = async (disputeId: string) => ({ ...(await deps.payments.getDispute(disputeId)), ...shown });
    const steps = createChargebackActivities({ ...deps, payments: { ...deps.payments, getDispute } });
    const step = { purchaseId: id, chargebackId, actor: { type: 'provider', id: 'stripe' }, atMs: Date.now() } as const;
    for (const act of ['noteChargeback', 'answerChargeback', 'acceptChargeback'] as const) {
      await expect(asActivity(() => steps[act](step))).rejects.toMatchObject({
        type: 'CHARGEBACK_UNCLEAR',
      });
    }
    expect((await findPurchase(database, id))?.books).toMatchObject({ held: 0, chargedBack: before.money.chargedBack });
    expect(await latestCase(database, 'chargeback_unclear', id)).toMatchObject({
      state: 'open',
      details: { chargebackId, expected: 'EUR' },
    });
    await reinstated(chargebackId);
    await expectEqualBooks(await laid(buyer, id, 'won'));
  });
});
