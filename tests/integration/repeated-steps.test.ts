/**
 * A step whose end the history has lost is taken again, at another time of its workflow: it is known by its name, and never
 * by its time.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createPurchaseActivities, type PurchaseStep } from '../../activities/purchase.ts';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import type { Payments } from '../../providers/payments.ts';
import { ProviderError } from '../../providers/provider-error.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { aboutChargeback, disputed, laid, moveDispute, sold } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { order, staffToken } from '../helpers/staff.ts';
import { asActivity, databaseOfStack, purchaseDeps } from '../helpers/steps.ts';
import { waitFor } from '../helpers/wait-for.ts';

let buyer: Person;
let seller: Person;
let finance: Awaited<ReturnType<typeof staffToken>>;
let database: Database;

beforeAll(async () => {
  [buyer, finance] = await Promise.all([verifiedBuyer(), staffToken('finance')]);
  database = databaseOfStack(2);
});
beforeEach(async () => {
  seller = await verifiedSeller();
});
afterAll(() => database.close());

/** The steps as a worker takes them, which no workflow hears of. */
const stepsWith = (payments?: Payments) => {
  const deps = purchaseDeps(database);
  return createPurchaseActivities({ ...deps, payments: payments ?? deps.payments });
};

test('an order of finance to answer a chargeback has one answer; another order has its own', async () => {
  const id = (await sold({ seller, buyer }, ['accept', 'deliver'])) as PurchaseId;
  const dispute = await disputed(id);
  await laid(buyer, id, 'open');
  const steps = stepsWith();
  const common = { purchaseId: id, chargebackId: dispute.id, actor: { type: 'staff', id: finance.id } } as const;
  const [updateId, nowMs] = [randomUUID(), Date.now()];
  const first = await asActivity(() => steps.answerChargeback({ ...common, updateId, atMs: nowMs }));
  expect(await asActivity(() => steps.answerChargeback({ ...common, updateId, atMs: nowMs + 2_000 }))).toEqual(first);

  const other = asActivity(() => steps.answerChargeback({ ...common, updateId: randomUUID(), atMs: nowMs + 2_000 }));
  await expect(other).rejects.toMatchObject({ type: 'NOT_ANSWERABLE' });
  const byTheClock = { purchaseId: id, chargebackId: dispute.id, actor: { type: 'system', id: 'clock' } } as const;
  expect(await asActivity(() => steps.answerChargeback({ ...byTheClock, atMs: nowMs + 3_000 }))).toEqual(first);
  expect(await aboutChargeback(finance, id, dispute.id, 'evidence')).toMatchObject({
    status: 409,
    body: { code: 'NOT_ANSWERABLE' },
  });
  expect(await sandboxLog({ transferGroup: id, kind: 'dispute_evidence' })).toHaveLength(1);
  await expectEqualBooks((await read(buyer, id)).body);
});

test('Stripe refuses to close a dispute that goes on: finance hear so, and what the bank decides later is its own', async () => {
  const id = (await sold({ seller, buyer }, ['accept'])) as PurchaseId;
  const dispute = await disputed(id);
  await laid(buyer, id, 'open');
  const real = purchaseDeps(database).payments;
  const refused = async (): Promise<never> => {
    throw new ProviderError('stripe', 'refused', 'dispute_not_closeable');
  };
  const refusing = stepsWith({ ...real, acceptDispute: refused, submitEvidence: refused });
  const actor = { type: 'staff', id: finance.id } as const;
  const step = { purchaseId: id, chargebackId: dispute.id, actor, atMs: Date.now() };
  for (const updateId of [randomUUID(), randomUUID()]) {
    await expect(asActivity(() => refusing.acceptChargeback({ ...step, updateId }))).rejects.toThrow(/refused/);
    await expect(asActivity(() => refusing.answerChargeback({ ...step, updateId }))).rejects.toThrow(/refused/);
  }
  // Nothing has changed by that: it can be answered as before, and is nobody's but the bank's.
  expect((await read(buyer, id)).body.chargeback).toBe('open');
  expect((await aboutChargeback(finance, id, dispute.id, 'evidence')).status).toBe(200);
  await moveDispute(dispute.id, 'lost');
  await laid(buyer, id, 'lost');
  expect((await aboutChargeback(finance, id, dispute.id, 'accept')).body).toMatchObject({ code: 'CHARGEBACK_CLOSED' });
  await expectEqualBooks((await read(buyer, id)).body);
});

