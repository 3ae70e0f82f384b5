/** The hold limit comes while a dispute is undecided, under a policy whose default ruling gives the buyer everything. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chargebackHintSignal } from '../../contracts/chargeback.ts';
import { disputeDecidedSignal, disputeWorkflowId } from '../../contracts/dispute.ts';
import { acceptPurchaseUpdate, openDisputeUpdate, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { newId } from '../../platform/ids.ts';
import { latestCase } from '../../services/cases/index.ts';
import { findDispute, followDispute } from '../../services/disputes/index.ts';
import { loadPolicy } from '../../services/transactions/index.ts';
import { disputed as disputedAtBank, moveDispute } from '../helpers/chargebacks.ts';
import { recordHistory } from '../helpers/histories.ts';
import { beginTravel, type Travel } from '../helpers/travel.ts';
import { placeStatement } from '../helpers/travel-disputes.ts';
import { openPurchase, placeGoods, placeSeller, stored, storedAs } from '../helpers/travel-purchases.ts';
import { waitFor } from '../helpers/wait-for.ts';

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

/** Both sides agree on a part. As when the worker that committed it was gone before it could say so: nobody hears of it. */
async function agree({ id, sellerId, buyerId }: Awaited<ReturnType<typeof disputed>>): Promise<void> {
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
}

test('what both sides agreed counts, though the purchase never heard of it', { timeout: 120_000 }, async () => {
  const opened = await disputed();
  const { id, purchaseId, handle } = opened;
  await agree(opened);
  expect(await handle.result()).toEqual({ state: 'completed' });
  expect((await stored(travel, purchaseId)).books).toMatchObject({ refunded: 1_000, transferred: 1_350, held: 0 });
  expect(await findDispute(travel.database, id)).toMatchObject({
    state: 'closed',
    decision: { refund: 1_000, by: 'agreement' },
  });
  await recordHistory('purchase-hold-limit-after-an-agreement', purchaseWorkflowId(purchaseId), travel.client);
});

/** The same once a bank asks, of which the dispute has heard: before that it would say what was agreed on at once. */
async function agreeUnheard(opened: Awaited<ReturnType<typeof disputed>>): Promise<void> {
  const thaw = 'UPDATE disputes.disputes SET frozen_since = NULL WHERE id = $1 AND frozen_since IS NOT NULL';
  await waitFor(async () => (await travel.database.query(thaw, [opened.id])).rowCount === 1, {
    what: 'the dispute to stand still',
    timeoutMs: 20_000,
  });
  await agree(opened);
}

test.for([
  ['heard', 'purchase-hold-limit-agreed-in-an-inquiry'],
  ['not heard', 'purchase-hold-limit-agreed-unheard-in-an-inquiry'],
] as const)(
  'a part that was agreed on, and %s, waits for the bank that asks: finance is asked, then it is carried out',
  { timeout: 120_000 },
  async ([heard, name]) => {
    const opened = await disputed();
    const { purchaseId, handle } = opened;
    if (heard === 'heard') await agree(opened);
    const { id: inquiry } = await disputedAtBank(purchaseId, { status: 'warning_needs_response' });
    const hint = () => handle.signal(chargebackHintSignal, { eventId: crypto.randomUUID(), chargebackId: inquiry });
    const isSo = (what: string, is: (purchase: Awaited<ReturnType<typeof stored>>) => boolean) =>
      waitFor(async () => is(await stored(travel, purchaseId)), { what, timeoutMs: 20_000 });
    await hint();
    await isSo('the inquiry', ({ chargeback }) => chargeback === 'inquiry');
    if (heard === 'heard') {
      await handle.signal(disputeDecidedSignal, { n: 1 });
      await isSo('the decision', ({ dispute }) => dispute?.refund === 1_000);
    } else await agreeUnheard(opened);
    await travel.sleep('89 days');
    await isSo('finance to be asked', ({ standstill }) => standstill?.limitReached === true);
    expect(await stored(travel, purchaseId)).toMatchObject({ state: 'disputed', books: { held: 2_500 } });
    const { rows: seen } = await travel.database.query(
      `SELECT step FROM transactions.steps WHERE purchase_id = $1 AND step LIKE 'decideAtHoldLimit/%'`,
      [purchaseId],
    );
    expect(seen).toHaveLength(heard === 'heard' ? 0 : 1);
    expect(await latestCase(travel.database, 'hold_limit', purchaseId)).toMatchObject({ state: 'open' });
    await moveDispute(inquiry, 'warning_closed');
    await hint();
    const ended = await storedAs(travel, purchaseId, 'released');
    expect(ended.books).toMatchObject({ held: 0, refunded: 1_000, transferred: 1_350 });
    expect(await latestCase(travel.database, 'hold_limit', purchaseId)).toMatchObject({ state: 'closed' });
    await recordHistory(name, purchaseWorkflowId(purchaseId), travel.client);
  },
);
