/** Purchases over HTTP, on the real stack: what the parties see, what Stripe did, and that the books agree. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { patiently, request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, type PurchaseBody, publishedListing, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';

let seller: Person;
let buyer: Person;
let stranger: Person;

beforeAll(async () => {
  [seller, buyer, stranger] = await Promise.all([verifiedSeller(), verifiedBuyer(), verifiedBuyer()]);
});

describe('the true path', () => {
  test('bought, accepted, delivered, confirmed: the money is the seller’s, less the commission', async () => {
    const listing = await publishedListing(seller);
    const bought = await buy(buyer, listing);
    expect(bought.status).toBe(201);
    expect(bought.body).toMatchObject({
      state: 'authorised',
      payment: { status: 'requires_capture' },
      next: { waitsFor: 'seller' },
    });
    expect(bought.body.payment.clientSecret).toBeUndefined();
    expect(Date.parse(bought.body.deadlines['acceptBy'] ?? '')).toBeGreaterThan(Date.now());
    const { id } = bought.body;

    const accepted = await act(seller, id, 'accept');
    expect(accepted).toMatchObject({
      status: 200,
      body: { state: 'held', money: { captured: 2_500, held: 2_500, fees: 0 } },
    });
    const delivered = await act(seller, id, 'deliver');
    expect(delivered).toMatchObject({
      status: 200,
      body: { state: 'delivered', next: { waitsFor: 'buyer', automatic: { becomes: 'released' } } },
    });
    const confirmed = await act(buyer, id, 'confirm');
    expect(confirmed).toMatchObject({
      status: 200,
      body: {
        state: 'released',
        transfer: { status: 'sent' },
        money: { captured: 2_500, held: 0, payable: 0, transferred: 2_250, fees: 250 },
      },
    });
    await expectEqualBooks(confirmed.body);
    await recordHistory('purchase-confirmed', purchaseWorkflowId(id as PurchaseId));
  });

  test('the buyer can confirm before the seller says that it is delivered', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    await act(seller, body.id, 'accept');
    const confirmed = await act(buyer, body.id, 'confirm');
    expect(confirmed).toMatchObject({ status: 200, body: { state: 'released' } });
    await expectEqualBooks(confirmed.body);
  });

  test('without a payment method the app pays with the client secret, and the webhook moves the purchase on', async () => {
    const bought = await buy(buyer, await publishedListing(seller), { paymentMethod: undefined });
    expect(bought).toMatchObject({
      status: 201,
      body: { state: 'payment_pending', payment: { status: 'requires_payment_method' } },
    });
    const secret = bought.body.payment.clientSecret ?? '';
    const intent = secret.split('_secret_')[0] ?? '';
    const paid = await fetch(`${stack().urls.stripe}/v1/payment_intents/${intent}/confirm`, {
      method: 'POST',
      headers: { authorization: 'Bearer pk_test_wellpact', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_secret: secret, payment_method: 'pm_card_visa' }),
    });
    expect(paid.status).toBe(200);
    const purchase = await reached(buyer, bought.body.id, 'authorised');
    expect(purchase.payment.status).toBe('requires_capture');
    await recordHistory('purchase-paid-by-app', purchaseWorkflowId(bought.body.id as PurchaseId));
  });

  test('why and timeline tell it in order', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    await act(seller, body.id, 'accept');
    const why = await request<Record<string, unknown>>('GET', `/v1/purchases/${body.id}/why`, {
      token: buyer.accessToken,
    });
    expect(why.body).toMatchObject({
      state: 'held',
      waitsFor: 'seller',
      holds: [],
      mayAct: [
        { party: 'buyer', actions: ['confirm', 'cancel', 'open_dispute'] },
        { party: 'seller', actions: ['deliver', 'cancel', 'refund_in_full', 'refund_in_part'] },
      ],
    });
    const timeline = await request<{ data: { by: string; state: string | null }[] }>(
      'GET',
      `/v1/purchases/${body.id}/timeline`,
      { token: seller.accessToken },
    );
    expect(timeline.body.data.map(({ by, state }) => [by, state])).toEqual([
      ['buyer', 'payment_pending'],
      ['provider', 'authorised'],
      ['seller', 'held'],
    ]);
  });

  test('lists are each party’s own, newest first, and page without gaps', async () => {
    const [one, other] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
    const listing = await publishedListing(one);
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) ids.unshift((await buy(other, listing)).body.id);
    const page = (query: string, who: Person) =>
      request<{ data: PurchaseBody[]; nextCursor: string | null }>('GET', `/v1/purchases?${query}`, {
        token: who.accessToken,
      });
    const first = await page('limit=2', other);
    expect(first.body.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const rest = await page(`limit=2&cursor=${first.body.nextCursor}`, other);
    expect(rest.body).toMatchObject({ data: [{ id: ids[2] }], nextCursor: null });
    expect((await page('as=seller', one)).body.data.map(({ id }) => id)).toEqual(ids);
    expect((await page('as=seller', other)).body.data).toEqual([]);
  });
});

describe('before the seller has accepted', () => {
  test('the seller declines: the authorisation is given back, and the piece is for sale again', async () => {
    const listing = await publishedListing(seller, { stock: 1 });
    const { body } = await buy(buyer, listing);
    expect((await buy(stranger, listing)).body.code).toBe('SOLD_OUT');
    const declined = await act(seller, body.id, 'decline');
    expect(declined).toMatchObject({
      status: 200,
      body: { state: 'declined', payment: { status: 'canceled' }, money: { captured: 0 } },
    });
    await expectEqualBooks(declined.body);
    expect((await buy(stranger, listing)).status).toBe(201);
    await recordHistory('purchase-declined', purchaseWorkflowId(body.id as PurchaseId));
  });

  test('the buyer cancels', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    expect(await act(buyer, body.id, 'cancel')).toMatchObject({ status: 200, body: { state: 'cancelled' } });
    const late = await act(seller, body.id, 'accept');
    const allowed = { buyer: [], seller: [] };
    expect(late).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW', state: 'cancelled', allowed } });
    expect(late.body).not.toHaveProperty('dispute');
    const denied = await request('POST', `/v1/purchases/${body.id}/no-show/contest`, {
      token: seller.accessToken,
      body: { text: 'I was there.' },
    });
    expect(denied).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW', state: 'cancelled', allowed } });
  });

  test('the buyer cancels a purchase that nobody paid for: 200, every time, and a repeat says the same', async () => {
    const listing = await publishedListing(seller, { stock: 20 });
    const unpaid = await Promise.all(
      Array.from({ length: 20 }, () => buy(buyer, listing, { paymentMethod: undefined })),
    );
    const keys = new Map(unpaid.map(({ body }) => [body.id, randomUUID()]));
    const cancelAll = () => Promise.all([...keys].map(([id, key]) => act(buyer, id, 'cancel', key)));
    for (const answers of [await cancelAll(), await cancelAll()]) {
      expect(answers.map(({ status, body }) => [status, body.state])).toEqual(answers.map(() => [200, 'cancelled']));
    }
  });

  test('another price than the buyer saw is refused', async () => {
    const listing = await publishedListing(seller, { amount: 2_444 });
    const seen = (amount: number) => buy(buyer, listing, { expectedPrice: { amount, currency: 'EUR' } });
    expect(await seen(2_333)).toMatchObject({ status: 409, body: { code: 'PRICE_CHANGED' } });
    expect((await seen(2_444)).status).toBe(201);
  });

  test('a declined card leaves the purchase waiting for another one', async () => {
    const bought = await buy(buyer, await publishedListing(seller), { paymentMethod: 'pm_card_visa_chargeDeclined' });
    expect(bought).toMatchObject({
      status: 201,
      body: { state: 'payment_pending', payment: { status: 'requires_payment_method' } },
    });
    expect(bought.body.payment.problem).toBe('generic_decline');
    expect(bought.body.payment.clientSecret).toMatch(/_secret_/);
  });

  test('so does a payment method that Stripe does not know', async () => {
    const bought = await buy(buyer, await publishedListing(seller), { paymentMethod: 'pm_nobody_knows' });
    expect(bought).toMatchObject({
      status: 201,
      body: { state: 'payment_pending', payment: { problem: 'resource_missing' } },
    });
  });
});

describe('who may do what', () => {
  test('a stranger sees nothing and can do nothing', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    for (const path of ['', '/why', '/timeline']) {
      expect((await request('GET', `/v1/purchases/${body.id}${path}`, { token: stranger.accessToken })).status).toBe(
        404,
      );
    }
    for (const action of ['accept', 'decline', 'deliver', 'confirm', 'cancel'] as const) {
      expect((await act(stranger, body.id, action)).status).toBe(404);
    }
    expect((await read(buyer, body.id)).body.state).toBe('authorised');
  });

  test('each party has its own part, and its own time', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    for (const [who, action] of [
      [buyer, 'accept'],
      [buyer, 'decline'],
      [buyer, 'deliver'],
      [buyer, 'confirm'],
      [seller, 'deliver'],
      [seller, 'confirm'],
      [seller, 'cancel'],
    ] as const) {
      const refused = await act(who, body.id, action);
      expect(refused, action).toMatchObject({ status: 409, body: { code: 'NOT_ALLOWED_NOW', state: 'authorised' } });
    }
    expect((await read(buyer, body.id)).body.state).toBe('authorised');
  });

  test('nobody buys from themselves, drafts are not there, paused listings are not for sale', async () => {
    const listing = await publishedListing(seller);
    expect((await buy(seller, listing)).body.code).toBe('OWN_LISTING');
    await request('POST', `/v1/listings/${listing}/pause`, { token: seller.accessToken });
    expect((await buy(buyer, listing)).body.code).toBe('LISTING_NOT_AVAILABLE');
    expect((await buy(buyer, `lst_${'0'.repeat(32)}`)).status).toBe(404);
  });

  test.each([
    [{ quantity: 0 }],
    [{ quantity: -1 }],
    [{ quantity: 1.5 }],
    [{ quantity: '1' }],
    [{ quantity: 1e12 }],
    [{ price: { amount: 1, currency: 'EUR' } }],
    [{ buyerId: `usr_${'0'.repeat(32)}` }],
    [{ paymentMethod: 'tok_visa' }],
    [{ paymentMethod: null }],
    [{ listingId: 'lst_1' }],
    [{ acceptedDisclaimers: 'all' }],
  ])('wrong input is refused: %o', async (wrong) => {
    const listing = await publishedListing(seller, { stock: 1 });
    const refused = await buy(buyer, listing, wrong);
    expect(refused).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    expect((await buy(buyer, listing)).status).toBe(201);
  });
});

describe('the same request again, and many at once', () => {
  test('20 equal requests at once make one purchase', async () => {
    const listing = await publishedListing(seller, { stock: 1 });
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => buy(buyer, listing, {}, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const [first] = answers;
    expect(
      (await sandboxLog({ transferGroup: first?.body.id ?? '' })).filter(({ kind }) => kind === 'authorise').length,
    ).toBe(1);
    const later = await buy(buyer, listing, {}, key);
    expect(later.body).toEqual(first?.body);
    expect((await buy(buyer, listing, { quantity: 2 }, key)).status).toBe(422);
  });

  test('20 equal commands at once are one command', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => act(seller, body.id, 'accept', key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await expectEqualBooks(answers[0]?.body ?? body);
  });

  test('20 different confirmations at once: one is followed, the others are told why not', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    await act(seller, body.id, 'accept');
    await act(seller, body.id, 'deliver');
    const answers = await Promise.all(Array.from({ length: 20 }, () => act(buyer, body.id, 'confirm')));
    expect(answers.filter(({ status }) => status === 200).length).toBe(1);
    for (const { status, body: refused } of answers.filter((answer) => answer.status !== 200)) {
      expect(status).toBe(409);
      expect(['IN_PROGRESS', 'NOT_ALLOWED_NOW']).toContain(refused.code);
    }
    await expectEqualBooks((await read(buyer, body.id)).body);
  });

  test('100 buyers of the last piece: one gets it, 99 hear that it is sold out', async () => {
    // A price of its own, by which the sandbox's log shows what these buyers did at Stripe.
    const amount = 26_371;
    const listing = await publishedListing(seller, { stock: 1, amount });
    // Many keys of a few people are as many buyers to the stock, without a hundred sign-ups.
    const people = [buyer, stranger];
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        patiently((key) => buy(people[index % people.length] ?? buyer, listing, {}, key)),
      ),
    );
    const won = answers.filter(({ status }) => status === 201);
    expect(won.length).toBe(1);
    const lost = answers.filter(({ status, body }) => status === 409 && body.code === 'SOLD_OUT');
    expect(lost.length).toBe(99);
    const authorised = (await sandboxLog({ kind: 'authorise' })).filter((entry) => entry.amount === amount);
    expect(authorised.length).toBe(1);
  });
});
