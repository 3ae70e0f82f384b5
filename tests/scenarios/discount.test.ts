/** A part of the price is paid by Wellpact: the buyer pays less, and the seller gets what they would get without it. */
import { beforeAll, describe, expect, test } from 'vitest';
import { expectEqualBooks } from '../helpers/books.ts';
import { recordPurchase } from '../helpers/chargebacks.ts';
import { discountCode, discounted, earned, go, readDiscount } from '../helpers/discounts.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';

let seller: Person;
let buyer: Person;
let finance: { readonly accessToken: string };

beforeAll(async () => {
  [seller, buyer, finance] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
  await earned({ seller, buyer });
}, 60_000);

const transfersOf = async (id: string): Promise<number[]> =>
  (await sandboxLog({ transferGroup: id, kind: 'transfer' })).map(({ amount }) => amount);

describe('from the purchase to its end', () => {
  test('a part of the price: a second transfer sends what the charge does not cover', async () => {
    const { code, id: codeId } = await discountCode(finance, { basisPoints: 2_000 });
    const id = await discounted({ seller, buyer }, code.toLowerCase(), []);
    expect((await read(buyer, id)).body).toMatchObject({
      price: { amount: 10_000, currency: 'GBP' },
      discount: { amount: 2_000, code },
      total: { amount: 8_000, currency: 'GBP' },
      money: { captured: 0, platformFunded: 0 },
    });
    expect((await read(seller, id)).body.discount).toEqual({ amount: 2_000, code: null });
    await go({ seller, buyer }, id, 'accept');
    const held = (await read(buyer, id)).body;
    expect(held.money).toMatchObject({ captured: 8_000, platformFunded: 2_000, held: 10_000 });
    await expectEqualBooks(held);

    await go({ seller, buyer }, id, 'deliver', 'confirm');
    const completed = await reached(buyer, id, 'completed');
    expect(completed).toMatchObject({
      transfer: { status: 'sent' },
      money: { captured: 8_000, platformFunded: 2_000, transferred: 9_000, fees: 1_000, held: 0, payable: 0 },
    });
    expect(await transfersOf(id)).toEqual([8_000, 1_000]);
    await expectEqualBooks(completed);
    expect(await readDiscount(finance, codeId)).toMatchObject({ uses: 1, spent: 2_000 });
    await recordPurchase('discount-completed', id);
  });

  test('a fixed amount that is less than the commission: the charge covers the seller, and one transfer does', async () => {
    const { code } = await discountCode(finance, { amount: 500 });
    const id = await discounted({ seller, buyer }, code, ['accept', 'deliver', 'confirm']);
    const completed = await reached(buyer, id, 'completed');
    expect(completed).toMatchObject({
      discount: { amount: 500 },
      money: { captured: 9_500, platformFunded: 500, transferred: 9_000, fees: 1_000 },
    });
    expect(await transfersOf(id)).toEqual([9_000]);
    await expectEqualBooks(completed);
  });

  test('a part of the price is rounded down, and is never more than the code gives', async () => {
    const third = await discountCode(finance, { basisPoints: 3_333 });
    const capped = await discountCode(finance, { basisPoints: 5_000, maximumAmount: 777 });
    const listing = { amount: 1_999 };
    const ids = await Promise.all(
      [third, capped].map(({ code }) => discounted({ seller, buyer }, code, ['accept'], { listing })),
    );
    const [one, other] = await Promise.all(ids.map(async (id) => (await read(buyer, id)).body));
    expect(one).toMatchObject({ discount: { amount: 666 }, money: { captured: 1_333, held: 1_999 } });
    expect(other).toMatchObject({ discount: { amount: 777 }, money: { captured: 1_222, held: 1_999 } });
    for (const id of ids) await act(seller, id, 'cancel');
    for (const id of ids) await expectEqualBooks(await reached(buyer, id, 'cancelled'));
  });
});
