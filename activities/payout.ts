/** The steps of watching over a payout. None of them moves money, at Stripe or in our books. */
import type { PayoutInput, PayoutStatus } from '../contracts/payout.ts';
import type { Database } from '../platform/database.ts';
import type { Payouts } from '../providers/payouts.ts';
import { notePayout, reportFailedPayout } from '../services/payouts/index.ts';
import type { Policy } from '../services/transactions/index.ts';

export interface PayoutDeps {
  readonly database: Database;
  readonly payments: Pick<Payouts, 'getPayout'>;
  readonly policy: Pick<Policy, 'payoutMend' | 'transferCaseDue'>;
}

/** The workflow's time, milliseconds since 1970. */
export type PayoutStep = PayoutInput & { readonly atMs: number };

/** How a payout stands: what the workflow has to know to go on. Times in milliseconds since 1970. */
export interface PayoutStanding {
  readonly status: PayoutStatus;
  readonly amount: number;
  readonly currency: string;
  readonly arrivalMs: number;
  /** Until when the seller has to have it mended; null when it did not fail. */
  readonly mendByMs: number | null;
}

export function createPayoutActivities({ database, payments, policy }: PayoutDeps) {
  return {
    /** Looks at the payout on the seller's own account, and notes what it sees. */
    async lookAtPayout({ payoutId, accountId, sellerId, atMs }: PayoutStep): Promise<PayoutStanding> {
      const seen = await payments.getPayout(accountId, payoutId);
      const { status, amount, currency, arrivalAt, failedAt } = await notePayout(
        database,
        { sellerId, accountId },
        seen,
        atMs,
      );
      const mendByMs = failedAt === null ? null : failedAt.getTime() + policy.payoutMend;
      return { status, amount, currency, arrivalMs: arrivalAt.getTime(), mendByMs };
    },

    /** A payout that failed and was not made good becomes a case. @returns whether it did */
    reportFailedPayout: ({ payoutId, atMs }: PayoutStep): Promise<boolean> =>
      reportFailedPayout(database, payoutId, { atMs, dueMs: policy.transferCaseDue }),
  };
}
