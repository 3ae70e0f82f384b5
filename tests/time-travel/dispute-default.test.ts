/** The hold limit comes while a dispute is undecided, under a policy whose default ruling gives the buyer everything. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { disputeWorkflowId } from '../../contracts/dispute.ts';
import { acceptPurchaseUpdate, openDisputeUpdate, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { newId } from '../../platform/ids.ts';
import { findDispute, followDispute } from '../../services/disputes/index.ts';
import { loadPolicy } from '../../services/transactions/index.ts';
import { recordHistory } from '../helpers/histories.ts';
import { beginTravel, type Travel } from '../helpers/travel.ts';
import { placeStatement } from '../helpers/travel-disputes.ts';
import { openPurchase, placeGoods, placeSeller, stored } from '../helpers/travel-purchases.ts';

let travel: Travel;
beforeEach(async () => {
  const { dispute } = loadPolicy('services/transactions/policy.yml');
  const response = 100 * 86_400_000;
  travel = await beginTravel({ dispute: { ...dispute, response, defaultPercent: 100 } });
}, 120_000);
afterEach(() => travel.end());

async function disputed() {
  const [sellerId, buyerId, id] = [newId('usr'), newId('usr'), newId('dsp')];
  await placeSeller(travel, sellerId);
  const listingId = await placeGoods(travel, sellerId);
  const { purchaseId, handle } = await openPurchase(travel, {
    listingId,
    sellerId,
    buyerId,
    paymentMethod: 'pm_card_visa',
  });
  await handle.executeUpdate(acceptPurchaseUpdate.name, { args: [{ actorId: sellerId }] });
  const statementId = await placeStatement(travel, purchaseId, buyerId);
  await handle.executeUpdate(openDisputeUpdate.name, {
    args: [{ actorId: buyerId, dispute: { id, reason: 'not_received', statementId } }],
  });
  return { sellerId, buyerId, id, purchaseId, handle };
}

test('at the hold limit the buyer is refunded in full, and the dispute is over', { timeout: 120_000 }, async () => {
  const { id, purchaseId, handle } = await disputed();
  expect(await handle.result()).toEqual({ state: 'refunded' });
  expect((await stored(travel, purchaseId)).books).toMatchObject({ captured: 2_500, held: 0, refunded: 2_500 });
  expect(await findDispute(travel.database, id)).toMatchObject({
    state: 'closed',
    decision: { refund: 2_500, by: 'default_ruling' },
  });
  await recordHistory('purchase-hold-limit-decided-in-time', purchaseWorkflowId(purchaseId), travel.client);
  await recordHistory('dispute-hold-limit-decided-in-time', disputeWorkflowId(purchaseId, 1), travel.client);
});

test('what both sides agreed counts, though the purchase never heard of it', { timeout: 120_000 }, async () => {
  const { sellerId, buyerId, id, purchaseId, handle } = await disputed();
  // Committed by a worker that was gone before it could say so.
  const common = { disputeId: id, atMs: await travel.environment.currentTimeMs() } as const;
  await followDispute(travel.database, {
    ...common,
    from: 'opened',
    event: 'make_offer',
    by: 'respondent',
    actor: { type: 'user', id: sellerId },
    key: 'offer',
    refund: 1_000,
  });
  await followDispute(travel.database, {
    ...common,
    from: 'negotiating',
    event: 'accept_offer',
    by: 'claimant',
    actor: { type: 'user', id: buyerId },
    key: 'acceptance',
    number: 1,
  });
  expect(await handle.result()).toEqual({ state: 'completed' });
  expect((await stored(travel, purchaseId)).books).toMatchObject({ refunded: 1_000, transferred: 1_350, held: 0 });
  expect(await findDispute(travel.database, id)).toMatchObject({
    state: 'closed',
    decision: { refund: 1_000, by: 'agreement' },
  });
  await recordHistory('purchase-hold-limit-after-an-agreement', purchaseWorkflowId(purchaseId), travel.client);
});
