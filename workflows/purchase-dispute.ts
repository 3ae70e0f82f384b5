/** How a purchase begins its dispute, keeps what that decided, and tells it what became of it. */
import { TypedSearchAttributes, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  patched,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import type { DisputeStanding } from '../activities/purchase-steps.ts';
import {
  type DisputeInput,
  type DisputeWorkflow,
  disputeFrozenSignal,
  disputeOvertakenSignal,
  disputeResumedSignal,
  disputeSettledSignal,
  disputeWorkflowId,
} from '../contracts/dispute.ts';
import type { PurchaseInput } from '../contracts/purchase.ts';
import { BUYER_ID, DISPUTE_REASON, SELLER_ID } from '../contracts/search-attributes.ts';
import { CLOCK, type Story, stepOf } from './purchase-steps.ts';
import { databaseStep } from './support/steps.ts';

/** Who decided. */
export const DISPUTE = { party: 'dispute', actor: { type: 'system', id: 'dispute' } } as const;

/**
 * Starts the workflow of the dispute that is open. It is abandoned when this run is over: it lives longer than a history.
 * One that runs already, or has run, is left alone.
 */
export async function beginDispute(input: PurchaseInput, { id, n, reason }: DisputeStanding): Promise<void> {
  const { purchaseId, buyerId, sellerId, publicUrl } = input;
  const args: [DisputeInput] = [{ disputeId: id, purchaseId, n, buyerId, sellerId, reason, publicUrl }];
  try {
    await startChild<DisputeWorkflow>('dispute', {
      workflowId: disputeWorkflowId(purchaseId, n),
      args,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: DISPUTE_REASON, value: reason },
        { key: BUYER_ID, value: buyerId },
        { key: SELLER_ID, value: sellerId },
      ]),
      staticSummary: `Dispute ${n} of ${purchaseId}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** Keeps what the dispute has decided, until it can be carried out. What is known already changes nothing. */
export async function noteDecision(input: PurchaseInput, story: Story, n: number): Promise<void> {
  const { dispute } = story.standing;
  if (dispute === undefined || dispute.n !== n || dispute.decided) return;
  const step = { ...stepOf(input, story, { ...DISPUTE, event: 'dispute_decided' }), n };
  story.standing = await databaseStep('noteDecision', step, 'Keep what the dispute decided');
}

/**
 * The deadline of disputed money has passed. What the dispute decided without being heard counts before the default; and what
 * it has not decided by now it decides no more.
 */
export async function decideInTime(input: PurchaseInput, story: Story): Promise<void> {
  const { dispute } = story.standing;
  if (dispute === undefined || dispute.decided || !patched('decided-in-time')) return;
  const step = { ...stepOf(input, story, { ...CLOCK, event: 'hold_limit_reached' }), n: dispute.n };
  story.standing = await databaseStep('decideAtHoldLimit', step, 'See what the dispute has decided by now');
}

/** Tells a dispute that a chargeback lies over its purchase, or does no longer: its time stands still meanwhile. */
export async function freezeDispute(input: PurchaseInput, { n }: DisputeStanding, frozen: boolean): Promise<void> {
  const signal = frozen ? disputeFrozenSignal : disputeResumedSignal;
  try {
    const eventId = `${frozen ? 'frozen' : 'resumed'}/${Date.now()}`;
    await getExternalWorkflowHandle(disputeWorkflowId(input.purchaseId, n)).signal(signal, { eventId });
  } catch (error) {
    log.warn('a dispute was not there to be told of a chargeback', { n, message: String(error) });
  }
}

/** Tells a dispute that it is over. Its row says so already, so one that is not there misses nothing. */
export async function endDispute(input: PurchaseInput, { n, decided }: DisputeStanding): Promise<void> {
  const signal = decided ? disputeSettledSignal : disputeOvertakenSignal;
  try {
    await getExternalWorkflowHandle(disputeWorkflowId(input.purchaseId, n)).signal(signal, { eventId: `dispute/${n}` });
  } catch (error) {
    log.warn('a dispute that is over was not there to be told', { n, message: String(error) });
  }
}
