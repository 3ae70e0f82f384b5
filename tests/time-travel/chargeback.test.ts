/** What a chargeback does to the deadlines of a purchase, with their real lengths: months pass in seconds. */
import { describe, expect } from 'vitest';
import { answerChargebackUpdate, chargebackHintSignal } from '../../contracts/chargeback.ts';
import {
  acceptPurchaseUpdate,
  deliverPurchaseUpdate,
  openDisputeUpdate,
  purchaseWorkflowId,
} from '../../contracts/purchase.ts';
import { newId } from '../../platform/ids.ts';
import { latestCase } from '../../services/cases/index.ts';
import { chargebacksOf } from '../../services/transactions/index.ts';
import { type DisputeWish, disputed, moveDispute } from '../helpers/chargebacks.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Bought, journey, journeyAlone, type Market } from '../helpers/journeys.ts';
import { sandboxLog } from '../helpers/purchases.ts';
import type { Travel } from '../helpers/travel.ts';
import { placeStatement } from '../helpers/travel-disputes.ts';
import { waitFor } from '../helpers/wait-for.ts';

const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;

/** The sandbox's webhooks go to the stack's own API: here the hint is given by hand. */
async function hint(bought: Bought, chargebackId: string, isSo: (chargeback: string) => boolean): Promise<void> {
  await bought.handle.signal(chargebackHintSignal, { eventId: crypto.randomUUID(), chargebackId });
  await waitFor(async () => isSo((await bought.now()).chargeback), {
    what: 'the chargeback to be noted',
    timeoutMs: 20_000,
  });
}

async function delivered(market: Market): Promise<Bought> {
  const bought = await market.buy();
  await bought.seller(acceptPurchaseUpdate);
  await bought.seller(deliverPurchaseUpdate);
  return bought;
}

async function opened(bought: Bought, wish: DisputeWish = {}): Promise<string> {
  const { id } = await disputed(bought.purchaseId, wish);
  await hint(bought, id, (chargeback) => chargeback !== 'none');
  return id;
}

const record = (name: string, { purchaseId }: Bought, travel: Parameters<typeof recordHistory>[2]) =>
  recordHistory(name, purchaseWorkflowId(purchaseId), travel);

describe('the time of a purchase', () => {
  journey('stands still until the bank has decided, and goes on with what was left', async ({ travel, market }) => {
    const bought = await delivered(market);
    await travel.sleep('12 hours');
    const dispute = await opened(bought, { amount: 1_000 });
    await travel.sleep('40 days');
    expect(await bought.now()).toMatchObject({ state: 'delivered', deadlineEvent: 'hold_limit_reached' });
    await moveDispute(dispute, 'won');
    await hint(bought, dispute, (chargeback) => chargeback === 'won');
    const { stateSince, deadlineAt, stoodStillMs } = await bought.now();
    expect(stoodStillMs).toBeGreaterThanOrEqual(40 * DAY_MS);
    expect(Number(deadlineAt) - stateSince.getTime()).toBe(48 * HOUR_MS + stoodStillMs);
    await travel.sleep('35 hours');
    expect((await bought.now()).state).toBe('delivered');
    await travel.sleep('2 hours');
    expect((await bought.becomes('released')).books).toMatchObject({ held: 0, transferred: 2_250, chargedBack: 0 });
    await record('chargeback-across-a-deadline', bought, travel.client);
  });

  journey(
    'is short before the bank stops listening: then the evidence is submitted, once',
    async ({ travel, market }) => {
      const bought = await delivered(market);
      const dispute = await opened(bought);
      const submitted = async () =>
        (await sandboxLog({ transferGroup: bought.purchaseId, kind: 'dispute_evidence' })).length;
      await travel.sleep('4 days');
      expect(await submitted()).toBe(0);
      await travel.sleep('26 hours');
      await waitFor(async () => (await submitted()) === 1, { what: 'the evidence', timeoutMs: 20_000 });
      await travel.sleep('30 days');
      expect(await submitted()).toBe(1);
      const [known] = await chargebacksOf(travel.database, bought.purchaseId);
      expect(known).toMatchObject({ id: dispute, status: 'under_review', submissions: 1 });
      expect(known?.answeredAt).not.toBeNull();
    },
  );
});

