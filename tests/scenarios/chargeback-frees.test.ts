/** What was kept for an end that a buyer's bank has made impossible is free again: stock for sale, and the part set aside for a debt. */
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { owedBy, reserveRecovery } from '../../services/transactions/index.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed as chargedBack, laid, moveDispute } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached, read } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';

let buyer: Person;
let seller: Person;
beforeAll(async () => {
  buyer = await verifiedBuyer();
});
beforeEach(async () => {
  seller = await verifiedSeller();
});

async function sold(listingId: string, actions: readonly ('accept' | 'deliver' | 'confirm')[]): Promise<string> {
  const bought = await buy(buyer, listingId, { paymentMethod: 'pm_card_bypassPending' });
  expect(bought.status, JSON.stringify(bought.body)).toBe(201);
  for (const action of actions) {
    const answer = await act(action === 'confirm' ? buyer : seller, bought.body.id, action);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  }
  return bought.body.id;
}

async function refund(id: string, amount?: number): Promise<void> {
  const body = amount === undefined ? {} : { amount: { amount, currency: 'EUR' } };
  const answer = await request('POST', `/v1/purchases/${id}/refunds`, { token: seller.accessToken, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

test('the only piece, refunded in part and then taken back by the bank for more than is left: it is for sale again', async () => {
  const listing = await publishedListing(seller, { stock: 1 });
  const id = await sold(listing, ['accept']);
  expect(await buy(buyer, listing)).toMatchObject({ status: 409 });
  await refund(id, 1_000);
  const { id: dispute } = await chargedBack(id, { amount: 2_500 });
  await laid(buyer, id, 'open');
  await moveDispute(dispute, 'lost');
  const ended = await reached(buyer, id, 'refunded');
  expect(ended.money).toMatchObject({ held: 0, refunded: 1_000, chargedBack: 2_500, advanced: 1_000 });
  await expectEqualBooks(ended);
  expect(await buy(buyer, listing)).toMatchObject({ status: 201 });
});

const owed = (): Promise<number> => withDatabase((database) => owedBy(database, seller.id as UserId, 'EUR'));

test('a release that was lost once it had set a debt aside, and a bank that then takes most: no more is kept than there is', async () => {
  // The seller comes to owe 22.50: their balance is empty when they refund a sale.
  const debt = await sold(await publishedListing(seller), ['accept', 'deliver', 'confirm']);
  const account = await withDatabase((database) => payoutAccountOf(database, seller.id as UserId));
  const base = stack().urls.sandbox;
  expect(await request('POST', `/_control/accounts/${account}`, { base, body: { payOut: true } })).toMatchObject({
    status: 200,
  });
  await refund(debt);
  expect(await owed()).toBe(2_250);

  const id = await sold(await publishedListing(seller, { amount: 10_000 }), ['accept', 'deliver']);
  // The worker that was to release it died after this.
  const aside = await withDatabase((database) => reserveRecovery(database, id as PurchaseId, 'delivered', 9_000));
  expect([aside, await owed()]).toEqual([2_250, 0]);
  const { id: dispute } = await chargedBack(id, { amount: 8_000 });
  await laid(buyer, id, 'open');
  expect(await owed()).toBe(2_250);
  await moveDispute(dispute, 'lost');
  await laid(buyer, id, 'lost');

  expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 200 });
  const { body } = await read(buyer, id);
  expect(body.money).toMatchObject({ held: 0, payable: 0, fees: 200, recovered: 1_800, transferred: 0 });
  expect(await owed()).toBe(450);
  await expectEqualBooks(body);
});
