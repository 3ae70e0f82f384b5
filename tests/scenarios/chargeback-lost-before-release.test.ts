/** The buyer's bank takes a payment back before it was released, and keeps it. */
import { beforeAll, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed, laid, moveDispute, onlyDispute, recordPurchase, sold } from '../helpers/chargebacks.ts';

import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, reached, read } from '../helpers/purchases.ts';

let seller: Person;
let buyer: Person;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

const TAKEN = { captured: 2_500, chargedBack: 2_500, held: 0, refunded: 0 } as const;

test('a card that is disputed as soon as it is charged: nothing is released or refunded, and lost, all is with the buyer', async () => {
  const id = await sold({ seller, buyer }, ['accept'], { paymentMethod: 'pm_card_createDispute' });
  const open = await laid(buyer, id, 'open');
  expect(open).toMatchObject({
    state: 'held',
    money: TAKEN,
    holds: ['chargeback'],
    chargebackAmount: 2_500,
    deadlines: {},
    next: { waitsFor: 'platform', automatic: null },
  });
  await expectEqualBooks(open);
  expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 409, body: { code: 'CHARGEBACK_OPEN' } });
  expect(await act(seller, id, 'refunds')).toMatchObject({ status: 409, body: { code: 'CHARGEBACK_OPEN' } });
  expect(await act(buyer, id, 'cancel')).toMatchObject({ status: 409, body: { code: 'CHARGEBACK_OPEN' } });
  const delivered = await act(seller, id, 'deliver');
  expect(delivered).toMatchObject({ status: 200, body: { state: 'delivered', chargeback: 'open' } });

  const { id: dispute } = await onlyDispute(id);
  await moveDispute(dispute, 'lost');
  const ended = await reached(buyer, id, 'refunded');
  expect(ended).toMatchObject({ chargeback: 'lost', money: TAKEN, holds: [] });
  await expectEqualBooks(ended);
  await recordPurchase('chargeback-lost-after-delivery', id);
});

test('before delivery: what was reserved is for sale again', async () => {
  const id = await sold({ seller, buyer }, ['accept']);
  const { listingId } = (await read(buyer, id)).body;
  const { id: dispute } = await disputed(id);
  await laid(buyer, id, 'open');
  await moveDispute(dispute, 'under_review');
  await moveDispute(dispute, 'lost');
  const ended = await reached(buyer, id, 'refunded');
  expect(ended).toMatchObject({ chargeback: 'lost', money: TAKEN });
  await expectEqualBooks(ended);
  const listing = await seller.client.GET('/v1/listings/{id}', { params: { path: { id: listingId } } });
  expect(listing.data).toMatchObject({ available: 10 });
  await recordPurchase('chargeback-lost-before-delivery', id);
});
