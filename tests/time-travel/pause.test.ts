/** Money that staff have paused, and the deadlines around it, with their real lengths: months pass in seconds. */
import { WithStartWorkflowOperation } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { standing } from '../../activities/purchase-steps.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import {
  acceptPurchaseUpdate,
  cancelPurchaseUpdate,
  confirmPurchaseUpdate,
  deliverPurchaseUpdate,
  openPurchaseUpdate,
  type PurchaseCommand,
  type PurchaseWorkflow,
  purchaseWorkflowId,
} from '../../contracts/purchase.ts';
import { addStaffNoteUpdate, pauseMoneyUpdate, resumeMoneyUpdate } from '../../contracts/purchase-support.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { newId } from '../../platform/ids.ts';
import { latestCase } from '../../services/cases/index.ts';
import { listStaffNotes } from '../../services/transactions/index.ts';
import { recordHistory } from '../helpers/histories.ts';
import { refuseRelease } from '../helpers/refused-release.ts';
import { stack } from '../helpers/stack.ts';
import { beginTravel, type Travel } from '../helpers/travel.ts';
import {
  openPurchase as open,
  placeBooking,
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
const staff = newId('usr');
let travel: Travel;

beforeAll(async () => {
  travel = await beginTravel();
  await placeSeller(travel, sellerId);
}, 120_000);
afterAll(() => travel.end());

type Opened = Awaited<ReturnType<typeof open>>;

const bySeller: { args: [PurchaseCommand] } = { args: [{ actorId: sellerId }] };
const byBuyer: { args: [PurchaseCommand] } = { args: [{ actorId: buyerId }] };

async function bought(...updates: (typeof acceptPurchaseUpdate)[]): Promise<Opened> {
  const listingId = await placeGoods(travel, sellerId);
  const opened = await open(travel, { listingId, sellerId, buyerId, paymentMethod: 'pm_card_visa' });
  for (const update of updates) await opened.handle.executeUpdate(update, bySeller);
  return opened;
}

const pause = ({ handle, purchaseId: purchase }: Opened) =>
  handle.executeUpdate(pauseMoneyUpdate, { args: [{ purchase, staff, pauseReason: 'To be looked at.' }] });
const resume = ({ handle, purchaseId: purchase }: Opened) =>
  handle.executeUpdate(resumeMoneyUpdate, { args: [{ purchase, staff, resumeReason: 'Looked at.' }] });
const stored = ({ purchaseId }: { purchaseId: PurchaseId }) => storedIn(travel, purchaseId);

describe('a deadline that comes during a pause', () => {
  test('of the inspection waits, and has the time that was left when money is let go', async () => {
    const opened = await bought(acceptPurchaseUpdate, deliverPurchaseUpdate);
    await travel.sleep('12 hours');
    await pause(opened);
    await travel.sleep('10 days');
    expect(await stored(opened)).toMatchObject({ state: 'delivered', books: { held: 2_500, transferred: 0 } });
    expect(await remindersGiven(travel, opened.purchaseId)).toEqual([]);

    await resume(opened);
    const resumed = await stored(opened);
    const entered = resumed.stateSince.getTime();
    expect(Number(resumed.deadlineAt) - entered).toBe(48 * HOUR_MS + resumed.stoodStillMs);
    expect(resumed.stoodStillMs).toBeGreaterThanOrEqual(10 * DAY_MS);
    await travel.sleep('35 hours');
    expect((await stored(opened)).state).toBe('delivered');
    expect(await remindersGiven(travel, opened.purchaseId)).toEqual(['inspection_ending']);
    await travel.sleep('2 hours');
    expect((await storedAs(travel, opened.purchaseId, 'released')).books).toMatchObject({
      held: 0,
      transferred: 2_250,
    });
    await recordHistory('purchase-paused-across-a-deadline', purchaseWorkflowId(opened.purchaseId), travel.client);
  });

  test('of the delivery waits, too, through several pauses', async () => {
    const opened = await bought(acceptPurchaseUpdate);
    for (let time = 0; time < 3; time++) {
      await pause(opened);
      await travel.sleep('5 days');
      await resume(opened);
    }
    expect((await stored(opened)).state).toBe('held');
    await travel.sleep('4 days');
    expect(await storedAs(travel, opened.purchaseId, 'cancelled')).toMatchObject({ books: { refunded: 2_500 } });
  });

  test('of the acceptance waits no longer than the card does: then the authorisation is given back', async () => {
    const opened = await bought();
    await pause(opened);
    await travel.sleep('5 days');
    expect((await stored(opened)).state).toBe('authorised');
    await expect(opened.handle.executeUpdate(acceptPurchaseUpdate, bySeller)).rejects.toMatchObject({
      cause: { type: 'MONEY_PAUSED' },
    });
    const { payment } = await stored(opened);
    await travel.sleep('25 hours');
    const declined = await storedAs(travel, opened.purchaseId, 'declined');
    expect(declined).toMatchObject({ pause: null, payment: { status: 'canceled' }, books: { held: 0 } });
    expect(declined.updatedAt.getTime()).toBeLessThan(Number(payment.captureBefore));
  });

  test('of the payment does not wait: what nobody has paid for is for sale again', async () => {
    const listingId = await placeGoods(travel, sellerId);
    const opened = await open(travel, { listingId, sellerId, buyerId });
    await pause(opened);
    await travel.sleep('16 minutes');
    expect(await storedAs(travel, opened.purchaseId, 'expired')).toMatchObject({ pause: null });
    const { rows } = await travel.database.query('SELECT stock_available FROM marketplace.listings WHERE id = $1', [
      listingId,
    ]);
    expect(rows).toEqual([{ stock_available: 1 }]);
  });

  test('a booking takes place all the same; the inspection begins when money is let go', async () => {
    const listingId = await placeBooking(travel, sellerId);
    const nowMs = await travel.environment.currentTimeMs();
    const startsAt = new Date((Math.ceil(nowMs / HOUR_MS) + 72) * HOUR_MS).toISOString();
    const opened = await open(travel, {
      listingId,
      sellerId,
      buyerId,
      paymentMethod: 'pm_card_visa',
      slot: { startsAt },
    });
    await opened.handle.executeUpdate(acceptPurchaseUpdate, bySeller);
    await pause(opened);
    await travel.sleep('4 days');
    const over = await storedAs(travel, opened.purchaseId, 'delivered');
    expect(over.pause).not.toBeNull();
    expect(await remindersGiven(travel, opened.purchaseId)).toEqual(['booking_tomorrow', 'booking_soon']);
    await travel.sleep('20 days');
    await resume(opened);
    const resumed = await stored(opened);
    expect(resumed).toMatchObject({ state: 'delivered', deadlineEvent: 'inspection_over' });
    // The window of 48 hours lies wholly after the pause.
    expect(Number(resumed.deadlineAt) - resumed.updatedAt.getTime()).toBeGreaterThan(47 * HOUR_MS);
    await recordHistory('purchase-booking-paused', purchaseWorkflowId(opened.purchaseId), travel.client);
  });
});

test('at the hold limit nothing moves: finance gets a case, and when they let the money go the buyer is refunded', async () => {
  const opened = await bought(acceptPurchaseUpdate, deliverPurchaseUpdate);
  await pause(opened);
  await travel.sleep('87 days');
  expect(await latestCase(travel.database, 'hold_limit', opened.purchaseId)).toBeUndefined();
  await travel.sleep('2 days');
  await waitFor(async () => (await latestCase(travel.database, 'hold_limit', opened.purchaseId)) !== undefined, {
    what: 'the case for finance',
    timeoutMs: 20_000,
  });
  const opensCase = await latestCase(travel.database, 'hold_limit', opened.purchaseId);
  expect(opensCase).toMatchObject({ state: 'open', details: { amount: 2_500, currency: 'EUR' } });
  // Stripe's limit: whoever decides in time is in time there, too.
  const stripeEndsMs = Number((await stored(opened)).payment.capturedAt) + 90 * DAY_MS;
  expect(Number(opensCase?.dueAt)).toBeLessThan(stripeEndsMs);
  await travel.sleep('30 days');
  expect(await stored(opened)).toMatchObject({ state: 'delivered', deadlineAt: null, books: { held: 2_500 } });

  await resume(opened);
  expect(await storedAs(travel, opened.purchaseId, 'refunded')).toMatchObject({ books: { held: 0, refunded: 2_500 } });
  expect(await latestCase(travel.database, 'hold_limit', opened.purchaseId)).toMatchObject({ state: 'closed' });
  expect(await opened.handle.result()).toEqual({ state: 'refunded' });
  await recordHistory('purchase-paused-to-the-hold-limit', purchaseWorkflowId(opened.purchaseId), travel.client);
});

test('a step that a pause cut in two is reported at the hold limit as well', async () => {
  const listingId = await placeBooking(travel, sellerId);
  const nowMs = await travel.environment.currentTimeMs();
  const startsAt = new Date((Math.ceil(nowMs / HOUR_MS) + 72) * HOUR_MS).toISOString();
  const wanted = { listingId, sellerId, buyerId, paymentMethod: 'pm_card_visa', slot: { startsAt } };
  const opened = await open(travel, wanted);
  await opened.handle.executeUpdate(acceptPurchaseUpdate, bySeller);
  // Half of it goes back; the seller's half meets a posting with other figures, and is refused.
  await refuseRelease(travel.database, opened.purchaseId);
  // What was begun goes on, so that is the answer; that it cannot is for finance to mend.
  expect(await opened.handle.executeUpdate(cancelPurchaseUpdate, byBuyer)).toEqual({ state: 'held' });
  await waitFor(async () => (await latestCase(travel.database, 'step_refused', opened.purchaseId)) !== undefined, {
    what: 'the case about the step',
    timeoutMs: 20_000,
  });
  expect(await latestCase(travel.database, 'step_refused', opened.purchaseId)).toMatchObject({
    details: { step: 'settleCancellation', code: 'POSTING_CONFLICT' },
  });
  await pause(opened);
  const half = { state: 'held', books: { held: 1_250, refunded: 1_250 } };
  expect(await stored(opened)).toMatchObject({ ...half, deadlineEvent: 'hold_limit_reached' });
  await travel.sleep('90 days');
  await waitFor(async () => (await latestCase(travel.database, 'hold_limit', opened.purchaseId)) !== undefined, {
    what: 'the case for finance',
    timeoutMs: 20_000,
  });
  expect(await stored(opened)).toMatchObject({ ...half, deadlineAt: null });
});

test('released money stays where it is, and the purchase open, until it is let go', async () => {
  const opened = await bought(acceptPurchaseUpdate);
  await opened.handle.executeUpdate(confirmPurchaseUpdate, byBuyer);
  await pause(opened);
  await travel.sleep('20 days');
  expect((await stored(opened)).state).toBe('released');
  await resume(opened);
  expect(await opened.handle.result()).toEqual({ state: 'completed' });
});

test('a history that is started afresh in the middle of a pause goes on with it', async () => {
  const opened = await bought(acceptPurchaseUpdate, deliverPurchaseUpdate);
  await pause(opened);
  // What the workflow hands to its next run, and nothing else: the run before is gone.
  await opened.handle.terminate('to begin again from what is carried on');
  const purchase = await stored(opened);
  const { kind, price, currency } = purchase.terms;
  const input = {
    purchaseId: opened.purchaseId,
    listingId: purchase.listingId,
    buyerId,
    sellerId,
    quantity: 1,
    expectedPrice: { amount: price, currency: purchase.currency },
    acceptedDisclaimers: [],
    publicUrl: stack().urls.api,
    resume: {
      story: { deal: { kind, price, currency }, standing: standing(purchase) },
      seen: [],
      orders: { notes: 100, pauses: 20 },
    },
  };
  const start = new WithStartWorkflowOperation<PurchaseWorkflow>('purchase', {
    workflowId: purchaseWorkflowId(opened.purchaseId),
    args: [input],
    taskQueue: TASK_QUEUES.workflows,
    workflowIdConflictPolicy: 'FAIL',
  });
  await travel.client.workflow.executeUpdateWithStart(openPurchaseUpdate, {
    args: [{ actorId: buyerId }],
    startWorkflowOperation: start,
  });
  const again = { ...opened, handle: travel.client.workflow.getHandle(purchaseWorkflowId(opened.purchaseId)) };
  await expect(again.handle.executeUpdate(confirmPurchaseUpdate, byBuyer)).rejects.toMatchObject({
    cause: { type: 'MONEY_PAUSED' },
  });
  const note = { purchase: opened.purchaseId, staff, note: 'One more.' };
  await expect(again.handle.executeUpdate(addStaffNoteUpdate, { args: [note] })).rejects.toMatchObject({
    cause: { type: 'TOO_MANY_ORDERS' },
  });
  await resume(again);
  await expect(pause(again)).rejects.toMatchObject({ cause: { type: 'TOO_MANY_ORDERS' } });
  await again.handle.executeUpdate(confirmPurchaseUpdate, byBuyer);
  expect(await stored(opened)).toMatchObject({ state: 'released', books: { transferred: 2_250 } });
  expect((await listStaffNotes(travel.database, opened.purchaseId)).map(({ kind }) => kind)).toEqual([
    'pause',
    'resume',
  ]);
});
