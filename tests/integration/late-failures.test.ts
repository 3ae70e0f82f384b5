/** Refunds that come back: one or several, in any order, before the purchase has ended and after; and sending them anew. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { aftercareWorkflowId } from '../../contracts/aftercare.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import { listCases } from '../../services/cases/index.ts';
import { refundsOf } from '../../services/transactions/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { type Response, request } from '../helpers/client.ts';
import { historyOf, recordHistory } from '../helpers/histories.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseBody, publishedListing, reached, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { order, type StandsBody, staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let buyer: Person;
let seller: Person;
let finance: { readonly id: string; readonly accessToken: string };
beforeAll(async () => {
  [buyer, seller, finance] = await Promise.all([verifiedBuyer(), verifiedSeller(), staffToken('finance')]);
});

const ok = async (answer: Promise<Response<PurchaseBody>>): Promise<PurchaseBody> => {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
};

async function held(): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(seller));
  await ok(act(seller, body.id, 'accept'));
  return body.id;
}

const refund = (id: string, amount?: number): Promise<Response<PurchaseBody>> =>
  request('POST', `/v1/purchases/${id}/refunds`, {
    token: seller.accessToken,
    body: amount === undefined ? {} : { amount: { amount, currency: 'EUR' } },
  });

/** Stripe's ids of what went back, oldest first. */
const idsOf = async (id: string): Promise<string[]> => {
  const found = await withDatabase((database) => refundsOf(database, [id as PurchaseId]));
  return (found.get(id as PurchaseId) ?? []).map(({ providerId }) => providerId);
};

