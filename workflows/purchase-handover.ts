/** A purchase that ends hands what is left to do about a chargeback to its aftercare, which may be there already. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { getExternalWorkflowHandle, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { type AftercareWorkflow, aftercareWorkflowId } from '../contracts/aftercare.ts';
import { type ChargebackWork, chargebackHintSignal } from '../contracts/chargeback.ts';
import type { PurchaseId } from '../contracts/ids.ts';

/** One that ends at the very moment is begun anew; more often than this it is not there and there by turns. */
const MAX_TRIES = 5;

export async function handOver(purchaseId: PurchaseId, work: ChargebackWork): Promise<void> {
  const workflowId = aftercareWorkflowId(purchaseId);
  for (let tries = 1; ; tries++) {
    try {
      await startChild<AftercareWorkflow>('aftercare', {
        workflowId,
        args: [{ purchaseId, work }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `What comes out about the money of ${purchaseId}`,
      });
      return;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || tries >= MAX_TRIES) throw error;
    }
    const { chargebackId } = work;
    const hint = { eventId: `handover/${chargebackId}`, chargebackId };
    const told = getExternalWorkflowHandle(workflowId).signal(chargebackHintSignal, hint);
    if (
      await told.then(
        () => true,
        () => false,
      )
    )
      return;
  }
}
