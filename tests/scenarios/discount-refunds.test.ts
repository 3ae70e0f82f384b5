/** What goes back of a discounted purchase goes back to both who paid it: the buyer, and Wellpact. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { UserId } from '../../contracts/ids.ts';
import { owedBy } from '../../services/transactions/index.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { recordPurchase } from '../helpers/chargebacks.ts';
import { type Response, request } from '../helpers/client.ts';
import { type Cast, discountCode, discounted, earned, go } from '../helpers/discounts.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { type PurchaseBody, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let cast: Cast;
let finance: { readonly accessToken: string };

beforeAll(async () => {
  const [seller, buyer, staff] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
  [cast, finance] = [{ seller, buyer }, staff];
  await earned(cast);
}, 60_000);

/** A part of the price goes back, as the seller wants it; all that is left, unless told. */
const refund = (id: string, amount?: number, { seller }: Cast = cast): Promise<Response<PurchaseBody>> =>
  request('POST', `/v1/purchases/${id}/refunds`, {
    token: seller.accessToken,
    body: amount === undefined ? {} : { amount: { amount, currency: 'GBP' } },
    idempotencyKey: randomUUID(),
  });

async function refunded(id: string, amount?: number, by: Cast = cast): Promise<PurchaseBody> {
  const { status, body } = await refund(id, amount, by);
  expect(status, JSON.stringify(body)).toBe(200);
  return (await read(by.buyer, body.id)).body;
}

const AVAILABLE = { paymentMethod: 'pm_card_bypassPending' };

/** Released, and topped up. */
async function sent(code: string, by: Cast = cast): Promise<string> {
  const id = await discounted(by, code, ['accept', 'deliver', 'confirm'], { more: AVAILABLE });
  await waitFor(async () => (await read(by.buyer, id)).body.money.payable === 0, {
    what: `${id} to be topped up`,
    timeoutMs: 20_000,
  });
  return id;
}

const reversalsOf = async (id: string): Promise<number[]> =>
  (await sandboxLog({ transferGroup: id, kind: 'reversal' })).map(({ amount }) => amount);

describe('before the release', () => {
  test('parts are divided as the whole is, to the last penny, and the rest is released', async () => {
    const { code } = await discountCode(finance, { basisPoints: 3_333 });
    const id = await discounted(cast, code, ['accept']);
    // Of 1.00 the buyer's part is 66.67 pence, of 10.00 it is 6.667 pounds.
    expect((await refunded(id, 100)).money).toMatchObject({ refunded: 67, platformFunded: 3_300, held: 9_900 });
    const third = await refunded(id, 900);
    expect(third.money).toMatchObject({ refunded: 667, platformFunded: 3_000, held: 9_000 });
    expect(third.refunds.map(({ amount }) => amount)).toEqual([67, 600]);
    await expectEqualBooks(third);
    await go(cast, id, 'deliver', 'confirm');
    const completed = await reached(cast.buyer, id, 'completed');
    expect(completed.money).toMatchObject({ transferred: 8_100, fees: 900, refunded: 667, platformFunded: 3_000 });
    await expectEqualBooks(completed);
  });

  test('a refund in full gives the buyer what they paid, and Wellpact its discount', async () => {
    const { code } = await discountCode(finance, { amount: 2_500 });
    const id = await discounted(cast, code, ['accept']);
    const back = await refunded(id);
    expect(back).toMatchObject({
      state: 'refunded',
      money: { captured: 7_500, refunded: 7_500, platformFunded: 0, held: 0 },
    });
    await expectEqualBooks(back);
    await recordPurchase('discount-refunded', id);
  });

  test('of a part so small that nothing of it is the buyer’s nothing goes back', async () => {
    const { code } = await discountCode(finance, { amount: 9_900 });
    const id = await discounted(cast, code, ['accept']);
    expect(await refund(id, 1)).toMatchObject({ status: 422, body: { code: 'REFUND_TOO_SMALL' } });
    expect((await refunded(id, 50)).money).toMatchObject({ refunded: 1, platformFunded: 9_851, held: 9_950 });
    await expectEqualBooks(await refunded(id));
  });
});

describe('after the release', () => {
  test('what came from Wellpact’s own balance comes back first, then the other transfer', async () => {
    const { code } = await discountCode(finance, { basisPoints: 2_000 });
    const id = await sent(code);
    const part = await refunded(id, 1_000);
    // The seller keeps 90 % of 90.00; of the 10.00 the buyer has 8.00 and Wellpact 2.00.
    expect(part.money).toMatchObject({ transferred: 8_100, fees: 900, refunded: 800, platformFunded: 1_800 });
    expect(await reversalsOf(id)).toEqual([900]);
    await expectEqualBooks(part);
    const whole = await refunded(id);
    expect(whole).toMatchObject({
      state: 'refunded',
      transfer: { status: 'reversed' },
      money: { captured: 8_000, refunded: 8_000, platformFunded: 0, transferred: 0, fees: 0, advanced: 0 },
    });
    expect(await reversalsOf(id)).toEqual([900, 100, 8_000]);
    await expectEqualBooks(whole);
    await recordPurchase('discount-refunded-after-release', id);
  });

  test('what the seller’s balance does not give is owed by them, the discount’s part of it too', async () => {
    const [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
    const own = { seller, buyer };
    const { code } = await discountCode(finance, { basisPoints: 2_000 });
    const id = await sent(code, own);
    const account = await withDatabase((database) => payoutAccountOf(database, seller.id as UserId));
    const base = stack().urls.sandbox;
    await request('POST', `/_control/accounts/${account}`, { base, body: { payOut: true } });
    const whole = await refunded(id, undefined, own);
    expect(whole).toMatchObject({
      state: 'refunded',
      money: { refunded: 8_000, platformFunded: 0, transferred: 9_000, advanced: 9_000, fees: 0 },
    });
    await expectEqualBooks(whole);
    expect(await withDatabase((database) => owedBy(database, seller.id as UserId, 'GBP'))).toBe(9_000);

    const next = await discounted(own, code, ['accept', 'deliver', 'confirm'], { more: AVAILABLE });
    const paid = await reached(buyer, next, 'completed');
    expect(paid.money).toMatchObject({ recovered: 9_000, transferred: 0, fees: 1_000, platformFunded: 2_000 });
    await expectEqualBooks(paid);
  });
});
