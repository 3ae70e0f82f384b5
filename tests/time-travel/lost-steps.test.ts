/** A payment that Stripe shows as cancelled, of which the workflow knows nothing: by whom depends on whether its time was over. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { paymentHintSignal, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { newId } from '../../platform/ids.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { recordHistory } from '../helpers/histories.ts';
import { stack } from '../helpers/stack.ts';
import { beginTravel, type Travel } from '../helpers/travel.ts';
import { openPurchase, placeGoods, placeSeller, stored } from '../helpers/travel-purchases.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** Long enough before the deadline for the workers to go: without them the clock does not jump. */
const LEAVE_MS = 5_000;

const [sellerId, buyerId] = [newId('usr'), newId('usr')];
let travel: Travel;

beforeAll(async () => {
  travel = await beginTravel({}, { workersForget: true });
  await placeSeller(travel, sellerId);
}, 120_000);
afterAll(() => travel.end());

/** What a worker did that died before it could say so; or somebody else, in Stripe's dashboard. */
async function cancelledAtStripe(isLate: boolean) {
  const listingId = await placeGoods(travel, sellerId);
  const opened = await openPurchase(travel, { listingId, sellerId, buyerId, paymentMethod: 'pm_card_visa' });
  const { payment, deadlineAt } = await stored(travel, opened.purchaseId);
  const { env, urls } = stack();
  const stripe = createStripe({ apiKey: env['STRIPE_API_KEY'] ?? '', apiUrl: urls.stripe, timeoutMs: 10_000 });
  const now = () => travel.environment.currentTimeMs();
  if (isLate) await travel.sleep(`${Number(deadlineAt) - LEAVE_MS - (await now())}ms`);
  await travel.withoutWorkers(async () => {
    await stripe.paymentIntents.cancel(payment.intentId ?? '');
    await opened.handle.signal(paymentHintSignal, { eventId: 'evt_lost', eventType: 'payment_intent.canceled' });
    if (!isLate) return;
    await waitFor(async () => (await now()) > Number(deadlineAt), { what: 'the deadline', timeoutMs: 20_000 });
  });
  return opened;
}

test('once its time was over it was cancelled for that, by us: the seller has declined by silence', async () => {
  const { handle, purchaseId } = await cancelledAtStripe(true);
  expect(await handle.result()).toEqual({ state: 'declined' });
  await recordHistory('purchase-declined-in-a-step-that-was-lost', purchaseWorkflowId(purchaseId), travel.client);
});

test('before that somebody else has cancelled it', async () => {
  const { handle } = await cancelledAtStripe(false);
  expect(await handle.result()).toEqual({ state: 'cancelled' });
});