test('finance is asked once about money that stands still, and anew when it stands still again', async () => {
  const id = (await sold({ seller, buyer }, ['accept', 'deliver'])) as PurchaseId;
  const steps = stepsWith();
  const report = (atMs: number) => {
    const step: PurchaseStep = {
      purchaseId: id,
      from: 'delivered',
      event: 'hold_limit_reached',
      actor: { type: 'system', id: 'clock' },
      atMs,
    };
    return asActivity(() => steps.reportHoldLimit(step));
  };
  const reported = async () => {
    const { rows } = await database.query(
      `SELECT 1 FROM audit.entries WHERE subject_id = $1 AND change LIKE '%"step":"reportHoldLimit/%'`,
      [id],
    );
    return rows.length;
  };
  const nowMs = Date.now();
  await report(nowMs);
  expect(await reported()).toBe(0);
  for (const times of [1, 2]) {
    expect((await order(finance, id, 'pause', { reason: 'We look at it.' })).status).toBe(200);
    expect(await report(nowMs + times)).toMatchObject({ limitReached: true });
    expect(await report(nowMs + times + 2_000)).toMatchObject({ limitReached: true });
    expect(await reported()).toBe(times);
    expect((await order(finance, id, 'resume', { reason: 'All is well.' })).status).toBe(200);
  }
  await expectEqualBooks((await read(buyer, id)).body);
});

test('Stripe, asked again to send what was blocked, hears the same amount, whatever the seller has come to owe', async () => {
  const account = await payoutAccountOf(database, seller.id as UserId);
  const control = async (body: Record<string, unknown>): Promise<void> => {
    const { status } = await request('POST', `/_control/accounts/${account}`, { base: stack().urls.sandbox, body });
    expect(status).toBe(200);
  };
  const paid = { paymentMethod: 'pm_card_bypassPending' };
  const debt = await sold({ seller, buyer }, ['accept', 'confirm'], paid);
  const id = (await sold({ seller, buyer }, ['accept'], paid)) as PurchaseId;
  await control({ payOut: true });
  await control({ disabledReason: 'under_review' });
  expect((await act(buyer, id, 'confirm')).status).toBe(200);
  expect(await reached(buyer, id, 'released')).toMatchObject({ transfer: { status: 'blocked' } });

  const asked: { readonly amount: number; readonly key: string }[] = [];
  const real = purchaseDeps(database).payments;
  // The request is lost, as when a worker dies under it: nobody knows what became of it.
  const losing = stepsWith({
    ...real,
    transfer: async ({ amount }, key) => {
      asked.push({ amount, key });
      throw new ProviderError('stripe', 'unreachable', 'reply_lost');
    },
  });
  const step: PurchaseStep = {
    purchaseId: id,
    from: 'released',
    event: 'aftercare_over',
    actor: { type: 'system', id: 'clock' },
    atMs: Date.now(),
  };
  await expect(asActivity(() => losing.retryTransfer(step))).rejects.toThrow(/reply_lost/);
  expect((await act(seller, debt, 'refunds')).body).toMatchObject({ money: { advanced: 2_250 } });
  // Begun anew it does nothing: what was begun is gone through with, as it was begun.
  const anew = { ...step, atMs: step.atMs + 1_000 };
  expect(await asActivity(() => losing.retryTransfer(anew))).toMatchObject({ unfinished: { atMs: step.atMs } });
  await expect(asActivity(() => losing.retryTransfer(step))).rejects.toThrow(/reply_lost/);
  expect(asked).toEqual([asked[0], asked[0]]);
  expect(asked[0]?.amount).toBe(2_250);

  // It is refused once more, and what is owed by now is kept before Stripe is asked the next time: nothing is left to send.
  const steps = stepsWith(real);
  expect(await asActivity(() => steps.retryTransfer(step))).toMatchObject({ transfer: 'blocked' });
  await control({ disabledReason: null });
  await waitFor(async () => (await read(seller, id)).body.transfer.status === 'sent', {
    what: 'the transfer to be tried again',
    timeoutMs: 20_000,
  });
  const { body } = await read(seller, id);
  expect(body).toMatchObject({ money: { recovered: 2_250, transferred: 0, payable: 0 } });
  await expectEqualBooks(body);
  await expectEqualBooks((await read(seller, debt)).body);
});
