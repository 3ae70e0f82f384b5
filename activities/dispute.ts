/** The steps of a dispute. Each is one transaction of the database, once; all of them may be repeated at any time. */
import { ApplicationFailure } from '@temporalio/common';
import type { DisputeId } from '../contracts/ids.ts';
import type { Database } from '../platform/database.ts';
import {
  DisputeRefused,
  type DisputeStep,
  disputeSituation,
  findDispute,
  followDispute,
  freezeDispute,
} from '../services/disputes/index.ts';
import type { DisputeEvent } from '../services/disputes/rules.ts';
import type { DisputeSituation } from '../services/disputes/wait-rules.ts';
import { refusal } from './failures.ts';

/** How a dispute stands: what its workflow has to know to go on. */
export interface DisputeStands extends Omit<DisputeSituation, 'offeredBy' | 'claimIsAll'> {
  /** Missing in histories of before. */
  readonly offeredBy?: DisputeSituation['offeredBy'];
  readonly deadlineEvent: DisputeEvent | null;
  /** Missing in histories of before. */
  readonly claimIsAll?: boolean;
  /** From when on a party can ask for a mediator, milliseconds since 1970. */
  readonly escalateFromMs: number | null;
  /** Minor units. */
  readonly gross: number;
  readonly currency: string;
}

export type DisputeActivities = ReturnType<typeof createDisputeActivities>;

export function createDisputeActivities({ database }: { readonly database: Database }) {
  /** @throws ApplicationFailure NO_DISPUTE */
  const stands = async (id: DisputeId): Promise<DisputeStands> => {
    const [dispute, situation] = await Promise.all([findDispute(database, id), disputeSituation(database, id)]);
    if (dispute === undefined || situation === undefined) {
      throw refusal('NO_DISPUTE', `There is no dispute ${id}.`);
    }
    return {
      ...situation,
      deadlineEvent: dispute.deadlineEvent,
      escalateFromMs: dispute.escalateFrom?.getTime() ?? null,
      gross: dispute.gross,
      currency: dispute.currency,
    };
  };

  return {
    /** How it stands. @throws ApplicationFailure NO_DISPUTE */
    async readDispute({ disputeId }: { readonly disputeId: DisputeId }): Promise<DisputeStands> {
      return stands(disputeId);
    },

    /**
     * Follows the table for what happened.
     * @throws ApplicationFailure with a code of DISPUTE_REFUSALS, and with how the dispute stands as its second detail: its
     *   workflow may believe otherwise
     */
    async followDispute(step: DisputeStep): Promise<DisputeStands> {
      try {
        await followDispute(database, step);
      } catch (error) {
        if (!(error instanceof DisputeRefused)) throw error;
        const standing = await stands(step.disputeId);
        throw ApplicationFailure.nonRetryable(error.message, error.code, { ...error.detail }, standing);
      }
      return stands(step.disputeId);
    },

    /** Lets its time stand still, or go on. */
    async freezeDispute(step: {
      readonly disputeId: DisputeId;
      readonly frozen: boolean;
      readonly atMs: number;
      readonly key: string;
    }): Promise<DisputeStands> {
      await freezeDispute(database, step);
      return stands(step.disputeId);
    },
  };
}
