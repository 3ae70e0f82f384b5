/** The deadlines of a purchase, with their real lengths: days pass in seconds. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptPurchaseUpdate, confirmPurchaseUpdate, deliverPurchaseUpdate } from '../../contracts/purchase.ts';
import { newId } from '../../platform/ids.ts';
import { request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { stack } from '../helpers/stack.ts';
import { beginTravel, type Travel } from '../helpers/travel.ts';
import {
  openPurchase as open,
  placeGoods,
  placeSeller,
  remindersGiven,
  storedAs,
  stored as storedIn,
} from '../helpers/travel-purchases.ts';
import { waitFor } from '../helpers/wait-for.ts';

const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;
const buyerId = newId('usr');
const sellerId = newId('usr');
let account: string;
let travel: Travel;

beforeAll(async () => {
  travel = await beginTravel();
  account = await placeSeller(travel, sellerId);
}, 120_000);
afterAll(() => travel.end());

/** A purchase of goods that is paid for at once, or not at all. */
async function openPurchase(paymentMethod: string | undefined, handlingDays = 3) {
  const listingId = await placeGoods(travel, sellerId, handlingDays);
  const wanted = { listingId, sellerId, buyerId, ...(paymentMethod !== undefined && { paymentMethod }) };
  return { listingId, ...(await open(travel, wanted)) };
}

const stored = (purchaseId: Awaited<ReturnType<typeof openPurchase>>['purchaseId']) => storedIn(travel, purchaseId);

describe('silence', () => {
  test('after delivery: 48 hours later the money is released, 14 days after that the purchase is completed', async () => {
    const { purchaseId, handle } = await openPurchase('pm_card_visa');
    await handle.executeUpdate(acceptPurchaseUpdate, { args: [{ actorId: sellerId }] });
    await handle.executeUpdate(deliverPurchaseUpdate, { args: [{ actorId: sellerId }] });
    const delivered = await stored(purchaseId);
    expect(Number(delivered.deadlineAt) - Number(delivered.stateSince)).toBe(48 * HOUR_MS);

    await travel.sleep('47h');
    expect((await stored(purchaseId)).state).toBe('delivered');
    await travel.sleep('2h');
    const released = await stored(purchaseId);
    expect(released).toMatchObject({
      state: 'released',
      transfer: { status: 'sent' },
      books: { held: 0, payable: 0, transferred: 2_250, fees: 250 },
    });

    expect(await handle.result()).toEqual({ state: 'completed' });
    const completed = await stored(purchaseId);
    expect(Number(completed.stateSince) - Number(released.stateSince)).toBeGreaterThanOrEqual(14 * 24 * HOUR_MS);
  });

  test('of the buyer: the purchase expires after 15 minutes, and the piece is for sale again', async () => {
    const { purchaseId, listingId, handle } = await openPurchase(undefined);
    expect(await handle.result()).toEqual({ state: 'expired' });
    const expired = await stored(purchaseId);
    expect(expired).toMatchObject({ state: 'expired', payment: { status: 'canceled' }, books: { captured: 0 } });
    expect(Number(expired.stateSince) - Number(expired.createdAt)).toBeGreaterThanOrEqual(15 * 60 * 1_000);
    const { rows } = await travel.database.query('SELECT stock_available FROM marketplace.listings WHERE id = $1', [
      listingId,
    ]);
    expect(rows).toEqual([{ stock_available: 1 }]);
  });

  test('of the seller: the authorisation is given back before it ends', async () => {
    const { purchaseId, handle } = await openPurchase('pm_card_visa');
    const authorised = await stored(purchaseId);
    expect(Number(authorised.deadlineAt)).toBeLessThanOrEqual(Number(authorised.payment.captureBefore) - 24 * HOUR_MS);
    expect(await handle.result()).toEqual({ state: 'declined' });
    expect(await stored(purchaseId)).toMatchObject({ payment: { status: 'canceled' }, books: { captured: 0 } });
  });

  test('of a seller who has accepted: when the handling time is over the buyer is refunded', async () => {
    const { purchaseId, handle } = await openPurchase('pm_card_visa');
    await handle.executeUpdate(acceptPurchaseUpdate, { args: [{ actorId: sellerId }] });
    const held = await stored(purchaseId);
    expect(Number(held.deadlineAt) - Number(held.stateSince)).toBe(3 * DAY_MS);
    expect(await handle.result()).toEqual({ state: 'cancelled' });
    expect(await stored(purchaseId)).toMatchObject({ books: { captured: 2_500, refunded: 2_500, held: 0 } });
  });

  test('is broken by reminders: of the accept deadline and of the end of the inspection, once each', async () => {
    const { purchaseId, handle } = await openPurchase('pm_card_visa');
    const authorised = await stored(purchaseId);
    const untilDeadlineMs = Number(authorised.deadlineAt) - (await travel.environment.currentTimeMs());
    await travel.sleep(`${untilDeadlineMs - 25 * HOUR_MS}ms`);
    expect(await remindersGiven(travel, purchaseId)).toEqual([]);
    await travel.sleep('2h');
    expect(await remindersGiven(travel, purchaseId)).toEqual(['accept_deadline']);
    await handle.executeUpdate(acceptPurchaseUpdate, { args: [{ actorId: sellerId }] });
    await handle.executeUpdate(deliverPurchaseUpdate, { args: [{ actorId: sellerId }] });
    await travel.sleep('37h');
    expect(await remindersGiven(travel, purchaseId)).toEqual(['accept_deadline', 'inspection_ending']);
    expect(await handle.result()).toEqual({ state: 'completed' });
    expect(await remindersGiven(travel, purchaseId)).toEqual(['accept_deadline', 'inspection_ending']);
    await storedAs(travel, purchaseId, 'completed');
  });
});

