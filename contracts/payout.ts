import { defineSignal } from '@temporalio/workflow';
import type { UserId } from './ids.ts';

/** How a payout to a seller's bank stands, in Stripe's words. `paid` is not the end: a bank can send money back days later. */
export const PAYOUT_STATUSES = ['pending', 'in_transit', 'paid', 'failed', 'canceled'] as const;
export type PayoutStatus = (typeof PAYOUT_STATUSES)[number];

/** The workflow that watches over one payout. */
export const payoutWorkflowId = (payoutId: string): string => `payout/${payoutId}`;

export interface PayoutInput {
  readonly payoutId: string;
  /** The seller's account at Stripe: the payout is looked at there, and nowhere else. */
  readonly accountId: string;
  readonly sellerId: UserId;
}

export type PayoutWorkflow = (input: PayoutInput) => Promise<void>;

/** Stripe said that something changed about the payout. A hint: the workflow looks for itself. It is sent with the start. */
export interface PayoutHint {
  /** The provider's event: one event counts once. */
  readonly eventId: string;
}
export const payoutHintSignal = defineSignal<[PayoutHint]>('payoutHint');
