/** Refunds in parts: by the seller and by finance, before and after the release, and what is left of a purchase then. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import { owedBy } from '../../services/transactions/index.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { freeHour, publishedBooking } from '../helpers/bookings.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { type Response, request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseBody, publishedListing, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

let buyer: Person;
let seller: Person;
let finance: { readonly id: string; readonly accessToken: string };
beforeAll(async () => {
  [buyer, seller, finance] = await Promise.all([verifiedBuyer(), verifiedSeller(), staffToken('finance')]);
});

type Refunded = PurchaseBody & { readonly refundable?: { readonly amount: number; readonly currency: string } };

/** Gives so much back; everything that is left unless told. Finance says why. */
const refund = (
  who: { readonly accessToken: string },
  id: string,
  amount?: number,
  { currency = 'EUR', key = randomUUID() } = {},
): Promise<Response<Refunded>> =>
  request('POST', `/v1/purchases/${id}/refunds`, {
    token: who.accessToken,
    idempotencyKey: key,
    body: {
      ...(amount !== undefined && { amount: { amount, currency } }),
      ...(who === finance && { reason: 'The parcel was damaged.' }),
    },
  });

const ok = async (answer: Promise<Response<PurchaseBody>>): Promise<PurchaseBody> => {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
};

/** Of 25.00 EUR, 2.50 of them Wellpact's. */
async function held(by = seller): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(by), { paymentMethod: 'pm_card_bypassPending' });
  await ok(act(by, body.id, 'accept'));
  return body.id;
}

async function released(by = seller): Promise<string> {
  const id = await held(by);
  await ok(act(buyer, id, 'confirm'));
  return id;
}

