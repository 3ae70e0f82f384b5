/**
 * A purchase written the usual way: one remote activity for each call to the provider and for each record of it. It waits
 * with a timer in each state, as ours does. It is what our own is compared with, and does nothing else.
 */
import { condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';

/** Each does nothing: what is compared is what the steps themselves cost. */
export interface UsualActivities {
  createPaymentIntent(purchaseId: string): Promise<string>;
  recordPurchase(purchaseId: string, payment: string): Promise<void>;
  capturePaymentIntent(purchaseId: string): Promise<string>;
  recordCapture(purchaseId: string, charge: string): Promise<void>;
  recordDelivery(purchaseId: string): Promise<void>;
  createTransfer(purchaseId: string): Promise<string>;
  recordRelease(purchaseId: string, transfer: string): Promise<void>;
}

export const openUpdate = defineUpdate<string>('open');
export const acceptUpdate = defineUpdate<string>('accept');
export const deliverUpdate = defineUpdate<string>('deliver');
export const confirmUpdate = defineUpdate<string>('confirm');

const DAY_MS = 24 * 60 * 60 * 1_000;
const steps = proxyActivities<UsualActivities>({ startToCloseTimeout: '30s' });

export async function usualPurchase(purchaseId: string): Promise<string> {
  let state = 'payment_pending';
  setHandler(openUpdate, async () => {
    await condition(() => state !== 'payment_pending');
    return state;
  });
  setHandler(acceptUpdate, async () => {
    await steps.recordCapture(purchaseId, await steps.capturePaymentIntent(purchaseId));
    state = 'held';
    return state;
  });
  setHandler(deliverUpdate, async () => {
    await steps.recordDelivery(purchaseId);
    state = 'delivered';
    return state;
  });
  setHandler(confirmUpdate, async () => {
    await steps.recordRelease(purchaseId, await steps.createTransfer(purchaseId));
    state = 'released';
    return state;
  });
  await steps.recordPurchase(purchaseId, await steps.createPaymentIntent(purchaseId));
  state = 'authorised';
  await condition(() => state !== 'authorised', 6 * DAY_MS);
  await condition(() => state !== 'held', 3 * DAY_MS);
  await condition(() => state !== 'delivered', 2 * DAY_MS);
  await condition(() => state !== 'released', 14 * DAY_MS);
  return state;
}

/** Nothing but an update that comes with the start: what starting costs at the least. */
export async function bareStart(): Promise<void> {
  setHandler(openUpdate, () => 'open');
  await condition(() => false, 14 * DAY_MS);
}
