/** The buyer's bank asks before it takes anything. */
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

test('no money moves and none is released; it comes to nothing, and the purchase goes on', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'deliver'], { paymentMethod: 'pm_card_createDisputeInquiry' });
  const asked = await laid(buyer, id, 'inquiry');
  expect(asked).toMatchObject({
    holds: ['chargeback'],
    money: { held: 2_500, chargedBack: 0 },
    chargebackAmount: 2_500,
  });
  expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 409, body: { code: 'CHARGEBACK_OPEN' } });
  const { id: dispute } = await onlyDispute(id);
  await moveDispute(dispute, 'warning_under_review');
  await moveDispute(dispute, 'warning_closed');
  await laid(buyer, id, 'none');
  const ended = await reached(buyer, id, 'completed');
  expect(ended.money).toMatchObject({ transferred: 2_250, fees: 250, chargedBack: 0 });
  await expectEqualBooks(ended);
  await recordPurchase('chargeback-inquiry-closed', id);
});

test('a refund in full ends it', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'deliver']);
  await disputed(id, { status: 'warning_needs_response' });
  const asked = await laid(buyer, id, 'inquiry');
  expect(asked.next.actions).toEqual([]);
  expect((await read(seller, id)).body.next.actions).toEqual(['refund_in_full']);
  expect(await act(seller, id, 'refunds')).toMatchObject({ status: 200, body: { state: 'refunded' } });
  const ended = await laid(buyer, id, 'none');
  expect(ended.money).toMatchObject({ refunded: 2_500, held: 0, chargedBack: 0 });
  await expectEqualBooks(ended);
  await recordPurchase('chargeback-inquiry-refunded', id);
});

test('it becomes a chargeback, and is lost', async () => {
  const id = await sold({ seller, buyer }, ['accept']);
  const { id: dispute } = await disputed(id, { status: 'warning_needs_response' });
  await laid(buyer, id, 'inquiry');
  await moveDispute(dispute, 'needs_response');
  expect(await laid(buyer, id, 'open')).toMatchObject({ money: { held: 0, chargedBack: 2_500 } });
  await moveDispute(dispute, 'lost');
  const ended = await reached(buyer, id, 'refunded');
  await expectEqualBooks(ended);
});

test('prevented: what was settled before it became a chargeback is with the buyer', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'deliver']);
  await disputed(id, { status: 'prevented' });
  const ended = await reached(buyer, id, 'refunded');
  expect(ended).toMatchObject({ chargeback: 'prevented', money: { chargedBack: 2_500, held: 0 } });
  await expectEqualBooks(ended);
});
