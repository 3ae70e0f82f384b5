/** Disputes under a clock that jumps: every deadline in its order, and the hold limit wherever it finds a dispute. */
import { describe, expect } from 'vitest';
import { chargebackHintSignal } from '../../contracts/chargeback.ts';
import {
  acceptClaimUpdate,
  appealRulingUpdate,
  contestClaimUpdate,
  type DisputeCommand,
  disputeFrozenSignal,
  disputeResumedSignal,
  disputeWorkflowId,
  escalateDisputeUpdate,
  makeOfferUpdate,
  ruleDisputeUpdate,
  waiveAppealUpdate,
} from '../../contracts/dispute.ts';
import type { DisputeId, UserId } from '../../contracts/ids.ts';
import type { PurchaseState } from '../../contracts/purchase.ts';
import { acceptPurchaseUpdate, openDisputeUpdate, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { pauseMoneyUpdate, resumeMoneyUpdate } from '../../contracts/purchase-support.ts';
import { newId } from '../../platform/ids.ts';
import { latestCase } from '../../services/cases/index.ts';
import { type Dispute, findDispute } from '../../services/disputes/index.ts';
import { disputed as chargedBack, moveDispute } from '../helpers/chargebacks.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Bought, journeyAlone, type Market } from '../helpers/journeys.ts';
import type { Travel } from '../helpers/travel.ts';
import { placeStatement } from '../helpers/travel-disputes.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Disputed extends Bought {
  readonly disputeId: DisputeId;
  does(who: UserId, update: { readonly name: string }, more?: Partial<DisputeCommand>): Promise<unknown>;
  dispute(): Promise<Dispute>;
  becomesDispute(state: Dispute['state']): Promise<Dispute>;
  record(name: string): Promise<void>;
}

/** Bought, accepted, disputed by its buyer. */
async function dispute(travel: Travel, market: Market, wants?: number): Promise<Disputed> {
  const bought = await market.buy();
  await bought.seller(acceptPurchaseUpdate);
  const disputeId = newId('dsp');
  const statementId = await placeStatement(travel, bought.purchaseId, market.buyerId);
  await bought.handle.executeUpdate(openDisputeUpdate.name, {
    args: [
      {
        actorId: market.buyerId,
        dispute: { id: disputeId, reason: 'damaged', statementId, ...(wants !== undefined && { wants }) },
      },
    ],
  });
  const workflowId = disputeWorkflowId(bought.purchaseId, 1);
  const handle = travel.client.workflow.getHandle(workflowId);
  const now = async (): Promise<Dispute> => {
    const found = await findDispute(travel.database, disputeId);
    if (found === undefined) throw new Error('the dispute is not there');
    return found;
  };
  return {
    ...bought,
    disputeId,
    does: (actorId, update, more = {}) => handle.executeUpdate(update.name, { args: [{ actorId, ...more }] }),
    dispute: now,
    becomesDispute: async (state) => {
      await waitFor(async () => (await now()).state === state, { what: `it to be ${state}`, timeoutMs: 20_000 });
      return now();
    },
    record: async (name) => {
      await recordHistory(`purchase-${name}`, purchaseWorkflowId(bought.purchaseId), travel.client);
      await recordHistory(`dispute-${name}`, workflowId, travel.client);
    },
  };
}

/** Both histories are over, and the money is where it should be. */
async function expectEnd(disputed: Disputed, state: PurchaseState, money: Record<string, number>): Promise<Dispute> {
  // The clock jumps as long as somebody waits for the end.
  void disputed.ends().catch(() => undefined);
  const purchase = await disputed.becomes(state);
  expect(purchase.state).toBe(state);
  expect(purchase.books).toMatchObject({ captured: 2_500, held: 0, payable: 0, ...money });
  expect(purchase.dispute).toBeNull();
  await disputed.becomesDispute('closed');
  return disputed.dispute();
}

const DEFAULT = { refunded: 1_250, transferred: 1_125, fees: 125 };

