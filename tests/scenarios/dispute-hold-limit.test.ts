/** Money may be held no longer while a dispute is undecided: the default ruling is carried out at once. */
import { beforeAll, describe, expect, test } from 'vitest';
import { ask, disputed, does, EUR, expectSettled, readDispute, recordBoth } from '../helpers/disputes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached } from '../helpers/purchases.ts';
import { order, staffToken } from '../helpers/staff.ts';

let seller: Person;
let buyer: Person;
let staff: Awaited<ReturnType<typeof staffToken>>;
beforeAll(async () => {
  [seller, buyer, staff] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
});

async function held(): Promise<string> {
  const { body } = await buy(buyer, await publishedListing(seller, { handlingDays: 30 }));
  expect((await act(seller, body.id, 'accept')).status).toBe(200);
  return body.id;
}

describe.concurrent('the hold limit', () => {
  test('comes before a ruling: both sides get what the policy says', async () => {
    const dispute = await disputed(buyer, await held(), { reason: 'not_received' });
    await does(seller, dispute, 'response', { answer: 'contest', text: 'It is on its way.' });
    const money = { captured: 2_500, refunded: 1_250, transferred: 1_125, fees: 125 };
    const closed = await expectSettled(buyer, dispute, 'released', money);
    expect(closed.decision).toMatchObject({ refund: EUR(1_250), restsOn: 'default_ruling' });
    expect(await ask(seller, `/v1/disputes/${dispute.id}/offers`, { refund: EUR(1) })).toMatchObject({
      status: 409,
      body: { code: 'NOT_ALLOWED_NOW', state: 'closed' },
    });
    await recordBoth('hold-limit-in-dispute', dispute);
  });

  test('a decision waits while staff have paused the money, and is carried out as soon as they let it go', async () => {
    const purchaseId = await held();
    const dispute = await disputed(buyer, purchaseId);
    expect((await order(staff, purchaseId, 'pause', { reason: 'We look at it.' })).status).toBe(200);
    await does(seller, dispute, 'response', { answer: 'offer', refund: EUR(1_000) });
    await does(buyer, dispute, 'offers/1/accept');
    expect(await readDispute(buyer, dispute.id)).toMatchObject({
      state: 'negotiating',
      decision: { refund: EUR(1_000), restsOn: 'agreement' },
      next: { waitsFor: 'platform', actions: [], automatic: null },
    });
    expect(await reached(buyer, purchaseId, 'disputed')).toMatchObject({ money: { held: 2_500, refunded: 0 } });
    expect((await order(staff, purchaseId, 'resume', { reason: 'All is well.' })).status).toBe(200);
    const money = { captured: 2_500, refunded: 1_000, transferred: 1_350, fees: 150 };
    await expectSettled(buyer, dispute, 'released', money);
    await recordBoth('decided-in-a-pause', dispute);
  });
});
