/** The steps of a dispute. Each is one transaction of the database, once; all of them may be repeated at any time. */
import type { DisputeState } from '../contracts/dispute.ts';
import type { DisputeId } from '../contracts/ids.ts';
import type { Database } from '../platform/database.ts';
import {
  type Dispute,
  DisputeRefused,
  type DisputeStep,
  findDispute,
  followDispute,
  freezeDispute,
  hasProposal,
} from '../services/disputes/index.ts';
import type { DisputeEvent, Role } from '../services/disputes/rules.ts';
import { refusal } from './failures.ts';

/** How a dispute stands: what its workflow has to know to go on. */
export interface DisputeStands {
  readonly state: DisputeState;
  readonly claimedBy: 'buyer' | 'seller';
  /** When the clock moves it on, milliseconds since 1970; null when it does not. */
  readonly deadlineMs: number | null;
  readonly deadlineEvent: DisputeEvent | null;
  /** From when on a party can ask for a mediator, milliseconds since 1970. */
  readonly escalateFromMs: number | null;
  readonly waived: readonly Role[];
  /** A ruling waits for a second mediator. */
  readonly hasProposal: boolean;
  /** It is decided, and the purchase is to carry that out. */
  readonly decided: boolean;
  /** A chargeback makes it stand still. */
  readonly frozen: boolean;
  /** Minor units. */
  readonly gross: number;
  readonly currency: string;
}

export type DisputeActivities = ReturnType<typeof createDisputeActivities>;

export function createDisputeActivities({ database }: { readonly database: Database }) {
  const stands = async (dispute: Dispute): Promise<DisputeStands> => ({
    state: dispute.state,
    claimedBy: dispute.claimedBy,
    deadlineMs: dispute.deadlineAt?.getTime() ?? null,
    deadlineEvent: dispute.deadlineEvent,
    escalateFromMs: dispute.escalateFrom?.getTime() ?? null,
    waived: dispute.waived,
    hasProposal: await hasProposal(database, dispute.id),
    decided: dispute.decision !== null,
    frozen: dispute.frozenSince !== null,
    gross: dispute.gross,
    currency: dispute.currency,
  });

  return {
    /** How it stands. @throws ApplicationFailure NO_DISPUTE */
    async readDispute({ disputeId }: { readonly disputeId: DisputeId }): Promise<DisputeStands> {
      const dispute = await findDispute(database, disputeId);
      if (dispute === undefined) throw refusal('NO_DISPUTE', `There is no dispute ${disputeId}.`);
      return stands(dispute);
    },

    /** Follows the table for what happened. @throws ApplicationFailure with a code of DISPUTE_REFUSALS */
    async followDispute(step: DisputeStep): Promise<DisputeStands> {
      try {
        return await stands(await followDispute(database, step));
      } catch (error) {
        if (error instanceof DisputeRefused) throw refusal(error.code, error.message, { ...error.detail });
        throw error;
      }
    },

    /** Lets its time stand still, or go on. */
    async freezeDispute(step: {
      readonly disputeId: DisputeId;
      readonly frozen: boolean;
      readonly atMs: number;
      readonly key: string;
    }): Promise<DisputeStands> {
      return stands(await freezeDispute(database, step));
    },
  };
}
