/** The aftercare of a purchase over days: its work keeps its time, whatever else comes in, and is never done without end. */
import { expect } from 'vitest';
import { type AftercareInput, type AftercareWorkflow, aftercareWorkflowId } from '../../contracts/aftercare.ts';
import { type ChargebackWork, chargebackHintSignal } from '../../contracts/chargeback.ts';
import {
  acceptPurchaseUpdate,
  confirmPurchaseUpdate,
  deliverPurchaseUpdate,
  paymentHintSignal,
} from '../../contracts/purchase.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { disputed } from '../helpers/chargebacks.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Bought, journey, type Market } from '../helpers/journeys.ts';
import { sandboxLog } from '../helpers/purchases.ts';
import type { Travel } from '../helpers/travel.ts';
import { waitFor } from '../helpers/wait-for.ts';

async function completed(travel: Travel, market: Market): Promise<Bought> {
  const bought = await market.buy();
  await bought.seller(acceptPurchaseUpdate);
  await bought.buyer(confirmPurchaseUpdate);
  await travel.sleep('15 days');
  await bought.becomes('completed');
  return bought;
}

const hint = ({ client }: Travel, { purchaseId }: Bought, chargebackId: string) =>
  client.workflow.signalWithStart<AftercareWorkflow, [{ eventId: string; chargebackId: string }]>('aftercare', {
    workflowId: aftercareWorkflowId(purchaseId),
    taskQueue: TASK_QUEUES.workflows,
    args: [{ purchaseId }],
    signal: chargebackHintSignal,
    signalArgs: [{ eventId: crypto.randomUUID(), chargebackId }],
  });

/** How often a workflow has taken steps, as far as that can be told without reading what it was given. */
async function stepsTaken({ client }: Travel, workflowId: string): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const markers = (events ?? []).map(({ markerRecordedEventAttributes: marker }) => marker?.markerName);
  return markers.filter((name) => name === 'core_local_activity').length;
}

/** The row says that something is to be settled of which there is nothing: what is never to be, and must not spin. */
async function nothingToSettle({ database }: Travel, { purchaseId }: Bought, atMs: number): Promise<ChargebackWork> {
  const next = { what: 'settle', chargebackId: 'du_gone', atMs } as const;
  await database.query('UPDATE transactions.purchases SET chargeback_sheet = $2 WHERE id = $1', [
    purchaseId,
    JSON.stringify({ amount: 0, dueMs: null, next }),
  ]);
  return next;
}

const quiet = () => new Promise((resolve) => setTimeout(resolve, 3_000));

journey('a hint that is refused does not have evidence submitted days too early', async ({ travel, market }) => {
  const [bought, other] = [await completed(travel, market), await completed(travel, market)];
  const [{ id }, { id: stranger }] = [await disputed(bought.purchaseId), await disputed(other.purchaseId)];
  await hint(travel, bought, id);
  await waitFor(async () => (await bought.now()).chargeback === 'open', { what: 'the chargeback', timeoutMs: 20_000 });
  const workflowId = aftercareWorkflowId(bought.purchaseId);
  const before = await stepsTaken(travel, workflowId);
  await hint(travel, bought, stranger);
  await waitFor(async () => (await stepsTaken(travel, workflowId)) > before, { what: 'a look', timeoutMs: 20_000 });
  const submitted = async () =>
    (await sandboxLog({ transferGroup: bought.purchaseId, kind: 'dispute_evidence' })).length;
  await travel.sleep('4 days');
  expect(await submitted()).toBe(0);
  await travel.sleep('26 hours');
  await waitFor(async () => (await submitted()) === 1, { what: 'the evidence', timeoutMs: 20_000 });
  await recordHistory('aftercare-hint-refused', workflowId, travel.client);
});

journey('work of the aftercare that changes nothing is not done again at once', async ({ travel, market }) => {
  const bought = await completed(travel, market);
  const work = await nothingToSettle(travel, bought, await travel.environment.currentTimeMs());
  const workflowId = aftercareWorkflowId(bought.purchaseId);
  const args: [AftercareInput] = [{ purchaseId: bought.purchaseId, work }];
  await travel.client.workflow.start<AftercareWorkflow>('aftercare', {
    workflowId,
    taskQueue: TASK_QUEUES.workflows,
    args,
  });
  await quiet();
  expect(await stepsTaken(travel, workflowId)).toBe(1);
  await travel.sleep('61 minutes');
  await quiet();
  expect(await stepsTaken(travel, workflowId)).toBe(2);
  await travel.client.workflow.getHandle(workflowId).terminate('seen');
});

journey('nor is that of a purchase, which goes on with everything else', async ({ travel, market }) => {
  const bought = await market.buy();
  await bought.seller(acceptPurchaseUpdate);
  await nothingToSettle(travel, bought, await travel.environment.currentTimeMs());
  await bought.handle.signal(paymentHintSignal, {
    eventId: crypto.randomUUID(),
    eventType: 'payment_intent.succeeded',
  });
  await quiet();
  const taken = await stepsTaken(travel, bought.handle.workflowId);
  expect(taken).toBeLessThan(10);
  await bought.seller(deliverPurchaseUpdate);
  await travel.sleep('49 hours');
  expect(await bought.becomes('released')).toMatchObject({ books: { transferred: 2_250 } });
});
