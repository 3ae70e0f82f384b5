/** The buyer's bank takes back what was released already: Wellpact puts it in, until it is known who bears it. */
import { beforeAll, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed, laid, moveDispute, recordPurchase, sold } from '../helpers/chargebacks.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, reached } from '../helpers/purchases.ts';

let seller: Person;
let buyer: Person;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

const RELEASED = ['accept', 'deliver', 'confirm'] as const;

test('lost: the seller gives their part back, Wellpact its commission', async () => {
  const id = await sold({ seller, buyer }, RELEASED);
  const { id: dispute } = await disputed(id);
  const open = await laid(buyer, id, 'open');
  expect(open).toMatchObject({
    state: 'released',
    holds: ['chargeback'],
    money: { captured: 2_500, advanced: 2_500, chargedBack: 2_500, transferred: 2_250, fees: 250 },
  });
  await expectEqualBooks(open);
  expect(await act(seller, id, 'refunds')).toMatchObject({ status: 409, body: { code: 'CHARGEBACK_OPEN' } });
  await moveDispute(dispute, 'lost');
  const ended = await reached(buyer, id, 'refunded');
  expect(ended).toMatchObject({
    chargeback: 'lost',
    transfer: { status: 'reversed' },
    money: { captured: 2_500, advanced: 0, chargedBack: 2_500, transferred: 0, fees: 0, refunded: 0 },
  });
  await expectEqualBooks(ended);
  await recordPurchase('chargeback-after-release-lost', id);
});

test('won: what was put in comes back, and the purchase is completed', async () => {
  const id = await sold({ seller, buyer }, RELEASED);
  const { id: dispute } = await disputed(id);
  await laid(buyer, id, 'open');
  await moveDispute(dispute, 'won');
  const ended = await reached(buyer, id, 'completed');
  expect(ended).toMatchObject({
    chargeback: 'won',
    money: { captured: 2_500, advanced: 0, chargedBack: 0, transferred: 2_250, fees: 250 },
  });
  await expectEqualBooks(ended);
  await recordPurchase('chargeback-after-release-won', id);
});

test('a part of it, lost: the seller keeps the rest, less the commission on that', async () => {
  const id = await sold({ seller, buyer }, RELEASED);
  const { id: dispute } = await disputed(id, { amount: 1_000 });
  await laid(buyer, id, 'open');
  await moveDispute(dispute, 'lost');
  const ended = await reached(buyer, id, 'completed');
  expect(ended).toMatchObject({
    chargeback: 'lost',
    money: { captured: 2_500, advanced: 0, chargedBack: 1_000, transferred: 1_350, fees: 150 },
  });
  await expectEqualBooks(ended);
});
