/** The buyer's bank gives back what it had taken: the purchase goes on with the time that was left. */
import { beforeAll, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed, laid, moveDispute, recordPurchase, sold } from '../helpers/chargebacks.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { reached } from '../helpers/purchases.ts';

let seller: Person;
let buyer: Person;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

test('the money is held again, and silence releases it', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'deliver']);
  const { id: dispute } = await disputed(id);
  await laid(buyer, id, 'open');
  await moveDispute(dispute, 'under_review');
  await moveDispute(dispute, 'won');
  const won = await laid(buyer, id, 'won');
  expect(won).toMatchObject({ state: 'delivered', holds: [], money: { held: 2_500, chargedBack: 0 } });
  expect(won.deadlines).toHaveProperty('inspectUntil');
  // It goes on within seconds: its books are compared once it stands still.
  const ended = await reached(buyer, id, 'completed');
  expect(ended).toMatchObject({ chargeback: 'won', money: { transferred: 2_250, fees: 250, chargedBack: 0 } });
  await expectEqualBooks(ended);
  await recordPurchase('chargeback-won', id);
});
