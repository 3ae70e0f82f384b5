/** What a seller has, with Stripe and without it. */
import { beforeAll, expect, test } from 'vitest';
import { request } from '../helpers/client.ts';
import { balance } from '../helpers/payouts.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';

let buyer: Person;
beforeAll(async () => {
  buyer = await verifiedBuyer();
});

async function held(seller: Person): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(seller));
  await act(seller, body.id, 'accept');
  return body.id;
}

const plant = (fault: Record<string, unknown>) =>
  request('POST', '/_control/faults', {
    base: stack().urls.sandbox,
    body: { provider: 'stripe', method: 'GET', path: '/v1/balance', times: 1, ...fault },
  });

test('what is held, released and sent is told apart, in the currency it is in', async () => {
  const seller = await verifiedSeller();
  const none = { available: 0, pending: 0, payable: 0, held: 0, owed: 0 };
  const empty = await balance(seller);
  expect(empty.stripe).toBe('known');
  expect(empty.data).toContainEqual({ currency: 'EUR', ...none });

  const [first] = await Promise.all([held(seller), held(seller)]);
  expect(await balance(seller)).toEqual({
    stripe: 'known',
    data: [{ currency: 'EUR', ...none, held: 5_000 }],
  });
  await act(buyer, first, 'confirm');
  await reached(seller, first, 'released');
  const { data } = await balance(seller);
  expect(data).toMatchObject([{ currency: 'EUR', payable: 0, held: 2_500, owed: 0 }]);
  // Whether it is available yet is Stripe's to say; it is there, less the commission.
  expect((data[0]?.available ?? 0) + (data[0]?.pending ?? 0)).toBe(2_250);
});

test.each([{ kind: 'error' }, { kind: 'rate_limit' }, { kind: 'timeout', delayMs: 6_000 }])(
  'without Stripe ($kind) our part is told, and that the rest is not known',
  async (fault) => {
    const seller = await verifiedSeller();
    await held(seller);
    expect((await plant(fault)).status).toBeLessThan(300);
    const mine = { currency: 'EUR', available: null, pending: null, payable: 0, held: 2_500, owed: 0 };
    expect(await balance(seller)).toEqual({ stripe: 'unavailable', data: [mine] });
    expect((await balance(seller)).stripe).toBe('known');
  },
);

test('somebody who sells nothing has nothing, and no account at Stripe', async () => {
  const { stripe, data } = await balance(buyer);
  expect(stripe).toBe('no_account');
  expect(data.every(({ available, held }) => available === 0 && held === 0)).toBe(true);
});