describe('finance and the seller are reminded before evidence is submitted', () => {
  interface Reminded {
    readonly due_at: string;
    readonly at: Date;
  }
  const remindersOf = async (travel: Travel, { purchaseId }: Bought): Promise<Reminded[]> => {
    const { rows } = await travel.database.query<Reminded>(
      `SELECT data ->> 'dueAt' AS due_at, occurred_at AS at FROM outbox.events
        WHERE key = $1 AND type = 'purchase.reminder' AND data ->> 'reminder' = 'chargeback_evidence' ORDER BY id`,
      [purchaseId],
    );
    return rows;
  };
  const onceReminded = (travel: Travel, bought: Bought): Promise<unknown> =>
    waitFor(async () => (await remindersOf(travel, bought)).length > 0, { what: 'a reminder', timeoutMs: 20_000 });

  journey('three days before, once, however much else is heard of it', async ({ travel, market }) => {
    const bought = await delivered(market);
    const dispute = await opened(bought);
    const { chargebackSheet: sheet } = await bought.now();
    expect(sheet?.next).toMatchObject({ what: 'answer', remindAtMs: (sheet?.next?.atMs ?? 0) - 3 * DAY_MS });
    await travel.sleep('47 hours');
    expect(await remindersOf(travel, bought)).toEqual([]);
    await travel.sleep('2 hours');
    await onceReminded(travel, bought);
    await hint(bought, dispute, (chargeback) => chargeback === 'open');
    const [known] = await chargebacksOf(travel.database, bought.purchaseId);
    expect(known).toMatchObject({ reminded: true, submissions: 0 });
    await travel.sleep('2 days');
    expect(await remindersOf(travel, bought)).toMatchObject([
      { due_at: new Date(sheet?.next?.atMs ?? 0).toISOString() },
    ]);
    await travel.sleep('30 days');
    expect(await remindersOf(travel, bought)).toHaveLength(1);
    await record('chargeback-evidence-reminded', bought, travel.client);
  });

  journey('not when finance has answered before', async ({ travel, market }) => {
    const bought = await delivered(market);
    const dispute = await opened(bought);
    const order = { staffId: newId('usr'), chargebackId: dispute };
    await bought.handle.executeUpdate(answerChargebackUpdate, { args: [order] });
    await travel.sleep('30 days');
    expect(await remindersOf(travel, bought)).toEqual([]);
  });

  journey('anew about what an inquiry becomes', async ({ travel, market }) => {
    const bought = await delivered(market);
    const dispute = await opened(bought, { status: 'warning_needs_response' });
    await travel.sleep('49 hours');
    await onceReminded(travel, bought);
    await moveDispute(dispute, 'needs_response');
    await hint(bought, dispute, (chargeback) => chargeback === 'open');
    await travel.sleep('20 days');
    expect((await remindersOf(travel, bought)).length).toBe(2);
  });
});

describe('the hold limit', () => {
  journey(
    'of what the bank has left: finance is asked, and it goes back once the bank has decided',
    async ({ travel, market }) => {
      const bought = await delivered(market);
      const dispute = await opened(bought, { amount: 1_000 });
      await travel.sleep('89 days');
      await waitFor(async () => (await bought.now()).standstill?.limitReached === true, {
        what: 'finance to be asked',
        timeoutMs: 20_000,
      });
      expect(await bought.now()).toMatchObject({ state: 'delivered', books: { held: 1_500, chargedBack: 1_000 } });
      expect(await latestCase(travel.database, 'hold_limit', bought.purchaseId)).toMatchObject({ state: 'open' });
      await moveDispute(dispute, 'lost');
      await hint(bought, dispute, (chargeback) => chargeback === 'lost');
      const ended = await bought.becomes('refunded');
      expect(ended.books).toMatchObject({ held: 0, refunded: 1_500, chargedBack: 1_000 });
      expect(await latestCase(travel.database, 'hold_limit', bought.purchaseId)).toMatchObject({ state: 'closed' });
      expect(await latestCase(travel.database, 'chargeback', bought.purchaseId)).toMatchObject({ state: 'closed' });
      await record('chargeback-at-the-hold-limit', bought, travel.client);
    },
  );

  journey('does not run for what the bank has, and begins anew when that comes back', async ({ travel, market }) => {
    const bought = await delivered(market);
    const dispute = await opened(bought);
    await travel.sleep('100 days');
    expect(await bought.now()).toMatchObject({ state: 'delivered', deadlineAt: null, books: { chargedBack: 2_500 } });
    await moveDispute(dispute, 'won');
    await hint(bought, dispute, (chargeback) => chargeback === 'won');
    expect(await bought.now()).toMatchObject({ deadlineEvent: 'inspection_over', books: { held: 2_500 } });
    await travel.sleep('49 hours');
    expect((await bought.becomes('released')).books).toMatchObject({ transferred: 2_250 });
  });

  journey('of what the bank only asks about: the buyer is refunded, as ever', async ({ travel, market }) => {
    const bought = await delivered(market);
    await opened(bought, { status: 'warning_needs_response' });
    expect(await bought.now()).toMatchObject({ deadlineEvent: 'hold_limit_reached' });
    await travel.sleep('89 days');
    expect((await bought.becomes('refunded')).books).toMatchObject({ refunded: 2_500, chargedBack: 0 });
    await record('chargeback-inquiry-at-the-hold-limit', bought, travel.client);
  });

  journeyAlone(
    'of what the bank asks about while it is disputed: finance is asked, and the default ruling stands once the bank is done',
    async ({ travel, market }) => {
      const bought = await delivered(market);
      const statementId = await placeStatement(travel, bought.purchaseId, market.buyerId);
      const claim = { id: newId('dsp'), reason: 'damaged', statementId };
      await bought.handle.executeUpdate(openDisputeUpdate.name, {
        args: [{ actorId: market.buyerId, dispute: claim }],
      });
      const inquiry = await opened(bought, { status: 'warning_needs_response' });
      await travel.sleep('89 days');
      await waitFor(async () => (await bought.now()).standstill?.limitReached === true, {
        what: 'finance to be asked',
        timeoutMs: 20_000,
      });
      expect(await bought.now()).toMatchObject({ state: 'disputed', deadlineAt: null, books: { held: 2_500 } });
      expect(await latestCase(travel.database, 'hold_limit', bought.purchaseId)).toMatchObject({ state: 'open' });
      await moveDispute(inquiry, 'warning_closed');
      await hint(bought, inquiry, (chargeback) => chargeback === 'none');
      const ended = await bought.becomes('released');
      expect(ended.books).toMatchObject({ held: 0, refunded: 1_250, transferred: 1_125, fees: 125 });
      expect(await latestCase(travel.database, 'hold_limit', bought.purchaseId)).toMatchObject({ state: 'closed' });
      await record('chargeback-inquiry-in-a-dispute-at-the-hold-limit', bought, travel.client);
    },
  );
});
