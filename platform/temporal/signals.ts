import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import {
  type AftercareInput,
  type AftercareWorkflow,
  aftercareWorkflowId,
  type RefundHint,
  refundHintSignal,
} from '../../contracts/aftercare.ts';
import { type ChargebackHint, chargebackHintSignal } from '../../contracts/chargeback.ts';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import {
  accountHintSignal,
  identityHintSignal,
  onboardingWorkflowId,
  type ProviderHint,
} from '../../contracts/onboarding.ts';
import {
  type PayoutHint,
  type PayoutInput,
  type PayoutWorkflow,
  payoutHintSignal,
  payoutWorkflowId,
} from '../../contracts/payout.ts';
import { type PaymentHint, paymentHintSignal, purchaseWorkflowId } from '../../contracts/purchase.ts';
import { SELLER_ID } from '../../contracts/search-attributes.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';

/** Hands hints of providers to the flows they concern. Each resolves to false when the flow has ended. */
export function createFlowSignals(client: Client) {
  const handle = (workflowId: string) => client.workflow.getHandle(workflowId);
  const sent = (send: () => Promise<void>): Promise<boolean> => delivered(client, send);
  return {
    payment: (id: PurchaseId, hint: PaymentHint) =>
      sent(() => handle(purchaseWorkflowId(id)).signal(paymentHintSignal, hint)),
    // One writer: the workflow of the purchase as long as it lives, then a flow of its own.
    refund: async (id: PurchaseId, hint: RefundHint) =>
      (await sent(() => handle(purchaseWorkflowId(id)).signal(refundHintSignal, hint))) ||
      sent(async () => {
        await client.workflow.signalWithStart<AftercareWorkflow, [RefundHint]>('aftercare', {
          ...aftercareOf(id),
          signal: refundHintSignal,
          signalArgs: [hint],
        });
      }),
    payout: (input: PayoutInput, hint: PayoutHint) =>
      sent(async () => {
        await client.workflow.signalWithStart<PayoutWorkflow, [PayoutHint]>('payout', {
          workflowId: payoutWorkflowId(input.payoutId),
          taskQueue: TASK_QUEUES.workflows,
          args: [input],
          staticSummary: `A payout to ${input.sellerId}`,
          typedSearchAttributes: [{ key: SELLER_ID, value: input.sellerId }],
          signal: payoutHintSignal,
          signalArgs: [hint],
        });
      }),
    // A purchase that goes on takes it up itself; its aftercare does from then on. Neither misses one: what a workflow has taken
    // in it deals with before it ends, and what it has not goes to the other.
    chargeback: async (id: PurchaseId, hint: ChargebackHint) =>
      (await sent(() => handle(purchaseWorkflowId(id)).signal(chargebackHintSignal, hint))) ||
      (await sent(async () => {
        await client.workflow.signalWithStart<AftercareWorkflow, [ChargebackHint]>('aftercare', {
          ...aftercareOf(id),
          signal: chargebackHintSignal,
          signalArgs: [hint],
        });
      })),
    account: (id: UserId, hint: ProviderHint) =>
      sent(() => handle(onboardingWorkflowId(id)).signal(accountHintSignal, hint)),
    identity: (id: UserId, hint: ProviderHint) =>
      sent(() => handle(onboardingWorkflowId(id)).signal(identityHintSignal, hint)),
  };
}

const aftercareOf = (id: PurchaseId) => ({
  workflowId: aftercareWorkflowId(id),
  taskQueue: TASK_QUEUES.workflows,
  args: [{ purchaseId: id }] as [AftercareInput],
  staticSummary: `What comes out about the money of ${id}`,
});

/** Temporal that does not answer within this time gets the hint later, from the relay. */
const SENT_WITHIN_MS = 2_000;

async function delivered(client: Client, send: () => Promise<void>): Promise<boolean> {
  try {
    await client.withDeadline(Date.now() + SENT_WITHIN_MS, send);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
