/** A refund came back, so the buyer is owed money; then their bank takes the payment: nobody is paid twice. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { latestCase } from '../../services/cases/index.ts';
import { refundsOf } from '../../services/transactions/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed, laid, moveDispute, sold } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { type PurchaseBody, reached, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let finance: Awaited<ReturnType<typeof staffToken>>;

beforeAll(async () => {
  [seller, buyer, finance] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
});

/** Refunds all or a part of it, and lets that come back. @returns Stripe's id of the refund */
async function cameBack(id: string, amount?: number): Promise<string> {
  const body = amount === undefined ? {} : { amount: { amount, currency: 'EUR' } };
  const answer = await request('POST', `/v1/purchases/${id}/refunds`, { token: seller.accessToken, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  const made = await withDatabase((database) => refundsOf(database, [id as PurchaseId]));
  const refundId = made.get(id as PurchaseId)?.at(-1)?.providerId ?? '';
  const base = stack().urls.sandbox;
  const failed = await request('POST', `/_control/refunds/${refundId}`, { base, body: { status: 'failed' } });
  expect(failed.status, JSON.stringify(failed.body)).toBe(200);
  await until(id, ({ owedToBuyer }) => owedToBuyer > 0);
  return refundId;
}

const until = (id: string, isSo: (money: PurchaseBody['money']) => boolean) =>
  waitFor(async () => isSo((await read(buyer, id)).body.money), { what: 'the money to move', timeoutMs: 20_000 });

const caseOf = (kind: 'refund_failed' | 'chargeback_remainder', id: string) =>
  withDatabase((database) => latestCase(database, kind, id));

const again = (id: string, refundId: string) =>
  request('POST', `/v1/admin/purchases/${id}/refunds/again`, {
    token: finance.accessToken,
    idempotencyKey: randomUUID(),
    body: { refundId, reason: 'They ask for it.' },
  });

test('all of it: what was owed, the bank has given; no loss, nothing owed, and nothing to be sent', async () => {
  const id = await sold({ seller, buyer }, ['accept']);
  const refundId = await cameBack(id);
  await reached(buyer, id, 'refunded');
  expect(await caseOf('refund_failed', id)).toMatchObject({ state: 'open' });
  const { id: dispute } = await disputed(id, { amount: 2_500 });
  const open = await laid(buyer, id, 'open');
  expect(open.money).toMatchObject({ advanced: 2_500, owedToBuyer: 2_500, chargedBack: 2_500 });
  await expectEqualBooks(open);
  await moveDispute(dispute, 'lost');
  await until(id, ({ advanced }) => advanced === 0);
  const ended = (await read(buyer, id)).body;
  expect(ended.money).toMatchObject({ captured: 2_500, chargedBack: 2_500, owedToBuyer: 0, refunded: 0 });
  await expectEqualBooks(ended);
  expect(await caseOf('refund_failed', id)).toMatchObject({ state: 'closed', decision: 'resolved' });
  expect(await caseOf('chargeback_remainder', id)).toBeUndefined();
  expect(await again(id, refundId)).toMatchObject({ status: 409, body: { code: 'REFUND_NOT_OWED' } });
});

test('a part, after the release: the bank gives what was owed first, and the rest is the seller’s to bear', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'deliver', 'confirm'], {
    paymentMethod: 'pm_card_bypassPending',
  });
  await cameBack(id, 1_000);
  const { id: dispute } = await disputed(id, { amount: 1_500 });
  await laid(buyer, id, 'open');
  await moveDispute(dispute, 'lost');
  await until(id, ({ advanced }) => advanced === 0);
  const ended = await reached(buyer, id, 'completed');
  // Of 25.00 the seller keeps 10.00 before commission: 10.00 was refunded, and the bank took 5.00 more.
  expect(ended.money).toMatchObject({ chargedBack: 1_500, owedToBuyer: 0, refunded: 0, transferred: 900, fees: 100 });
  await expectEqualBooks(ended);
  expect(await caseOf('refund_failed', id)).toMatchObject({ state: 'closed' });
  expect(await caseOf('chargeback_remainder', id)).toBeUndefined();
});