describe('the deadlines of a dispute', () => {
  journeyAlone('the seller keeps silent for 72 hours: the buyer gets everything back', async ({ travel, market }) => {
    const it = await dispute(travel, market);
    const { createdAt, deadlineAt } = await it.dispute();
    expect((deadlineAt?.getTime() ?? 0) - createdAt.getTime()).toBe(72 * 3_600_000);
    const end = await expectEnd(it, 'refunded', { refunded: 2_500 });
    expect(end.decision).toMatchObject({ refund: 2_500, by: 'silence' });
    await it.record('travel-silence');
  });

  journeyAlone('14 days to agree, 14 to mediate, 7 to appeal: the default ruling', async ({ travel, market }) => {
    const it = await dispute(travel, market);
    await it.does(market.sellerId, contestClaimUpdate);
    const end = await expectEnd(it, 'released', DEFAULT);
    expect(end.decision).toMatchObject({ refund: 1_250, by: 'ruling' });
    const days = ((end.decision?.atMs ?? 0) - end.createdAt.getTime()) / 86_400_000;
    expect(days).toBeGreaterThan(35);
    expect(days).toBeLessThan(35.1);
    await it.record('travel-default-ruling');
  });

  journeyAlone('a mediator can be asked for after 48 hours, not before', async ({ travel, market }) => {
    const it = await dispute(travel, market);
    await it.does(market.sellerId, contestClaimUpdate);
    await expect(it.does(market.buyerId, escalateDisputeUpdate)).rejects.toMatchObject({
      cause: { type: 'NOT_ALLOWED_NOW' },
    });
    await travel.sleep('49 hours');
    await it.does(market.buyerId, escalateDisputeUpdate);
    expect(await latestCase(travel.database, 'dispute_mediation', it.disputeId)).toMatchObject({ state: 'open' });
    await it.does(newId('usr'), ruleDisputeUpdate, { refund: 0 });
    for (const who of [market.buyerId, market.sellerId]) await it.does(who, waiveAppealUpdate);
    await expectEnd(it, 'released', { refunded: 0, transferred: 2_250, fees: 250 });
    expect(await latestCase(travel.database, 'dispute_mediation', it.disputeId)).toMatchObject({ state: 'closed' });
  });

  journeyAlone(
    'while a chargeback lies over it, its time stands still and nobody can act, but give the buyer everything',
    async ({ travel, market }) => {
      const it = await dispute(travel, market);
      const handle = travel.client.workflow.getHandle(disputeWorkflowId(it.purchaseId, 1));
      const { deadlineAt } = await it.dispute();
      await handle.signal(disputeFrozenSignal, { eventId: 'dp_1' });
      await waitFor(async () => (await it.dispute()).frozenSince !== null, {
        what: 'it to stand still',
        timeoutMs: 20_000,
      });
      await expect(it.does(market.sellerId, contestClaimUpdate)).rejects.toMatchObject({
        cause: { type: 'DISPUTE_FROZEN' },
      });
      await travel.sleep('10 days');
      expect((await it.dispute()).state).toBe('opened');
      await handle.signal(disputeResumedSignal, { eventId: 'dp_1' });
      await waitFor(async () => (await it.dispute()).frozenSince === null, { what: 'it to go on', timeoutMs: 20_000 });
      const later = ((await it.dispute()).deadlineAt?.getTime() ?? 0) - (deadlineAt?.getTime() ?? 0);
      expect(later).toBeGreaterThanOrEqual(10 * 86_400_000);
      await it.does(market.sellerId, acceptClaimUpdate);
      await expectEnd(it, 'refunded', { refunded: 2_500 });
      await it.record('travel-frozen');
    },
  );
});

