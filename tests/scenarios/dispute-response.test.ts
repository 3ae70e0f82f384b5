/** The other side answers a claim: what is claimed is given, or an offer is made that is taken. */
import { beforeAll, describe, expect, test } from 'vitest';
import { ask, delivered, disputed, does, EUR, expectSettled, readDispute, recordBoth } from '../helpers/disputes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { read } from '../helpers/purchases.ts';

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

describe.concurrent('an answer to a claim', () => {
  test('the seller accepts it: the buyer gets everything back', async () => {
    const purchaseId = await delivered({ seller, buyer });
    const dispute = await disputed(buyer, purchaseId);
    expect(dispute).toMatchObject({
      purchaseId,
      number: 1,
      state: 'opened',
      claimedBy: 'buyer',
      description: 'It is not what the pictures show.',
      disputed: EUR(2_500),
      claim: EUR(2_500),
      next: { waitsFor: 'seller', actions: [] },
    });
    expect((await read(buyer, purchaseId)).body).toMatchObject({ state: 'disputed', next: { actions: [] } });
    expect((await readDispute(seller, dispute.id)).next.actions).toEqual(['accept_claim', 'contest', 'make_offer']);
    await does(seller, dispute, 'response', { answer: 'accept' });
    const closed = await expectSettled(buyer, dispute, 'refunded', { captured: 2_500, refunded: 2_500 });
    expect(closed.decision).toMatchObject({ refund: EUR(2_500), restsOn: 'claim' });
    await recordBoth('claim-accepted', dispute);
  });

  test('the seller makes an offer, the buyer accepts it: the money is divided', async () => {
    const dispute = await disputed(buyer, await delivered({ seller, buyer }));
    const offered = await does(seller, dispute, 'response', { answer: 'offer', refund: EUR(1_000), text: 'A part.' });
    expect(offered).toMatchObject({
      state: 'negotiating',
      offers: [{ number: 1, by: 'seller', refund: EUR(1_000), text: 'A part.', status: 'open' }],
    });
    await does(buyer, dispute, 'offers/1/accept');
    const money = { captured: 2_500, refunded: 1_000, transferred: 1_350, fees: 150 };
    const closed = await expectSettled(buyer, dispute, 'released', money);
    expect(closed).toMatchObject({
      decision: { refund: EUR(1_000), restsOn: 'agreement' },
      next: { waitsFor: 'nobody' },
    });
    await recordBoth('offer-accepted', dispute);
  });

  test('the buyer wants a part: accepted, they get that part', async () => {
    const dispute = await disputed(buyer, await delivered({ seller, buyer }), { wants: EUR(500) });
    expect(dispute.claim).toEqual(EUR(500));
    await does(seller, dispute, 'response', { answer: 'accept' });
    await expectSettled(buyer, dispute, 'released', { captured: 2_500, refunded: 500, transferred: 1_800, fees: 200 });
  });

  test('who is not to answer, and what comes too late, hears what is possible', async () => {
    const purchaseId = await delivered({ seller, buyer });
    expect(await ask(seller, `/v1/purchases/${purchaseId}/disputes`, NOT_YOURS)).toMatchObject({
      status: 409,
      body: {
        code: 'NOT_ALLOWED_NOW',
        state: 'delivered',
        allowed: { seller: expect.arrayContaining(['refund_in_full']) },
      },
    });
    const dispute = await disputed(buyer, purchaseId);
    expect(await ask(buyer, `/v1/purchases/${purchaseId}/disputes`, NOT_YOURS)).toMatchObject({
      status: 409,
      body: { code: 'NOT_ALLOWED_NOW', state: 'disputed' },
    });
    const path = `/v1/disputes/${dispute.id}`;
    const elsewhere = {
      code: 'NOT_ALLOWED_NOW',
      state: 'disputed',
      detail: expect.stringContaining(path),
      allowed: { buyer: [], seller: [] },
      dispute: {
        id: dispute.id,
        href: path,
        state: 'opened',
        allowed: { buyer: [], seller: ['accept_claim', 'contest', 'make_offer'] },
      },
    };
    expect(await ask(buyer, `/v1/purchases/${purchaseId}/confirm`)).toMatchObject({ status: 409, body: elsewhere });
    const denied = await ask(seller, `/v1/purchases/${purchaseId}/no-show/contest`, { text: 'I was there.' });
    expect(denied).toMatchObject({ status: 409, body: elsewhere });
    expect(await ask(buyer, `${path}/response`, { answer: 'accept' })).toMatchObject({
      status: 409,
      body: {
        code: 'NOT_ALLOWED_NOW',
        state: 'opened',
        allowed: { buyer: [], seller: ['accept_claim', 'contest', 'make_offer'] },
      },
    });
    expect(await ask(buyer, `${path}/offers`, { refund: EUR(1) })).toMatchObject({ status: 409 });
    expect(await ask(seller, `${path}/response`, { answer: 'offer', refund: EUR(2_501) })).toMatchObject({
      status: 422,
      body: { code: 'BEYOND_WHAT_IS_DISPUTED', disputed: EUR(2_500) },
    });
    expect(
      await ask(seller, `${path}/response`, { answer: 'offer', refund: { amount: 1, currency: 'USD' } }),
    ).toMatchObject({ status: 422, body: { code: 'OTHER_CURRENCY' } });
    await does(seller, dispute, 'response', { answer: 'accept' });
    await expectSettled(buyer, dispute, 'refunded', { captured: 2_500, refunded: 2_500 });
    expect(await ask(seller, `${path}/response`, { answer: 'accept' })).toMatchObject({
      status: 409,
      body: { code: 'NOT_ALLOWED_NOW', state: 'closed' },
    });
  });
});

const NOT_YOURS = { reason: 'other', description: 'It is not yours to say.' };