async function comesBack(refundId: string | undefined): Promise<void> {
  const base = stack().urls.sandbox;
  const answer = await request('POST', `/_control/refunds/${refundId}`, { base, body: { status: 'failed' } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

const owes = (id: string, amount: number): Promise<unknown> =>
  waitFor(async () => (await read(buyer, id)).body.money.owedToBuyer === amount, {
    what: `${amount} to be owed to the buyer`,
    timeoutMs: 20_000,
  });

const again = (
  id: string,
  refundId: string | undefined,
  { token = finance.accessToken, key = randomUUID() } = {},
): Promise<Response<StandsBody>> =>
  request('POST', `/v1/admin/purchases/${id}/refunds/again`, {
    token,
    idempotencyKey: key,
    body: { refundId, reason: 'The bank has mended the card.' },
  });

const casesOf = (id: string) =>
  withDatabase((database) => listCases(database, { kinds: ['refund_failed'], subjectId: id }, 10));

/** Whether the aftercare of a purchase has ever run. */
const hadAftercare = (id: string): Promise<boolean> =>
  historyOf(aftercareWorkflowId(id as PurchaseId)).then(
    () => true,
    () => false,
  );

describe('while the purchase lives, its workflow alone writes', () => {
  test('several refunds come back, the later one first; one case says what is owed in all; both are sent anew', async () => {
    const id = await held();
    await ok(refund(id, 400));
    await ok(refund(id, 600));
    const [first, second] = await idsOf(id);
    await comesBack(second);
    await owes(id, 600);
    await comesBack(first);
    await owes(id, 1_000);
    const { body } = await read(buyer, id);
    expect(body).toMatchObject({ state: 'held', refund: { status: 'failed' }, money: { held: 1_500, refunded: 0 } });
    expect(body.refunds.map(({ status }) => status)).toEqual(['failed', 'failed']);
    await expectEqualBooks(body);
    expect(await casesOf(id)).toMatchObject([{ state: 'open', details: { refundId: first, amount: 1_000 } }]);
    expect(await hadAftercare(id)).toBe(false);

    expect((await again(id, first)).status).toBe(200);
    expect(await casesOf(id)).toMatchObject([{ state: 'open', details: { amount: 600 } }]);
    await expectEqualBooks((await read(buyer, id)).body);
    expect((await again(id, second)).status).toBe(200);
    const after = (await read(buyer, id)).body;
    expect(after.money).toMatchObject({ held: 1_500, refunded: 1_000, owedToBuyer: 0 });
    expect(after.refunds.map(({ amount, status }) => [amount, status])).toEqual([
      [400, 'failed'],
      [600, 'failed'],
      [400, 'succeeded'],
      [600, 'succeeded'],
    ]);
    await expectEqualBooks(after);
    expect(await casesOf(id)).toMatchObject([{ state: 'closed', decision: 'resolved' }]);
    // What is left is released as ever.
    const released = await ok(act(buyer, id, 'confirm'));
    expect(released.money).toMatchObject({ transferred: 1_350, fees: 150, refunded: 1_000 });
    await expectEqualBooks(released);
    await recordHistory('purchase-refunds-came-back', purchaseWorkflowId(id as PurchaseId));
  });

  test('one that came back is not sent anew while the money is paused', async () => {
    const id = await held();
    await ok(refund(id, 400));
    const [first] = await idsOf(id);
    await comesBack(first);
    await owes(id, 400);
    await order(finance, id, 'pause', { reason: 'A look first.' });
    expect(await again(id, first)).toMatchObject({ status: 409, body: { code: 'MONEY_PAUSED' } });
    await order(finance, id, 'resume', { reason: 'All is well.' });
    expect((await again(id, first)).status).toBe(200);
    await expectEqualBooks((await read(buyer, id)).body);
  });
});

describe('when it has ended, its aftercare is the writer', () => {
  test('a refund comes back, is sent anew, comes back again, and is sent once more', async () => {
    const id = await held();
    await ok(act(seller, id, 'cancel'));
    await reached(buyer, id, 'cancelled');
    const [first] = await idsOf(id);
    await comesBack(first);
    await owes(id, 2_500);
    expect((await again(id, first)).status).toBe(200);
    const second = (await idsOf(id)).at(-1);
    await expectEqualBooks((await read(buyer, id)).body);
    await comesBack(second);
    await owes(id, 2_500);
    // The first one was sent anew already: nothing more happens for it.
    expect((await again(id, first)).status).toBe(200);
    expect(await idsOf(id)).toHaveLength(2);
    expect((await again(id, second)).status).toBe(200);
    const { body } = await read(buyer, id);
    expect(body).toMatchObject({ state: 'cancelled', refund: { status: 'succeeded' }, money: { refunded: 2_500 } });
    await expectEqualBooks(body);
    await recordHistory('aftercare-refunded-again', aftercareWorkflowId(id as PurchaseId));
  });

  test('one order is one refund, however often it is sent', async () => {
    const id = await held();
    await ok(refund(id));
    const [first] = await idsOf(id);
    await comesBack(first);
    await owes(id, 2_500);
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 5 }, () => again(id, first, { key })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(await idsOf(id)).toHaveLength(2);
    await expectEqualBooks((await read(buyer, id)).body);
  });

  test('a refund that comes back at the very moment in which the purchase ends is noted once', async () => {
    for (let round = 0; round < 5; round++) {
      const id = await held();
      const ends = refund(id);
      await waitFor(async () => (await idsOf(id)).length === 1, {
        what: 'the refund',
        timeoutMs: 10_000,
        intervalMs: 5,
      });
      await comesBack((await idsOf(id))[0]);
      await ok(ends);
      await owes(id, 2_500);
      const { body } = await read(buyer, id);
      expect(body).toMatchObject({ state: 'refunded', money: { refunded: 0, owedToBuyer: 2_500 } });
      await expectEqualBooks(body);
      expect(await casesOf(id)).toHaveLength(1);
    }
  });
});

test('what has not come back, or was never made, is not sent anew; nor does anybody but finance do so', async () => {
  const id = await held();
  await ok(refund(id, 400));
  const [first] = await idsOf(id);
  expect(await again(id, first)).toMatchObject({ status: 409, body: { code: 'REFUND_NOT_FAILED' } });
  expect(await again(id, 're_of_nobody')).toMatchObject({ status: 409, body: { code: 'OTHER_REFUND' } });
  expect(await again(id, 'nonsense')).toMatchObject({ status: 400 });
  expect((await again(id, first, { token: seller.accessToken })).status).toBe(403);
  await expectEqualBooks((await read(buyer, id)).body);
});
