/** The clock of a booking: its reminders, its end, and how both follow it when it is moved. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  acceptPurchaseUpdate,
  acceptRescheduleUpdate,
  cancelPurchaseUpdate,
  reschedulePurchaseUpdate,
} from '../../contracts/purchase.ts';
import { newId } from '../../platform/ids.ts';
import { recordHistory } from '../helpers/histories.ts';
import { beginTravel, type Travel } from '../helpers/travel.ts';
import {
  openPurchase,
  placeBooking,
  placeSeller,
  remindersGiven,
  stored,
  storedAs,
} from '../helpers/travel-purchases.ts';

const HOUR_MS = 60 * 60 * 1_000;
const buyerId = newId('usr');
const sellerId = newId('usr');
let travel: Travel;

beforeAll(async () => {
  travel = await beginTravel();
  await placeSeller(travel, sellerId);
}, 120_000);
afterAll(() => travel.end());

const asBuyer = { actorId: buyerId };
const asSeller = { actorId: sellerId };

/** The full hour that is some hours ahead, by the clock that jumps. */
const hourAhead = async (hours: number): Promise<number> =>
  (Math.floor((await travel.environment.currentTimeMs()) / HOUR_MS) + hours) * HOUR_MS;

const iso = (atMs: number): string => new Date(atMs).toISOString();

/** Lets time pass until an instant. */
async function until(atMs: number): Promise<void> {
  await travel.sleep(`${atMs - (await travel.environment.currentTimeMs())}ms`);
}

/** A booking that is paid and accepted. */
async function held(startsAtMs: number) {
  const listingId = await placeBooking(travel, sellerId);
  const slot = { startsAt: iso(startsAtMs) };
  const opened = await openPurchase(travel, { listingId, sellerId, buyerId, slot, paymentMethod: 'pm_card_visa' });
  await opened.handle.executeUpdate(acceptPurchaseUpdate, { args: [asSeller] });
  return opened;
}

test('its parties are reminded a day and an hour before; its end delivers it, 48 hours later the money is released', async () => {
  const startsAtMs = await hourAhead(72);
  const { purchaseId, handle } = await held(startsAtMs);
  await until(startsAtMs - 25 * HOUR_MS);
  expect(await remindersGiven(travel, purchaseId)).toEqual([]);
  await until(startsAtMs - 23 * HOUR_MS);
  expect(await remindersGiven(travel, purchaseId)).toEqual(['booking_tomorrow']);
  await until(startsAtMs - 1);
  expect(await remindersGiven(travel, purchaseId)).toEqual(['booking_tomorrow', 'booking_soon']);
  await until(startsAtMs + HOUR_MS - 1_000);
  expect((await stored(travel, purchaseId)).state).toBe('held');
  await until(startsAtMs + HOUR_MS + 1_000);
  const delivered = await storedAs(travel, purchaseId, 'delivered');
  expect(Number(delivered.deadlineAt) - Number(delivered.stateSince)).toBe(48 * HOUR_MS);
  await until(startsAtMs + 50 * HOUR_MS);
  expect(await storedAs(travel, purchaseId, 'released')).toMatchObject({ books: { transferred: 2_250, fees: 250 } });
  expect(await handle.result()).toEqual({ state: 'completed' });
  await recordHistory('purchase-booking-over', handle.workflowId, travel.client);
});

test('moved, it is reminded of and ends at its new time, not at its old one', async () => {
  const fromMs = await hourAhead(48);
  const toMs = fromMs + 72 * HOUR_MS;
  const { purchaseId, handle } = await held(fromMs);
  await until(fromMs - 2 * HOUR_MS);
  expect(await remindersGiven(travel, purchaseId)).toEqual(['booking_tomorrow']);
  await handle.executeUpdate(reschedulePurchaseUpdate, { args: [{ ...asBuyer, startsAt: iso(toMs) }] });
  await handle.executeUpdate(acceptRescheduleUpdate, { args: [asSeller] });
  expect(await stored(travel, purchaseId)).toMatchObject({
    slot: { startsAt: new Date(toMs), endsAt: new Date(toMs + HOUR_MS) },
    deadlineAt: new Date(toMs + HOUR_MS),
    proposal: null,
  });
  await until(fromMs + 2 * HOUR_MS);
  expect((await stored(travel, purchaseId)).state).toBe('held');
  expect(await remindersGiven(travel, purchaseId)).toEqual(['booking_tomorrow']);
  await until(toMs);
  expect(await remindersGiven(travel, purchaseId)).toEqual(['booking_tomorrow', 'booking_tomorrow', 'booking_soon']);
  await until(toMs + HOUR_MS + 1_000);
  await storedAs(travel, purchaseId, 'delivered');
  await handle.result();
  await recordHistory('purchase-booking-moved-and-over', handle.workflowId, travel.client);
});

test('cancelled, nobody is reminded of it any more', async () => {
  const startsAtMs = await hourAhead(200);
  const { purchaseId, handle } = await held(startsAtMs);
  await handle.executeUpdate(cancelPurchaseUpdate, { args: [asBuyer] });
  expect(await handle.result()).toEqual({ state: 'cancelled' });
  await until(startsAtMs + HOUR_MS);
  expect(await remindersGiven(travel, purchaseId)).toEqual([]);
  expect(await stored(travel, purchaseId)).toMatchObject({ books: { refunded: 2_500, held: 0 } });
});

test('not accepted before it begins, it is declined and the time is free again', async () => {
  const startsAtMs = await hourAhead(5);
  const listingId = await placeBooking(travel, sellerId);
  const wanted = { listingId, sellerId, buyerId, paymentMethod: 'pm_card_visa', slot: { startsAt: iso(startsAtMs) } };
  const { purchaseId, handle } = await openPurchase(travel, wanted);
  expect((await stored(travel, purchaseId)).deadlineAt).toEqual(new Date(startsAtMs));
  expect(await handle.result()).toEqual({ state: 'declined' });
  const { rows } = await travel.database.query('SELECT 1 FROM marketplace.sessions WHERE listing_id = $1', [listingId]);
  expect(rows).toEqual([]);
});
