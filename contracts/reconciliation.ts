import type { ReconciliationId } from './ids.ts';

/** Compares the ledger with Stripe's balance, line by line. */
export const reconciliationWorkflowId = (id: ReconciliationId): string => `reconciliation/${id}`;

/** The Temporal Schedule that begins one every day. Temporal adds the time to the id of its workflow. */
export const RECONCILIATION_SCHEDULE = {
  id: 'reconciliation-daily',
  workflowId: 'reconciliation/daily',
} as const;

/** What is asked for by hand. The one of the day is begun by a schedule, which gives nothing: then it decides itself. */
export interface ReconciliationInput {
  readonly id: ReconciliationId;
  /** The account of who asked. */
  readonly requestedBy: string;
  /** From when on, milliseconds since 1970; from where the last one ended unless told. */
  readonly fromMs?: number;
  /** Until when, but never later than what has settled. */
  readonly untilMs?: number;
}

export type ReconciliationWorkflow = (input?: ReconciliationInput) => Promise<void>;
