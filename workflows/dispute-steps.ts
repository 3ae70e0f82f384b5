/** How a dispute reads a wish, and refuses at once what the table does not lead to. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { DisputeStands } from '../activities/dispute.ts';
import type { Actor } from '../contracts/actor.ts';
import type { DisputeCommand, DisputeInput, DisputeState } from '../contracts/dispute.ts';
import type { DisputeId } from '../contracts/ids.ts';
import {
  allowedToEach,
  type DisputeCircumstances,
  type DisputeEvent,
  type DisputeParty,
  disputeRows,
  mayThoughFrozen,
  roleOf,
} from '../services/disputes/rules.ts';

/** What somebody wants to happen. */
export interface DisputeWish {
  readonly event: DisputeEvent;
  readonly by: DisputeParty;
  readonly actor: Actor;
  /** The same for every repeat of it. */
  readonly id: string;
  readonly command?: DisputeCommand;
}

export const CLOCK = { by: 'clock', actor: { type: 'system', id: 'clock' } } as const;

/** The wish behind a command. A party is the one that its actor is; a stranger is none. @throws ApplicationFailure */
export function disputeWishOf(
  { buyerId, sellerId }: DisputeInput,
  claimedBy: 'buyer' | 'seller' | undefined,
  { event, by, command, id }: { event: DisputeEvent; by: 'party' | 'mediator'; command: DisputeCommand; id: string },
): DisputeWish {
  const { actorId } = command;
  if (by === 'mediator') return { event, by, actor: { type: 'staff', id: actorId }, id, command };
  if (claimedBy === undefined) throw inProgress();
  if (actorId !== buyerId && actorId !== sellerId) {
    throw ApplicationFailure.nonRetryable('This is not your dispute.', 'NOT_A_PARTY');
  }
  const role = roleOf(actorId === buyerId ? 'buyer' : 'seller', claimedBy);
  return { event, by: role, actor: { type: 'user', id: actorId }, id, command };
}

export const inProgress = (): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    'Another change of this dispute is in progress. Try again in a moment.',
    'IN_PROGRESS',
  );

export const circumstancesOf = (
  { escalateFromMs, hasProposal, waived }: DisputeStands,
  nowMs: number,
): DisputeCircumstances => ({ nowMs, escalateFromMs, hasProposal, waived });

/** What each can do now. */
export function allowedNow(standing: DisputeStands): Readonly<Record<'buyer' | 'seller' | 'mediator', string[]>> {
  const { state, claimedBy, decided, frozen, claimIsAll } = standing;
  const allowed = allowedToEach(state, claimedBy, circumstancesOf(standing, Date.now()));
  const open = (events: readonly DisputeEvent[]): DisputeEvent[] =>
    decided ? [] : events.filter((event) => !frozen || mayThoughFrozen(event, claimIsAll === true));
  return { buyer: open(allowed.buyer), seller: open(allowed.seller), mediator: open(allowed.mediator) };
}

export function notPossible(standing: DisputeStands, event: string): ApplicationFailure {
  const { state, decided, escalateFromMs } = standing;
  const why = decided ? 'once it is decided' : `while the dispute is ${state}`;
  const detail = {
    state,
    allowed: allowedNow(standing),
    ...(event === 'escalate' &&
      state === 'negotiating' &&
      escalateFromMs !== null && { escalateFrom: new Date(escalateFromMs).toISOString() }),
  };
  return ApplicationFailure.nonRetryable(`"${event}" is not possible for you ${why}.`, 'NOT_ALLOWED_NOW', detail);
}

/** Refuses what comes at the wrong time, or from the wrong party, before it is recorded. @throws ApplicationFailure */
export function refuseWish(standing: DisputeStands, { event, by }: DisputeWish): void {
  if (standing.frozen && !mayThoughFrozen(event, standing.claimIsAll === true)) {
    const message = 'The bank of the buyer looks at this payment: the dispute stands still until that is over.';
    throw ApplicationFailure.nonRetryable(message, 'DISPUTE_FROZEN');
  }
  const rows = disputeRows(standing.state, event, by, circumstancesOf(standing, Date.now()));
  if (standing.decided || rows.length === 0) throw notPossible(standing, event);
}

/** How a dispute stands that has refused a step; undefined in histories of before. */
export const standingIn = ({ details }: ApplicationFailure): DisputeStands | undefined =>
  (details as readonly [unknown?, DisputeStands?] | null | undefined)?.[1];

/** The step that follows a wish from where the dispute stands. */
export function stepOf(
  { disputeId }: Pick<DisputeInput, 'disputeId'>,
  { state }: DisputeStands,
  { event, by, actor, id, command }: DisputeWish,
): {
  readonly disputeId: DisputeId;
  readonly from: DisputeState;
  readonly event: DisputeEvent;
  readonly by: DisputeParty;
  readonly actor: Actor;
  readonly atMs: number;
  readonly key: string;
  readonly refund?: number;
  readonly number?: number;
  readonly statementId?: string;
} {
  const { refund, number, statementId } = command ?? {};
  return {
    disputeId,
    from: state,
    event,
    by,
    actor,
    atMs: Date.now(),
    key: id,
    ...(refund !== undefined && { refund }),
    ...(number !== undefined && { number }),
    ...(statementId !== undefined && { statementId }),
  };
}
