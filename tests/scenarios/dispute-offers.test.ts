/** Both sides look for an agreement: offers, counter-offers, and one that is taken. */
import { beforeAll, expect, test } from 'vitest';
import { ask, delivered, disputed, does, EUR, expectSettled, readDispute } from '../helpers/disputes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

test('offers of both sides: a newer one takes the place of the older, and only the other side accepts it', async () => {
  const dispute = await disputed(buyer, await delivered({ seller, buyer }));
  const path = `/v1/disputes/${dispute.id}`;
  await does(seller, dispute, 'response', { answer: 'contest', text: 'It is exactly as shown.' });
  await does(seller, dispute, 'offers', { refund: EUR(300) });
  await does(buyer, dispute, 'offers', { refund: EUR(2_000), text: 'Most of it.' });
  await does(seller, dispute, 'offers', { refund: EUR(1_001) });
  expect(await readDispute(buyer, dispute.id)).toMatchObject({
    state: 'negotiating',
    remarks: [{ on: 'contest', by: 'seller', text: 'It is exactly as shown.' }],
    offers: [
      { number: 1, by: 'seller', status: 'superseded' },
      { number: 2, by: 'buyer', status: 'open', refund: EUR(2_000), text: 'Most of it.' },
      { number: 3, by: 'seller', status: 'open' },
    ],
    next: { waitsFor: 'both' },
  });
  expect(await ask(buyer, `${path}/offers/1/accept`)).toMatchObject({ status: 409, body: { code: 'NO_SUCH_OFFER' } });
  expect(await ask(buyer, `${path}/offers/2/accept`)).toMatchObject({ status: 409, body: { code: 'OWN_OFFER' } });
  expect(await ask(buyer, `${path}/offers/9/accept`)).toMatchObject({ status: 409, body: { code: 'NO_SUCH_OFFER' } });
  await does(buyer, dispute, 'offers/3/accept');
  // 1,499 is the seller's, of which 10 % rounded half up are the commission.
  const money = { captured: 2_500, refunded: 1_001, transferred: 1_349, fees: 150 };
  const closed = await expectSettled(buyer, dispute, 'released', money);
  expect(closed.offers.map(({ status }) => status)).toEqual(['superseded', 'open', 'accepted']);
  expect(await ask(buyer, `${path}/offers`, { refund: EUR(1) })).toMatchObject({
    status: 409,
    body: { code: 'NOT_ALLOWED_NOW', state: 'closed' },
  });
});

test('both accept at once: one of them is right, and the books are one', async () => {
  const dispute = await disputed(buyer, await delivered({ seller, buyer }));
  await does(seller, dispute, 'response', { answer: 'offer', refund: EUR(500) });
  await does(buyer, dispute, 'offers', { refund: EUR(1_500) });
  const path = `/v1/disputes/${dispute.id}/offers`;
  const answers = await Promise.all([ask(buyer, `${path}/1/accept`), ask(seller, `${path}/2/accept`)]);
  expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 409]);
  const refunded = answers[0]?.status === 200 ? 500 : 1_500;
  const gross = 2_500 - refunded;
  await expectSettled(buyer, dispute, 'released', {
    captured: 2_500,
    refunded,
    transferred: gross * 0.9,
    fees: gross * 0.1,
  });
});
