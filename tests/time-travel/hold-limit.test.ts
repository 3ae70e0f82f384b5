/** What becomes of money that may be held no longer, with the real lengths of time: months pass in seconds. */
import { expect } from 'vitest';
import { acceptPurchaseUpdate, confirmPurchaseUpdate, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { latestCase } from '../../services/cases/index.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Bought, journey, type Market } from '../helpers/journeys.ts';
import { control } from '../helpers/onboardings.ts';
import type { Travel } from '../helpers/travel.ts';
import { placeGoods } from '../helpers/travel-purchases.ts';

/** Accepted, and delivered later than money may be held. */
async function acceptedForLong(travel: Travel, market: Market): Promise<Bought> {
  const purchase = await market.buy({ listingId: await placeGoods(travel, market.sellerId, 30) });
  // No seller has more than thirty handling days: here each of them lasts for three.
  await travel.database.query(
    `UPDATE transactions.purchases SET terms = jsonb_set(terms, '{handlingMs}', $2::jsonb) WHERE id = $1`,
    [purchase.purchaseId, String(90 * 86_400_000)],
  );
  await purchase.seller(acceptPurchaseUpdate);
  return purchase;
}

journey('what was not given back in parts goes back at the hold limit', async ({ travel, market }) => {
  const purchase = await acceptedForLong(travel, market);
  const command = { actorId: market.sellerId, amount: 700 };
  await purchase.handle.executeUpdate('refundPurchase', { args: [command] });
  await travel.sleep('87 days');
  expect(await purchase.now()).toMatchObject({ state: 'held', books: { held: 1_800, refunded: 700 } });
  await travel.sleep('2 days');
  const ended = await purchase.becomes('refunded');
  expect(ended.books).toMatchObject({ captured: 2_500, held: 0, refunded: 2_500 });
  await recordHistory('purchase-hold-limit-after-a-part', purchaseWorkflowId(purchase.purchaseId), travel.client);
});

journey(
  'a release that Stripe refuses is a case of finance at the hold limit, and due soon',
  async ({ travel, market }) => {
    const purchase = await acceptedForLong(travel, market);
    await travel.sleep('80 days');
    const account = await payoutAccountOf(travel.database, market.sellerId);
    await control(`accounts/${account}`, { disabledReason: 'under_review' });
    await purchase.buyer(confirmPurchaseUpdate);
    expect(await purchase.now()).toMatchObject({ state: 'released', transfer: { status: 'blocked' } });
    const caseOf = () => latestCase(travel.database, 'transfer_blocked', purchase.purchaseId);
    await travel.sleep('6 days');
    expect(await caseOf()).toBeUndefined();
    // Money is held for 88 days at the most, and each day the transfer is tried once more.
    await travel.sleep('3 days');
    const { payment } = await purchase.now();
    const limitMs = (payment.capturedAt?.getTime() ?? 0) + 88 * DAY_MS;
    const heldUntil = new Date(limitMs).toISOString();
    expect(await caseOf()).toMatchObject({ state: 'open', details: { amount: 2_250, currency: 'EUR', heldUntil } });
    expect((await caseOf())?.dueAt).toEqual(new Date(limitMs + DAY_MS));
    await control(`accounts/${account}`, { disabledReason: null });
    await travel.sleep('2 days');
    expect(await purchase.now()).toMatchObject({
      transfer: { status: 'sent' },
      books: { payable: 0, transferred: 2_250 },
    });
    expect(await caseOf()).toMatchObject({ state: 'closed' });
  },
);

const DAY_MS = 24 * 60 * 60 * 1_000;
