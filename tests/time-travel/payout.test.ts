/** The watch over a payout, with its real lengths: what no webhook told is found all the same. */
import { expect } from 'vitest';
import { type PayoutWorkflow, payoutWorkflowId } from '../../contracts/payout.ts';
import { newId } from '../../platform/ids.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { latestCase } from '../../services/cases/index.ts';
import { listPayouts } from '../../services/payouts/index.ts';
import { journey } from '../helpers/journeys.ts';
import { bankSays } from '../helpers/payouts.ts';
import { stack } from '../helpers/stack.ts';
import type { Travel } from '../helpers/travel.ts';
import { placeSeller } from '../helpers/travel-purchases.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** A payout of 20.00 EUR that no webhook tells of, and the watch over it. */
async function watched(travel: Travel) {
  const { env, urls } = stack();
  const stripe = createStripe({ apiKey: env['STRIPE_API_KEY'] ?? '', apiUrl: urls.stripe, timeoutMs: 10_000 });
  const sellerId = newId('usr');
  const accountId = await placeSeller(travel, sellerId);
  const paid = await stripe.paymentIntents.create({
    amount: 2_500,
    currency: 'eur',
    payment_method: 'pm_card_bypassPending',
    payment_method_types: ['card'],
    confirm: true,
    return_url: urls.api,
  });
  const source = typeof paid.latest_charge === 'string' ? paid.latest_charge : '';
  await stripe.transfers.create({ amount: 2_000, currency: 'eur', destination: accountId, source_transaction: source });
  const { id } = await stripe.payouts.create({ amount: 2_000, currency: 'eur' }, { stripeAccount: accountId });
  const input = { payoutId: id, accountId, sellerId };
  const handle = await travel.start<PayoutWorkflow>({ type: 'payout', id: payoutWorkflowId(id), input });
  const stored = async () => (await listPayouts(travel.database, sellerId, undefined, 10))[0];
  await waitFor(async () => (await stored())?.status === 'pending', { what: 'the payout', timeoutMs: 20_000 });
  return { id, handle, stored, isOver: async () => (await handle.describe()).status.name === 'COMPLETED' };
}

journey('a payout that nobody tells of is looked at a day after it should have arrived', async ({ travel }) => {
  const { id, stored, isOver } = await watched(travel);
  await bankSays(id, 'paid');
  await travel.sleep('71 hours');
  expect((await stored())?.status).toBe('pending');
  await travel.sleep('2 hours');
  expect((await stored())?.status).toBe('paid');
  // The bank sends it back, and nobody tells of that either: the last look finds it.
  await bankSays(id, 'failed');
  await travel.sleep('189 hours');
  expect([(await stored())?.status, await isOver()]).toEqual(['paid', false]);
  await travel.sleep('4 hours');
  expect(await stored()).toMatchObject({ status: 'failed', failureCode: 'account_closed' });
  expect((await stored())?.paidAt).not.toBeNull();
  expect(await latestCase(travel.database, 'payout_failed', id)).toBeUndefined();
  await travel.sleep('333 hours');
  expect(await latestCase(travel.database, 'payout_failed', id)).toBeUndefined();
  await travel.sleep('4 hours');
  expect(await latestCase(travel.database, 'payout_failed', id)).toMatchObject({ state: 'open' });
  expect(await isOver()).toBe(true);
});

journey('the watch over one that was paid ends after eight days', async ({ travel }) => {
  const { id, stored, isOver } = await watched(travel);
  await bankSays(id, 'paid');
  await travel.sleep('73 hours');
  await travel.sleep('193 hours');
  expect([(await stored())?.status, await isOver()]).toEqual(['paid', true]);
});