describe('while a bank asks about the payment', () => {
  /** What staff held, and is decided meanwhile, before the bank asks. @returns Stripe's id of the inquiry */
  async function decidedBefore(it: Disputed, market: Market): Promise<string> {
    const common = { purchase: it.purchaseId, staff: newId('usr') };
    const hear = async (chargebackId: string): Promise<void> => {
      await it.handle.signal(chargebackHintSignal, { eventId: newId('evt'), chargebackId });
      await until('the inquiry to be noted', async () => (await it.now()).chargeback === 'inquiry');
    };
    await it.handle.executeUpdate(pauseMoneyUpdate, { args: [{ ...common, pauseReason: 'We look at it.' }] });
    await it.does(market.sellerId, acceptClaimUpdate);
    await until('the decision to be kept', async () => (await it.now()).dispute?.refund !== null);
    const { id } = await chargedBack(it.purchaseId, { status: 'warning_needs_response' });
    await hear(id);
    await it.handle.executeUpdate(resumeMoneyUpdate, { args: [{ ...common, resumeReason: 'All is well.' }] });
    return id;
  }

  const until = (what: string, isSo: () => Promise<boolean>): Promise<unknown> =>
    waitFor(isSo, { what, timeoutMs: 20_000 });

  journeyAlone('a decision for everything is carried out, which ends its asking', async ({ travel, market }) => {
    const it = await dispute(travel, market);
    await decidedBefore(it, market);
    const end = await expectEnd(it, 'refunded', { refunded: 2_500 });
    expect(end.decision).toMatchObject({ refund: 2_500, by: 'claim' });
    await it.record('travel-inquiry-decided-for-all');
  });

  journeyAlone('a decision for a part waits until it has its answer', async ({ travel, market }) => {
    const it = await dispute(travel, market, 1_000);
    const inquiry = await decidedBefore(it, market);
    await travel.sleep('3 days');
    expect(await it.now()).toMatchObject({ state: 'disputed', books: { held: 2_500, refunded: 0 } });
    await moveDispute(inquiry, 'warning_closed');
    await it.handle.signal(chargebackHintSignal, { eventId: newId('evt'), chargebackId: inquiry });
    const end = await expectEnd(it, 'released', { refunded: 1_000, transferred: 1_350, fees: 150 });
    expect(end.decision).toMatchObject({ refund: 1_000, by: 'claim' });
    await it.record('travel-inquiry-decided-for-a-part');
  });
});

describe('the hold limit', () => {
  /** Talks so long that the limit comes before the end of it. */
  async function nearTheLimit(travel: Travel, it: Disputed, market: Market): Promise<void> {
    const handle = travel.client.workflow.getHandle(disputeWorkflowId(it.purchaseId, 1));
    await handle.signal(disputeFrozenSignal, { eventId: 'dp_1' });
    await travel.sleep('85 days');
    await handle.signal(disputeResumedSignal, { eventId: 'dp_1' });
    await waitFor(async () => (await it.dispute()).frozenSince === null, { what: 'it to go on', timeoutMs: 20_000 });
    await it.does(market.sellerId, makeOfferUpdate, { refund: 100 });
  }

  journeyAlone('without any ruling: the default ruling at once', async ({ travel, market }) => {
    const it = await dispute(travel, market);
    await nearTheLimit(travel, it, market);
    const end = await expectEnd(it, 'released', DEFAULT);
    expect(end.decision).toMatchObject({ refund: 1_250, by: 'default_ruling' });
    expect(end.closedAt?.getTime()).toBeLessThan(end.createdAt.getTime() + 88.5 * 86_400_000);
    await it.record('travel-hold-limit');
  });

  journeyAlone('with a ruling that can still be appealed: the default ruling at once', async ({ travel, market }) => {
    const it = await dispute(travel, market);
    await nearTheLimit(travel, it, market);
    await travel.sleep('49 hours');
    await it.does(market.buyerId, escalateDisputeUpdate);
    await it.does(newId('usr'), ruleDisputeUpdate, { refund: 2_500 });
    expect((await it.dispute()).state).toBe('ruled');
    const end = await expectEnd(it, 'released', DEFAULT);
    expect(end.decision).toMatchObject({ refund: 1_250, by: 'default_ruling' });
    await it.record('travel-hold-limit-ruled');
  });

  journeyAlone('with a pending appeal: the default ruling at once', async ({ travel, market }) => {
    const it = await dispute(travel, market);
    await nearTheLimit(travel, it, market);
    await travel.sleep('49 hours');
    await it.does(market.buyerId, escalateDisputeUpdate);
    await it.does(newId('usr'), ruleDisputeUpdate, { refund: 2_500 });
    await it.does(market.sellerId, appealRulingUpdate);
    expect((await it.dispute()).state).toBe('appealed');
    const end = await expectEnd(it, 'released', DEFAULT);
    expect(end.decision).toMatchObject({ refund: 1_250, by: 'default_ruling' });
    expect(await latestCase(travel.database, 'dispute_mediation', it.disputeId)).toMatchObject({ state: 'closed' });
    await it.record('travel-hold-limit-appealed');
  });
});
