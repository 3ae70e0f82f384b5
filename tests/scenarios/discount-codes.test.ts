/** When a discount code is taken, when it is not, and when it is there again. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { judgePurchase } from '../helpers/books.ts';
import { recordPurchase } from '../helpers/chargebacks.ts';
import { type Response, request } from '../helpers/client.ts';
import { createDiscount, discountCode, discounted, readDiscount } from '../helpers/discounts.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseBody, publishedListing, reached } from '../helpers/purchases.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let other: Person;
let finance: { readonly accessToken: string };

beforeAll(async () => {
  [seller, buyer, other, finance] = await Promise.all([
    verifiedSeller(),
    verifiedBuyer(),
    verifiedBuyer(),
    staffToken('finance'),
  ]);
}, 60_000);

const IN_A_YEAR = new Date(Date.now() + 365 * 24 * 60 * 60 * 1_000).toISOString();

/** What a buyer is told who wants to use a code for something of 10.00 pounds. */
async function told(discountCode: string, who = buyer, amount = 1_000): Promise<unknown> {
  const listingId = await publishedListing(seller, { amount, currency: 'GBP' });
  const { status, body } = await buy(who, listingId, { discountCode });
  return { status, code: body.code };
}

test('a code that is not good is refused, and it is said why', async () => {
  const refused = async (terms: Record<string, unknown>): Promise<unknown> =>
    told((await discountCode(finance, { amount: 100, ...terms })).code);
  expect(await told('NO-SUCH-CODE')).toEqual({ status: 422, code: 'DISCOUNT_UNKNOWN' });
  expect(await refused({ validFrom: IN_A_YEAR })).toEqual({ status: 422, code: 'DISCOUNT_NOT_VALID' });
  expect(await refused({ currency: 'USD' })).toEqual({ status: 422, code: 'DISCOUNT_NOT_FOR_THIS' });
  expect(await refused({ minimumPrice: 1_001 })).toEqual({ status: 422, code: 'DISCOUNT_NOT_FOR_THIS' });
  // Less than a card can be charged, 30 pence, would be left.
  expect(await refused({ amount: 971 })).toEqual({ status: 422, code: 'DISCOUNT_NOT_FOR_THIS' });
  expect(await refused({ budget: 99 })).toEqual({ status: 409, code: 'DISCOUNT_USED_UP' });

  const { code, id } = await discountCode(finance, { amount: 100 });
  const path = `/v1/admin/discounts/${id}/disable`;
  const { status } = await request('POST', path, { token: finance.accessToken, idempotencyKey: randomUUID() });
  expect(status).toBe(200);
  expect(await told(code)).toEqual({ status: 422, code: 'DISCOUNT_NOT_VALID' });
  expect((await createDiscount(finance, { code, currency: 'GBP', amount: 1, maxUses: 1 })).body.code).toBe(
    'DISCOUNT_EXISTS',
  );
});

test('a buyer uses a code as often as they can, and the same key opens the same purchase', async () => {
  const { code, id } = await discountCode(finance, { amount: 970, maxUsesPerBuyer: 1 });
  const listingId = await publishedListing(seller, { amount: 1_000, currency: 'GBP' });
  const key = randomUUID();
  const first = await buy(buyer, listingId, { discountCode: code }, key);
  const again = await buy(buyer, listingId, { discountCode: code }, key);
  expect(first).toMatchObject({ status: 201, body: { total: { amount: 30 } } });
  expect([again.status, again.body.id]).toEqual([201, first.body.id]);
  expect(await told(code)).toEqual({ status: 409, code: 'DISCOUNT_USED_BY_YOU' });
  expect(await told(code, other)).toEqual({ status: 201, code: undefined });
  expect(await readDiscount(finance, id)).toMatchObject({ uses: 2, spent: 1_940 });
  await judgePurchase(first.body.id);
});

/** Who hears that it is still under way asks once more, with the same key. */
async function answered(who: Person, listingId: string, discountCode: string): Promise<Response<PurchaseBody>> {
  const key = randomUUID();
  return waitFor(
    async () => {
      const answer = await buy(who, listingId, { discountCode }, key);
      return ![202, 503].includes(answer.status) && answer;
    },
    { what: 'a final answer', timeoutMs: 30_000 },
  );
}

test('of two who want the last use at once one gets it', async () => {
  for (const terms of [{ maxUses: 1 }, { budget: 150 }]) {
    const { code, id } = await discountCode(finance, { amount: 100, ...terms });
    const listingId = await publishedListing(seller, { amount: 1_000, currency: 'GBP' });
    const answers = await Promise.all([buyer, other].map((who) => answered(who, listingId, code)));
    expect(answers.map(({ status }) => status)).toEqual(expect.arrayContaining([201, 409]));
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('DISCOUNT_USED_UP');
    expect(await readDiscount(finance, id)).toMatchObject({ uses: 1, spent: 100 });
    for (const { status, body } of answers) if (status === 201) await judgePurchase(body.id);
  }
});

test('who does not come to pay gives it back: expired, declined, cancelled; who has paid does not', async () => {
  const { code, id: codeId } = await discountCode(finance, { amount: 100, maxUses: 4 });
  const listing = { amount: 1_000 };
  const cast = { seller, buyer };
  const unpaid = await discounted(cast, code, [], { listing, more: { paymentMethod: undefined } });
  const declined = await discounted(cast, code, [], { listing });
  const cancelled = await discounted(cast, code, [], { listing });
  const paid = await discounted(cast, code, ['accept'], { listing });
  expect(await told(code)).toEqual({ status: 409, code: 'DISCOUNT_USED_UP' });
  await act(seller, declined, 'decline');
  await act(buyer, cancelled, 'cancel');
  await act(seller, paid, 'cancel');
  const ids = [unpaid, declined, cancelled, paid];
  const ends = ['expired', 'declined', 'cancelled', 'cancelled'];
  for (const [index, id] of ids.entries()) {
    const ended = await reached(buyer, id, ends[index] ?? '');
    expect(ended.money.platformFunded).toBe(0);
    await judgePurchase(id);
  }
  expect(await readDiscount(finance, codeId)).toMatchObject({ uses: 1, spent: 100 });
  await recordPurchase('discount-expired', unpaid);
});
