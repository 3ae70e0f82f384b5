import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ChargebackWork } from './chargeback.ts';
import type { PurchaseId, UserId } from './ids.ts';
import type { PurchaseOutcome } from './purchase.ts';

/** The workflow that takes up what comes out about a purchase's money when its own one has ended: one at a time. */
export const aftercareWorkflowId = (purchaseId: PurchaseId): string => `aftercare/${purchaseId}`;

export interface AftercareInput {
  readonly purchaseId: PurchaseId;
  /** What the purchase has left to do about a chargeback, when it is begun by a purchase that ends. */
  readonly work?: ChargebackWork;
  /** The same of what comes after that. */
  readonly more?: readonly ChargebackWork[];
}

export type AftercareWorkflow = (input: AftercareInput) => Promise<void>;

/**
 * Stripe said that a refund changed. A hint: the workflow looks for itself. It goes to the workflow of the purchase, and when
 * that has ended, to its aftercare, together with the start.
 */
export interface RefundHint {
  readonly eventId: string;
  readonly refundId: string;
}
export const refundHintSignal = defineSignal<[RefundHint]>('refundHint');

/** Finance wants a refund that came back to be made anew. */
export interface RefundAgainOrder {
  readonly staff: UserId;
  /** Stripe's id of the one that came back. */
  readonly refundId: string;
  /** Why, for staff alone. */
  readonly reason: string;
}
/** Goes the way of the hints. */
export const refundAgainUpdate = defineUpdate<PurchaseOutcome, [RefundAgainOrder]>('refundAgain');
