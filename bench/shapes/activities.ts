/** Activities that do nothing, for each of the two ways: what is measured is what orchestration costs. */
import type { PurchaseStanding } from '../../activities/purchase.ts';
import type { PurchaseState } from '../../contracts/purchase.ts';
import type { UsualActivities } from './usual-purchase.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

export const usualActivities: UsualActivities = {
  createPaymentIntent: async () => 'pi_0000000000000000000000000000',
  recordPurchase: async () => {},
  capturePaymentIntent: async () => 'ch_0000000000000000000000000000',
  recordCapture: async () => {},
  recordDelivery: async () => {},
  createTransfer: async () => 'tr_0000000000000000000000000000',
  recordRelease: async () => {},
};

/** How a purchase stands after each step, at once: the workflow that asks is the real one. */
const standing = (state: PurchaseState, days: number, more: Partial<PurchaseStanding> = {}): PurchaseStanding => ({
  state,
  deadlineMs: Date.now() + days * DAY_MS,
  payment: 'succeeded',
  transfer: 'none',
  held: 0,
  ...more,
});

export const ourActivities = {
  openPurchase: async () => ({
    deal: { kind: 'goods', price: 2_500, currency: 'EUR', transferRetryMs: DAY_MS },
    standing: standing('payment_pending', 1, { payment: 'requires_payment_method' }),
  }),
  beginPayment: async () => standing('authorised', 6, { payment: 'requires_capture' }),
  capturePayment: async () => standing('held', 3, { held: 2_500, deadlineEvent: 'delivery_overdue' }),
  recordDelivery: async () => standing('delivered', 2, { held: 2_500, deadlineEvent: 'inspection_over' }),
  releaseToSeller: async () => standing('released', 14, { transfer: 'sent', deadlineEvent: 'aftercare_over' }),
};