test('a transfer that Stripe refuses for 30 days becomes a case, and closes it when it goes through at last', async () => {
  const disable = (disabledReason: string | null) =>
    request('POST', `/_control/accounts/${account}`, { base: stack().urls.sandbox, body: { disabledReason } });
  const cases = async () => {
    const { rows } = await travel.database.query(
      `SELECT kind, state, decision, details FROM cases.cases WHERE subject_id = $1`,
      [purchaseId],
    );
    return rows;
  };
  const { purchaseId, handle } = await openPurchase('pm_card_visa');
  await handle.executeUpdate(acceptPurchaseUpdate, { args: [{ actorId: sellerId }] });
  expect((await disable('under_review')).status).toBe(200);
  try {
    await handle.executeUpdate(confirmPurchaseUpdate, { args: [{ actorId: buyerId }] });
    await travel.sleep('29d');
    expect(await stored(purchaseId)).toMatchObject({ state: 'released', transfer: { status: 'blocked' } });
    expect(await cases()).toEqual([]);
    await travel.sleep('2d');
    const open = {
      kind: 'transfer_blocked',
      state: 'open',
      decision: null,
      details: { amount: 2_250, currency: 'EUR' },
    };
    expect(await cases()).toEqual([open]);
    await travel.sleep('3d');
    expect(await cases()).toEqual([open]);
  } finally {
    await disable(null);
  }
  await travel.sleep('2d');
  await waitFor(async () => (await stored(purchaseId)).transfer.status === 'sent', {
    what: 'the transfer',
    timeoutMs: 20_000,
  });
  expect(await stored(purchaseId)).toMatchObject({ books: { transferred: 2_250, payable: 0 } });
  expect(await cases()).toMatchObject([{ state: 'closed', decision: 'resolved' }]);
  expect(await handle.result()).toEqual({ state: 'completed' });
  await recordHistory('purchase-transfer-blocked-for-long', handle.workflowId, travel.client);
});

test('money is held for 88 days from its capture and no longer, however long the delivery may take', async () => {
  // No seller has more than thirty handling days; with days of four the hold limit comes first.
  const slow = await beginTravel({ handlingDay: 4 * DAY_MS });
  try {
    const slowSeller = newId('usr');
    await placeSeller(slow, slowSeller);
    const listingId = await placeGoods(slow, slowSeller, 30);
    const wanted = { listingId, sellerId: slowSeller, buyerId, paymentMethod: 'pm_card_visa' };
    const { purchaseId, handle } = await open(slow, wanted);
    await handle.executeUpdate(acceptPurchaseUpdate, { args: [{ actorId: slowSeller }] });
    const held = await storedIn(slow, purchaseId);
    expect(held.deadlineEvent).toBe('hold_limit_reached');
    expect(Number(held.deadlineAt) - Number(held.payment.capturedAt)).toBe(88 * DAY_MS);
    await slow.sleep('87d');
    expect((await storedIn(slow, purchaseId)).state).toBe('held');
    expect(await handle.result()).toEqual({ state: 'refunded' });
    expect(await storedIn(slow, purchaseId)).toMatchObject({ books: { captured: 2_500, refunded: 2_500, held: 0 } });
  } finally {
    await slow.end();
  }
}, 60_000);
