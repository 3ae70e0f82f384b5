/** One journey of each flow that waits long, in ten lines: what a test of a new flow looks like. */
import { expect } from 'vitest';
import { acceptPurchaseUpdate, deliverPurchaseUpdate, refundPurchaseUpdate } from '../../contracts/purchase.ts';
import { createFlowSignals } from '../../platform/temporal/signals.ts';
import { journey } from '../helpers/journeys.ts';
import { control } from '../helpers/onboardings.ts';
import { beginOnboarding, storedOnboarding } from '../helpers/travel-onboardings.ts';

journey(
  'a purchase about which the buyer keeps silent is released after 48 hours, and completed',
  async ({ travel, market }) => {
    const purchase = await market.buy();
    await purchase.seller(acceptPurchaseUpdate);
    await purchase.seller(deliverPurchaseUpdate);
    await travel.sleep('47 hours');
    expect((await purchase.now()).state).toBe('delivered');
    await travel.sleep('2 hours');
    expect(await purchase.now()).toMatchObject({ state: 'released', books: { transferred: 2_250, fees: 250 } });
    expect(await purchase.ends()).toEqual({ state: 'completed' });
  },
);

journey('an onboarding whose check nobody takes is abandoned after 7 days', async ({ travel }) => {
  const { userId } = await beginOnboarding(travel);
  await travel.sleep('167 hours');
  expect((await storedOnboarding(travel, userId)).state).toBe('identity_check');
  await travel.sleep('2 hours');
  expect(await storedOnboarding(travel, userId)).toMatchObject({ state: 'abandoned', attempts: 1 });
});

journey('a refund that comes back twenty days later is owed to the buyer', async ({ travel, market }) => {
  const purchase = await market.buy();
  await purchase.seller(acceptPurchaseUpdate);
  await purchase.seller(refundPurchaseUpdate);
  const { refund } = await purchase.now();
  await travel.sleep('20 days');
  await control(`refunds/${refund.id}`, { status: 'failed' });
  await createFlowSignals(travel.client).refund(purchase.purchaseId, { eventId: 'evt_1', refundId: refund.id ?? '' });
  await travel.client.workflow.getHandle(`aftercare/${purchase.purchaseId}`).result();
  expect(await purchase.now()).toMatchObject({ refund: { status: 'failed' }, books: { owedToBuyer: 2_500 } });
});
