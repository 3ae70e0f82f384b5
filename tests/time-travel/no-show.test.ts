/** Somebody did not show up: claimed by one side, contested or not by the other, under a clock that jumps. */
import { describe, expect } from 'vitest';
import { acceptOfferUpdate, contestClaimUpdate, disputeWorkflowId, makeOfferUpdate } from '../../contracts/dispute.ts';
import type { DisputeId, UserId } from '../../contracts/ids.ts';
import {
  acceptPurchaseUpdate,
  claimNoShowUpdate,
  type PurchaseState,
  purchaseWorkflowId,
} from '../../contracts/purchase.ts';
import { newId } from '../../platform/ids.ts';
import { type Dispute, findDispute } from '../../services/disputes/index.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Bought, journeyAlone, type Market } from '../helpers/journeys.ts';
import type { Travel } from '../helpers/travel.ts';
import { placeStatement } from '../helpers/travel-disputes.ts';
import { placeBooking } from '../helpers/travel-purchases.ts';

const HOUR_MS = 3_600_000;

/** A booking that begins in some hours, paid and accepted. */
async function booked(
  travel: Travel,
  market: Market,
  cancellationPolicy: 'flexible' | 'strict' = 'flexible',
): Promise<Bought> {
  const nowMs = await travel.environment.currentTimeMs();
  const startsAt = new Date((Math.floor(nowMs / HOUR_MS) + 5) * HOUR_MS).toISOString();
  const listingId = await placeBooking(travel, market.sellerId, { cancellationPolicy });
  const bought = await market.buy({ listingId, slot: { startsAt } });
  await bought.seller(acceptPurchaseUpdate);
  return bought;
}

async function claim(travel: Travel, { handle, purchaseId }: Bought, actorId: UserId): Promise<DisputeId> {
  const id = newId('dsp');
  const statementId = await placeStatement(travel, purchaseId, actorId);
  await handle.executeUpdate(claimNoShowUpdate.name, {
    args: [{ actorId, dispute: { id, reason: 'no_show', statementId } }],
  });
  return id;
}

async function read({ database }: Travel, id: DisputeId): Promise<Dispute> {
  const dispute = await findDispute(database, id);
  if (dispute === undefined) throw new Error('the dispute is not there');
  return dispute;
}

async function expectEnd(bought: Bought, state: PurchaseState, money: Record<string, number>): Promise<void> {
  // The clock jumps as long as somebody waits for the end.
  void bought.ends().catch(() => undefined);
  const ended = await bought.becomes(state);
  expect(ended.state).toBe(state);
  expect(ended.books).toMatchObject({ captured: 2_500, held: 0, payable: 0, ...money });
}

const record = async (name: string, { client }: Travel, { purchaseId }: Bought): Promise<void> => {
  await recordHistory(`purchase-no-show-${name}`, purchaseWorkflowId(purchaseId), client);
  await recordHistory(`dispute-no-show-${name}`, disputeWorkflowId(purchaseId, 1), client);
};

describe('a no-show', () => {
  journeyAlone('cannot be claimed before the booking has begun', async ({ travel, market }) => {
    const bought = await booked(travel, market);
    await expect(claim(travel, bought, market.buyerId)).rejects.toMatchObject({ cause: { type: 'NOT_ALLOWED_NOW' } });
    expect((await bought.now()).state).toBe('held');
  });

  journeyAlone('of the seller, not contested for 48 hours: everything back', async ({ travel, market }) => {
    const bought = await booked(travel, market);
    await travel.sleep('5 hours');
    const id = await claim(travel, bought, market.buyerId);
    const { createdAt, deadlineAt, claimRefund } = await read(travel, id);
    expect(claimRefund).toBe(2_500);
    expect((deadlineAt?.getTime() ?? 0) - createdAt.getTime()).toBe(48 * HOUR_MS);
    await expectEnd(bought, 'refunded', { refunded: 2_500 });
    await record('of-the-seller', travel, bought);
  });

  journeyAlone('of the buyer, not contested: what cancelling at the last moment leaves', async ({ travel, market }) => {
    const bought = await booked(travel, market);
    await travel.sleep('5 hours');
    const id = await claim(travel, bought, market.sellerId);
    // Flexible: half of it until the beginning.
    expect((await read(travel, id)).claimRefund).toBe(1_250);
    await expectEnd(bought, 'released', { refunded: 1_250, transferred: 1_125, fees: 125 });
    await record('of-the-buyer', travel, bought);
  });

  journeyAlone('after the end of the booking, with a strict policy: nothing back', async ({ travel, market }) => {
    const bought = await booked(travel, market, 'strict');
    await travel.sleep('7 hours');
    expect((await bought.becomes('delivered')).state).toBe('delivered');
    const id = await claim(travel, bought, market.sellerId);
    expect((await read(travel, id)).claimRefund).toBe(0);
    await expectEnd(bought, 'released', { refunded: 0, transferred: 2_250, fees: 250 });
    await record('of-the-buyer-strict', travel, bought);
  });

  journeyAlone('contested, each says it of the other: it goes on like any dispute', async ({ travel, market }) => {
    const bought = await booked(travel, market);
    await travel.sleep('7 hours');
    await bought.becomes('delivered');
    const id = await claim(travel, bought, market.buyerId);
    const handle = travel.client.workflow.getHandle(disputeWorkflowId(bought.purchaseId, 1));
    const does = (update: { name: string }, actorId: UserId, more: object = {}) =>
      handle.executeUpdate(update.name, { args: [{ actorId, ...more }] });
    await expect(does(contestClaimUpdate, market.buyerId)).rejects.toMatchObject({
      cause: { type: 'NOT_ALLOWED_NOW' },
    });
    await does(contestClaimUpdate, market.sellerId, {
      statementId: await placeStatement(travel, bought.purchaseId, market.sellerId),
    });
    expect((await read(travel, id)).state).toBe('negotiating');
    await does(makeOfferUpdate, market.sellerId, { refund: 500 });
    await does(acceptOfferUpdate, market.buyerId, { number: 1 });
    await expectEnd(bought, 'released', { refunded: 500, transferred: 1_800, fees: 200 });
    await record('contested', travel, bought);
  });
});
