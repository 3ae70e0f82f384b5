import { defineSignal } from '@temporalio/workflow';
import type { ChargebackWork } from './chargeback.ts';
import type { PurchaseId } from './ids.ts';

/** The workflow that takes up what comes out about a purchase's money when its own steps are long done: one at a time. */
export const aftercareWorkflowId = (purchaseId: PurchaseId): string => `aftercare/${purchaseId}`;

export interface AftercareInput {
  readonly purchaseId: PurchaseId;
  /** What the purchase has left to do about a chargeback, when it is begun by a purchase that ends. */
  readonly work?: ChargebackWork;
}

export type AftercareWorkflow = (input: AftercareInput) => Promise<void>;

/** Stripe said that a refund changed. A hint: the workflow looks for itself. It is sent with the start. */
export interface RefundHint {
  readonly eventId: string;
  readonly refundId: string;
}
export const refundHintSignal = defineSignal<[RefundHint]>('refundHint');