async function control(path: string, body: Record<string, unknown>): Promise<void> {
  const answer = await request('POST', `/_control/${path}`, { base: stack().urls.sandbox, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

const accountOf = (who: Person) => withDatabase((database) => payoutAccountOf(database, who.id as UserId));
const amounts = ({ refunds }: PurchaseBody): number[] => refunds.map(({ amount }) => amount);

describe('a part that goes back', () => {
  test('leaves the purchase where it is, from its acceptance to long after its release', async () => {
    const id = await held();
    expect(await ok(refund(seller, id, 500))).toMatchObject({ state: 'held', money: { held: 2_000, refunded: 500 } });
    expect(await ok(refund(finance, id, 1))).toMatchObject({ state: 'held', money: { held: 1_999, refunded: 501 } });
    await ok(act(seller, id, 'deliver'));
    expect(await ok(refund(seller, id, 99))).toMatchObject({ state: 'delivered', money: { held: 1_900 } });
    expect(await ok(refund(finance, id, 400))).toMatchObject({ state: 'delivered', money: { held: 1_500 } });
    // The commission is on what the seller keeps.
    const afterRelease = await ok(act(buyer, id, 'confirm'));
    expect(afterRelease).toMatchObject({
      state: 'released',
      money: { fees: 150, transferred: 1_350, refunded: 1_000 },
    });
    expect(await ok(refund(seller, id, 500))).toMatchObject({
      state: 'released',
      transfer: { status: 'sent' },
      money: { fees: 100, transferred: 900, payable: 0, refunded: 1_500 },
    });
    const last = await ok(refund(finance, id, 5));
    // 995 at 10 % is 99.5, and is rounded up: all of the 5 are the seller's.
    expect(last).toMatchObject({ state: 'released', money: { fees: 100, transferred: 895, refunded: 1_505 } });
    expect(amounts(last)).toEqual([500, 1, 99, 400, 500, 5]);
    expect(last.refunds.every(({ status }) => status === 'succeeded')).toBe(true);
    await expectEqualBooks(last);
    const whole = await ok(refund(finance, id));
    expect(whole).toMatchObject({
      state: 'refunded',
      transfer: { status: 'reversed' },
      money: { captured: 2_500, refunded: 2_500, fees: 0, transferred: 0 },
    });
    await expectEqualBooks(whole);
    await recordHistory('purchase-refunded-in-parts', purchaseWorkflowId(id as PurchaseId));
  });

  test.each([
    ['held', async () => held()],
    [
      'delivered',
      async () => {
        const id = await held();
        await ok(act(seller, id, 'deliver'));
        return id;
      },
    ],
  ])('of everything that is left is a whole refund, by finance while it is %s', async (state, bring) => {
    const id = await bring();
    await ok(refund(seller, id, 1_000));
    const whole = await ok(refund(finance, id, 1_500));
    expect(whole).toMatchObject({ state: 'refunded', money: { held: 0, refunded: 2_500 } });
    expect(amounts(whole)).toEqual([1_000, 1_500]);
    await expectEqualBooks(whole);
    await recordHistory(`purchase-refunded-by-finance-${state}`, purchaseWorkflowId(id as PurchaseId));
  });

  test('is sent once, however often it is asked for under one key', async () => {
    const id = await held();
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 5 }, () => refund(seller, id, 700, { key })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const { body } = await read(buyer, id);
    expect(amounts(body)).toEqual([700]);
    await expectEqualBooks(body);
  });

  test('two that are more than there is, in the same moment: one is given, the other one says what is left', async () => {
    for (const bring of [held, released]) {
      const id = await bring();
      const answers = await Promise.all([refund(seller, id, 1_500), refund(finance, id, 1_500)]);
      const [given, refused] = answers.sort((one, other) => one.status - other.status);
      expect(given?.status).toBe(200);
      expect([409, 422]).toContain(refused?.status);
      if (refused?.status === 409) expect(refused.body.code).toBe('IN_PROGRESS');
      const again = await refund(seller, id, 1_500);
      expect(again).toMatchObject({
        status: 422,
        body: { code: 'REFUND_TOO_LARGE', refundable: { amount: 1_000, currency: 'EUR' } },
      });
      const { body } = await read(buyer, id);
      expect(body.money.refunded).toBe(1_500);
      await expectEqualBooks(body);
    }
  });

  test('is refused, and changes nothing, when it is too much, in another currency, or without a reason of finance', async () => {
    const id = await held();
    await ok(refund(seller, id, 2_000));
    const left = { amount: 500, currency: 'EUR' };
    const refused = { code: 'REFUND_TOO_LARGE', refundable: left };
    expect(await refund(seller, id, 501)).toMatchObject({ status: 422, body: refused });
    const other = await refund(seller, id, 100, { currency: 'CHF' });
    expect(other).toMatchObject({ status: 422, body: { code: 'OTHER_CURRENCY', refundable: left } });
    const token = finance.accessToken;
    const silent = await request<Refunded>('POST', `/v1/purchases/${id}/refunds`, { token, body: {} });
    expect(silent).toMatchObject({ status: 422, body: { code: 'REASON_REQUIRED' } });
    const talkative = await request<Refunded>('POST', `/v1/purchases/${id}/refunds`, {
      token: seller.accessToken,
      body: { reason: 'Because.' },
    });
    expect(talkative).toMatchObject({ status: 422, body: { code: 'REASON_NOT_TAKEN' } });
    expect(await refund(buyer, id, 100)).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW' } });
    const { body } = await read(buyer, id);
    expect(body.money).toMatchObject({ held: 500, refunded: 2_000 });
    await expectEqualBooks(body);
  });

  test('by finance stands in the trail as theirs, and their reason with their notes alone', async () => {
    const id = await held();
    await ok(refund(finance, id, 100));
    const token = finance.accessToken;
    const notes = await request<{ data: unknown[] }>('GET', `/v1/admin/purchases/${id}/notes`, { token });
    expect(notes.body.data).toMatchObject([{ kind: 'refund', text: 'The parcel was damaged.', by: finance.id }]);
    const timeline = await request<{ data: { by: string; moves: { name: string }[] }[] }>(
      'GET',
      `/v1/purchases/${id}/timeline`,
      { token: buyer.accessToken },
    );
    expect(timeline.body.data.at(-1)).toMatchObject({ by: 'staff', moves: [{ name: 'refundHeld', amount: 100 }] });
    expect(JSON.stringify(timeline.body)).not.toContain('damaged');
  });
});

describe('what is left of a purchase', () => {
  test('is what a cancellation divides', async () => {
    const booker = await verifiedSeller();
    const listingId = await publishedBooking(booker, { cancellationPolicy: 'flexible' });
    // Less than a day ahead: half of it is the seller's.
    const { body } = await buy(buyer, listingId, { slot: { startsAt: await freeHour(listingId, 3) } });
    await ok(act(booker, body.id, 'accept'));
    await ok(refund(booker, body.id, 501));
    const { next, money } = (await read(buyer, body.id)).body;
    expect(next.ifCancelled).toEqual({ refund: 1_000, forSeller: money.held - 1_000 });
    const cancelled = await ok(act(buyer, body.id, 'cancel'));
    expect(cancelled).toMatchObject({ state: 'released', money: { refunded: 1_501, fees: 100, transferred: 899 } });
    expect(amounts(cancelled)).toEqual([501, 1_000]);
    await expectEqualBooks(cancelled);
    // And the rest can still be given back, in a step of its own.
    const whole = await ok(refund(booker, body.id));
    expect(whole).toMatchObject({ state: 'refunded', money: { refunded: 2_500, fees: 0, transferred: 0 } });
    await expectEqualBooks(whole);
  });

  test('is what a blocked transfer sends when the account is mended', async () => {
    const other = await verifiedSeller();
    const id = await held(other);
    const account = await accountOf(other);
    await control(`accounts/${account}`, { disabledReason: 'under_review' });
    expect(await ok(act(buyer, id, 'confirm'))).toMatchObject({
      transfer: { status: 'blocked' },
      money: { payable: 2_250 },
    });
    const after = await ok(refund(other, id, 1_000));
    expect(after).toMatchObject({
      transfer: { status: 'blocked' },
      money: { payable: 1_350, fees: 150, refunded: 1_000 },
    });
    await control(`accounts/${account}`, { disabledReason: null });
    await waitFor(async () => (await read(buyer, id)).body.transfer.status === 'sent', {
      what: 'the transfer to be sent',
      timeoutMs: 30_000,
    });
    const { body } = await read(buyer, id);
    expect(body.money).toMatchObject({ payable: 0, transferred: 1_350, fees: 150 });
    await expectEqualBooks(body);
    expect(await sandboxLog({ transferGroup: id, kind: 'transfer' })).toMatchObject([{ amount: 1_350 }]);
  });

  test('of a seller without money: each part is advanced, and owed', async () => {
    const poor = await verifiedSeller();
    const id = await released(poor);
    await control(`accounts/${await accountOf(poor)}`, { payOut: true });
    await ok(refund(poor, id, 1_000));
    const second = await ok(refund(finance, id, 500));
    expect(second).toMatchObject({
      state: 'released',
      transfer: { status: 'sent' },
      money: { transferred: 2_250, advanced: 1_350, fees: 100, refunded: 1_500 },
    });
    await expectEqualBooks(second);
    expect(await withDatabase((database) => owedBy(database, poor.id as UserId, 'EUR'))).toBe(1_350);
    const whole = await ok(refund(poor, id));
    expect(whole).toMatchObject({ state: 'refunded', money: { transferred: 2_250, advanced: 2_250, refunded: 2_500 } });
    await expectEqualBooks(whole);
  });
});
