/** A purchase that ends hands what is left to do about a chargeback to its aftercare, which may be there already. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { getExternalWorkflowHandle, ParentClosePolicy, startChild } from '@temporalio/workflow';
import {
  type AftercareInput,
  type AftercareWorkflow,
  aftercareWorkflowId,
  type RefundHint,
  refundHintSignal,
} from '../contracts/aftercare.ts';
import { type ChargebackHint, type ChargebackWork, chargebackHintSignal } from '../contracts/chargeback.ts';
import type { PurchaseId } from '../contracts/ids.ts';

/** One that ends at the very moment is begun anew; more often than this it is not there and there by turns. */
const MAX_TRIES = 5;

/** @param works one or more, the first thing first */
export async function handOver(
  purchaseId: PurchaseId,
  [work, ...more]: readonly [ChargebackWork, ...ChargebackWork[]],
): Promise<void> {
  const { chargebackId } = work;
  const hint = { eventId: `handover/${chargebackId}`, chargebackId };
  for (let tries = 1; ; tries++) {
    if (await begin({ purchaseId, work, ...(more.length > 0 && { more }) }, tries < MAX_TRIES)) return;
    if (await tell(purchaseId, hint)) return;
  }
}

/**
 * From then on the aftercare is the one that writes: what comes in for the purchase all the same goes there.
 * @returns false when it was not to be reached
 */
export async function forward(purchaseId: PurchaseId, hint: ChargebackHint | RefundHint): Promise<boolean> {
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    if (await tell(purchaseId, hint)) return true;
    // It had nothing left to do, and has ended.
    await begin({ purchaseId }, true);
  }
  return false;
}

/** @returns false when it is there already, if that is to be expected */
async function begin(input: AftercareInput, mayBeThere: boolean): Promise<boolean> {
  try {
    await startChild<AftercareWorkflow>('aftercare', {
      workflowId: aftercareWorkflowId(input.purchaseId),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `What comes out about the money of ${input.purchaseId}`,
    });
    return true;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError && mayBeThere) return false;
    throw error;
  }
}

/** @returns false when it is not there */
async function tell(purchaseId: PurchaseId, hint: ChargebackHint | RefundHint): Promise<boolean> {
  const aftercare = getExternalWorkflowHandle(aftercareWorkflowId(purchaseId));
  const told =
    'refundId' in hint ? aftercare.signal(refundHintSignal, hint) : aftercare.signal(chargebackHintSignal, hint);
  return told.then(
    () => true,
    () => false,
  );
}
