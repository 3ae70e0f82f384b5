/** A purchase ends and hands what is left to do about a chargeback to its aftercare: what comes in just then goes there, too. */
import { expect } from 'vitest';
import { aftercareWorkflowId } from '../../contracts/aftercare.ts';
import { chargebackHintSignal } from '../../contracts/chargeback.ts';
import {
  acceptPurchaseUpdate,
  deliverPurchaseUpdate,
  purchaseWorkflowId,
  refundPurchaseUpdate,
} from '../../contracts/purchase.ts';
import { chargebacksOf } from '../../services/transactions/index.ts';
import { disputed } from '../helpers/chargebacks.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Bought, journeyAlone } from '../helpers/journeys.ts';
import { sandboxLog } from '../helpers/purchases.ts';
import type { Travel } from '../helpers/travel.ts';
import { waitFor } from '../helpers/wait-for.ts';

const DAY_S = 24 * 60 * 60;

const hint = ({ handle }: Bought, chargebackId: string) =>
  handle.signal(chargebackHintSignal, { eventId: crypto.randomUUID(), chargebackId });

/** What happens in the middle of a step, when Stripe has been asked: somebody else is about to take it, and does not after all. */
async function duringStep({ database }: Travel, { purchaseId }: Bought, step: string, act: () => Promise<void>) {
  const undone = new Error('nothing of this is kept');
  const taken = database.transaction(async (tx) => {
    await tx.query('INSERT INTO transactions.steps (purchase_id, step) VALUES ($1, $2)', [purchaseId, step]);
    await act();
    throw undone;
  });
  await taken.catch((error: unknown) => {
    if (error !== undone) throw error;
  });
}

journeyAlone(
  'a second chargeback whose evidence is due earlier: it is submitted in time',
  { timeout: 120_000 },
  async ({ travel, market }) => {
    const bought = await market.buy();
    await bought.seller(acceptPurchaseUpdate);
    await bought.seller(deliverPurchaseUpdate);
    const inquiry = await disputed(bought.purchaseId, { status: 'warning_needs_response' });
    await hint(bought, inquiry.id);
    await waitFor(async () => (await bought.now()).chargeback === 'inquiry', {
      what: 'the inquiry',
      timeoutMs: 20_000,
    });
    const asked = async (kind: string) =>
      (await sandboxLog({ transferGroup: bought.purchaseId, kind })).map(({ id }) => id);
    let refunded: Promise<unknown> | undefined;
    let second = '';
    await duringStep(travel, bought, 'refundBuyer', async () => {
      refunded = bought.seller(refundPurchaseUpdate);
      await waitFor(async () => (await asked('refund')).length === 1, { what: 'the refund', timeoutMs: 20_000 });
      second = (await disputed(bought.purchaseId, { amount: 1_000, dueInSeconds: 3 * DAY_S })).id;
      await hint(bought, second);
    });
    expect(await refunded).toEqual({ state: 'refunded' });
    await waitFor(async () => (await chargebacksOf(travel.database, bought.purchaseId)).length === 2, {
      what: 'the second one to be noted',
      timeoutMs: 20_000,
    });
    await travel.sleep('36 hours');
    await waitFor(async () => (await asked('dispute_evidence')).length > 0, { what: 'evidence', timeoutMs: 20_000 });
    const known = await chargebacksOf(travel.database, bought.purchaseId);
    expect(known.find(({ id }) => id === second)).toMatchObject({ status: 'under_review', submissions: 1 });
    await recordHistory('purchase-hint-in-the-hand-over', purchaseWorkflowId(bought.purchaseId), travel.client);
    await travel.client.workflow.getHandle(aftercareWorkflowId(bought.purchaseId)).terminate('seen');
  },
);
