/** A step that Stripe refuses for long: finance is asked, and it is tried again every hour, in a purchase and in its aftercare. */
import { expect } from 'vitest';
import { type AftercareWorkflow, aftercareWorkflowId } from '../../contracts/aftercare.ts';
import { type ChargebackHint, chargebackHintSignal } from '../../contracts/chargeback.ts';
import { acceptPurchaseUpdate, confirmPurchaseUpdate, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { closeCase, latestCase, listCases } from '../../services/cases/index.ts';
import { disputed, moveDispute } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Bought, journey } from '../helpers/journeys.ts';
import { stack } from '../helpers/stack.ts';
import type { Travel } from '../helpers/travel.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** Stripe's dashboard, in which somebody does what we do not know of. */
function dashboard() {
  const { env, urls } = stack();
  return createStripe({ apiKey: env['STRIPE_API_KEY'] ?? '', apiUrl: urls.stripe, timeoutMs: 10_000 });
}

const cases = ({ database }: Travel, { purchaseId }: Bought) =>
  listCases(database, { kinds: ['step_refused'], subjectId: purchaseId }, 10);

const hasCases = (travel: Travel, bought: Bought, count: number) =>
  waitFor(async () => (await cases(travel, bought)).length === count, {
    what: `${count} cases about the step`,
    timeoutMs: 30_000,
  });

/** Finance closes the case, though nothing is mended. */
const closes = ({ database }: Travel, { purchaseId }: Bought) =>
  database.transaction((tx) =>
    closeCase(tx, 'step_refused', purchaseId, { decision: 'resolved', actor: { type: 'staff', id: 'usr_1' } }),
  );

journey(
  'a refund for want of delivery: past its deadline there is a case, also after it was closed',
  async ({ travel, market }) => {
    const bought = await market.buy();
    await bought.seller(acceptPurchaseUpdate);
    const { intentId } = (await bought.now()).payment;
    const refund = await dashboard().refunds.create({ payment_intent: String(intentId), amount: 500 });
    await travel.sleep('4 days');
    await hasCases(travel, bought, 1);
    const refused = { step: 'refundBuyer', code: 'http_400' };
    expect(await bought.now()).toMatchObject({ state: 'held', refusedStep: refused, books: { held: 2_500 } });
    expect(await cases(travel, bought)).toMatchObject([{ state: 'open', details: refused }]);
    await travel.sleep('3 hours');
    expect(await cases(travel, bought)).toHaveLength(1);
    await closes(travel, bought);
    await travel.sleep('2 hours');
    await hasCases(travel, bought, 2);

    const { urls } = stack();
    await request('POST', `/_control/refunds/${refund.id}`, { base: urls.sandbox, body: { status: 'failed' } });
    await travel.sleep('2 hours');
    expect(await bought.becomes('cancelled')).toMatchObject({ refusedStep: null, books: { held: 0, refunded: 2_500 } });
    expect(await latestCase(travel.database, 'step_refused', bought.purchaseId)).toMatchObject({
      state: 'closed',
      decidedBy: 'system:clock',
    });
    await recordHistory('purchase-step-refused', purchaseWorkflowId(bought.purchaseId), travel.client);
  },
);

journey(
  'what a chargeback cost, once the purchase has ended: the aftercare asks finance',
  async ({ travel, market }) => {
    const bought = await market.buy();
    await bought.seller(acceptPurchaseUpdate);
    await bought.buyer(confirmPurchaseUpdate);
    await travel.sleep('15 days');
    const { transfer } = await bought.becomes('completed');
    await dashboard().transfers.createReversal(String(transfer.id), { amount: 50 });

    const { id: chargebackId } = await disputed(bought.purchaseId);
    const workflowId = aftercareWorkflowId(bought.purchaseId);
    const hint = () =>
      travel.client.workflow.signalWithStart<AftercareWorkflow, [ChargebackHint]>('aftercare', {
        workflowId,
        taskQueue: TASK_QUEUES.workflows,
        args: [{ purchaseId: bought.purchaseId }],
        signal: chargebackHintSignal,
        signalArgs: [{ eventId: crypto.randomUUID(), chargebackId }],
      });
    await hint();
    await waitFor(async () => (await bought.now()).chargeback === 'open', {
      what: 'the chargeback',
      timeoutMs: 20_000,
    });
    await moveDispute(chargebackId, 'lost');
    await hint();
    await hasCases(travel, bought, 1);
    expect(await bought.now()).toMatchObject({ state: 'completed', refusedStep: { step: 'settleChargeback' } });
    await closes(travel, bought);
    await travel.sleep('2 hours');
    await hasCases(travel, bought, 2);
    await recordHistory('aftercare-step-refused', workflowId, travel.client);
    await travel.client.workflow.getHandle(workflowId).terminate('nobody mends it');
  },
);
