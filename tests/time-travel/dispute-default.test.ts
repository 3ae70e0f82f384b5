/** The hold limit comes while a dispute is undecided, under a policy whose default ruling gives the buyer everything. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { disputeWorkflowId } from '../../contracts/dispute.ts';
import { acceptPurchaseUpdate, openDisputeUpdate, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { newId } from '../../platform/ids.ts';
import { findDispute } from '../../services/disputes/index.ts';
import { loadPolicy } from '../../services/transactions/index.ts';
import { recordHistory } from '../helpers/histories.ts';
import { beginTravel, type Travel } from '../helpers/travel.ts';
import { placeStatement } from '../helpers/travel-disputes.ts';
import { openPurchase, placeGoods, placeSeller, stored } from '../helpers/travel-purchases.ts';

let travel: Travel;
beforeAll(async () => {
  const { dispute } = loadPolicy('services/transactions/policy.yml');
  const response = 100 * 86_400_000;
  travel = await beginTravel({ dispute: { ...dispute, response, defaultPercent: 100 } });
}, 120_000);
afterAll(() => travel.end());

test('at the hold limit the buyer is refunded in full, and the dispute is over', { timeout: 120_000 }, async () => {
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
  expect(await handle.result()).toEqual({ state: 'refunded' });
  expect((await stored(travel, purchaseId)).books).toMatchObject({ captured: 2_500, held: 0, refunded: 2_500 });
  expect(await findDispute(travel.database, id)).toMatchObject({
    state: 'closed',
    decision: { refund: 2_500, by: 'default_ruling' },
  });
  await recordHistory('purchase-travel-hold-limit-everything-back', purchaseWorkflowId(purchaseId), travel.client);
  await recordHistory('dispute-travel-hold-limit-everything-back', disputeWorkflowId(purchaseId, 1), travel.client);
});
