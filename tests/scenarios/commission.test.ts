/** What a purchase keeps of rates that can change, over HTTP: the commission by category, with bounds, in a promotion; the taxes. */
import { beforeAll, expect, test } from 'vitest';
import type { Category } from '../../services/marketplace/rules.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseAction, publishedListing, read } from '../helpers/purchases.ts';

let seller: Person;
let buyer: Person;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

/** Buys something of a category and goes a way with it. @returns the id */
async function goneThrough(
  listing: { readonly category: Category; readonly amount: number },
  way: readonly (readonly [Person, PurchaseAction])[],
): Promise<string> {
  const { status, body } = await buy(buyer, await publishedListing(seller, listing));
  expect(status, JSON.stringify(body)).toBe(201);
  for (const [who, action] of way) expect((await act(who, body.id, action)).status, action).toBe(200);
  return body.id;
}

const released = (): (readonly [Person, PurchaseAction])[] => [
  [seller, 'accept'],
  [seller, 'deliver'],
  [buyer, 'confirm'],
];

test.each([
  ['the standard', 'skin_care', 2_500, { fees: 250, transferred: 2_250 }, { basisPoints: 1_000 }],
  ['a minimum', 'aromatherapy', 2_500, { fees: 300, transferred: 2_200 }, { basisPoints: 1_000, minimum: 300 }],
  ['a minimum over the price', 'aromatherapy', 200, { fees: 200, transferred: 0 }, { minimum: 300 }],
  ['a maximum', 'sleep_and_relaxation', 2_500, { fees: 200, transferred: 2_300 }, { basisPoints: 1_000, maximum: 200 }],
  ['a promotion', 'meditation', 2_500, { fees: 50, transferred: 2_450 }, { basisPoints: 200, minimum: null }],
] as const)('%s', async (_what, category, amount, money, rate) => {
  const id = await goneThrough({ category, amount }, released());
  const { body } = await read(seller, id);
  expect(body).toMatchObject({ money: { captured: amount, payable: 0, ...money }, commission: rate });
  await expectEqualBooks(body);
});

test('a refund in full gives the commission back, minimum or not', async () => {
  const id = await goneThrough({ category: 'aromatherapy', amount: 2_500 }, [...released(), [seller, 'refunds']]);
  const { body } = await read(buyer, id);
  expect(body).toMatchObject({ state: 'refunded', money: { fees: 0, refunded: 2_500, transferred: 0 } });
  await expectEqualBooks(body);
});

test('the taxes within the price are those of the country of the seller, and move no money', async () => {
  const id = await goneThrough({ category: 'skin_care', amount: 2_500 }, released());
  const { body } = await read(buyer, id);
  expect(body.taxes).toEqual([{ name: 'VAT', country: 'DE', basisPoints: 1_900, amount: 399 }]);
  expect(body.money).toMatchObject({ captured: 2_500, transferred: 2_250, fees: 250 });
});
