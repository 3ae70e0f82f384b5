/** Refunds for which the seller has no money any more: Wellpact advances them, and later releases pay it back. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import { owedBy } from '../../services/transactions/index.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseBody, publishedListing, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';

let buyer: Person;
let seller: Person;
beforeAll(async () => {
  buyer = await verifiedBuyer();
});
beforeEach(async () => {
  seller = await verifiedSeller();
});

const ok = async (answer: ReturnType<typeof act>): Promise<PurchaseBody> => {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
};

/** Paid with money that is available at once, and accepted. */
async function held(amount = 2_500): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(seller, { amount }), {
    paymentMethod: 'pm_card_bypassPending',
  });
  await ok(act(seller, body.id, 'accept'));
  return body.id;
}

async function released(amount?: number): Promise<string> {
  const id = await held(amount);
  await ok(act(buyer, id, 'confirm'));
  return id;
}

/** Everything that the seller has at Stripe goes to their bank. */
async function payOut(): Promise<void> {
  const account = await withDatabase((database) => payoutAccountOf(database, seller.id as UserId));
  const base = stack().urls.sandbox;
  const answer = await request('POST', `/_control/accounts/${account}`, { base, body: { payOut: true } });
  expect(answer.status).toBe(200);
}

/** @returns the purchase whose refund was advanced: the seller owes 22.50 EUR */
async function advanced(): Promise<PurchaseBody> {
  const id = await released();
  await payOut();
  return ok(act(seller, id, 'refunds'));
}

const owed = (): Promise<number> => withDatabase((database) => owedBy(database, seller.id as UserId, 'EUR'));

describe('when the seller was paid out', () => {
  test('the buyer is refunded all the same, and the seller owes it', async () => {
    const purchase = await advanced();
    expect(purchase).toMatchObject({
      state: 'refunded',
      transfer: { status: 'sent' },
      money: { captured: 2_500, advanced: 2_250, transferred: 2_250, refunded: 2_500, fees: 0, payable: 0 },
    });
    await expectEqualBooks(purchase);
    expect(await owed()).toBe(2_250);
    await recordHistory('purchase-refund-advanced', purchaseWorkflowId(purchase.id as PurchaseId));
  });

  test('the next release keeps what is owed, and sends the rest', async () => {
    await advanced();
    const id = await released(5_000);
    const { body } = await read(seller, id);
    expect(body.money).toMatchObject({ captured: 5_000, recovered: 2_250, transferred: 2_250, fees: 500, payable: 0 });
    await expectEqualBooks(body);
    expect(await owed()).toBe(0);
  });

  test('a release that owes all of it sends nothing at all', async () => {
    await advanced();
    const { body } = await read(seller, await released(1_000));
    expect(body).toMatchObject({ state: 'released', money: { recovered: 900, transferred: 0, fees: 100 } });
    expect(await sandboxLog({ transferGroup: body.id, kind: 'transfer' })).toEqual([]);
    await expectEqualBooks(body);
    expect(await owed()).toBe(1_350);
  });

  test('two releases at the same moment keep no more than is owed', async () => {
    await advanced();
    const ids = await Promise.all([held(2_000), held(2_000), held(2_000)]);
    await Promise.all(ids.map((id) => ok(act(buyer, id, 'confirm'))));
    const purchases = await Promise.all(ids.map(async (id) => (await read(buyer, id)).body));
    expect(purchases.reduce((sum, { money }) => sum + money.recovered, 0)).toBe(2_250);
    expect(await owed()).toBe(0);
    for (const purchase of purchases) await expectEqualBooks(purchase);
  });

  test('a purchase that paid a debt and is refunded itself: what it kept is owed anew', async () => {
    await advanced();
    const id = await released(5_000);
    const refunded = await ok(act(seller, id, 'refunds'));
    expect(refunded).toMatchObject({
      state: 'refunded',
      transfer: { status: 'reversed' },
      money: { captured: 5_000, advanced: 2_250, recovered: 2_250, transferred: 0, refunded: 5_000, fees: 0 },
    });
    await expectEqualBooks(refunded);
    expect(await owed()).toBe(2_250);
    await released(5_000);
    expect(await owed()).toBe(0);
  });
});
