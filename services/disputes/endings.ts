/** What the purchase does to its dispute: it decides it by default, closes it, and has it stand still. */
import type { Actor } from '../../contracts/actor.ts';
import type { DisputeId } from '../../contracts/ids.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { moveCase, note } from './notes.ts';
import type { Decision, Dispute } from './record.ts';
import type { DecidedBy } from './rules.ts';
import { lockDispute, takeDisputeStep, updateDispute } from './store.ts';

/**
 * Decides the dispute by default, unless it is decided: from then on nobody else decides it. In the transaction in which its
 * purchase learns what counts.
 * @returns what it was decided, by whomever
 */
export async function decideByDefault(
  tx: Tx,
  id: DisputeId,
  refund: number,
  actor: Actor,
  atMs: number,
): Promise<Decision> {
  const before = await lockDispute(tx, id);
  if (before === undefined) throw new Error(`there is no dispute ${id}`);
  if (before.decision !== null) return before.decision;
  const decision: Decision = { refund, by: 'default_ruling', atMs };
  const after: Dispute = { ...before, decision, deadlineAt: null, deadlineEvent: null, updatedAt: new Date(atMs) };
  await updateDispute(tx, after);
  await moveCase(tx, before, after, actor);
  await note(tx, after, actor, 'dispute.decided', {
    event: 'hold_limit_reached',
    from: before.state,
    refund,
    decidedBy: decision.by,
  });
  return decision;
}

/**
 * Closes the dispute of a purchase, in the transaction in which the purchase goes on.
 * @param instead what was carried out when it was not the dispute that decided
 */
export async function closeDispute(
  tx: Tx,
  id: DisputeId,
  actor: Actor,
  atMs: number,
  instead?: { readonly refund: number; readonly by: DecidedBy },
): Promise<void> {
  const before = await lockDispute(tx, id);
  if (before === undefined || before.state === 'closed') return;
  const decision = instead === undefined ? before.decision : { ...instead, atMs };
  if (decision === null) throw new Error(`${id} is closed before it is decided`);
  const at = new Date(atMs);
  const over = { deadlineAt: null, deadlineEvent: null, frozenSince: null, closedAt: at, updatedAt: at } as const;
  const after: Dispute = { ...before, ...over, decision, state: 'closed', stateSince: at };
  await updateDispute(tx, after);
  await moveCase(tx, before, after, actor);
  const { refund, by: decidedBy } = decision;
  await note(tx, after, actor, 'dispute.closed', {
    event: 'closed_by_purchase',
    from: before.state,
    refund,
    decidedBy,
  });
}

/** A chargeback lies over the purchase, or does no longer: time stands still meanwhile. */
export async function freezeDispute(
  db: Database,
  { disputeId, frozen, atMs, key }: { disputeId: DisputeId; frozen: boolean; atMs: number; key: string },
): Promise<Dispute> {
  return db.transaction(async (tx) => {
    const before = await lockDispute(tx, disputeId);
    if (before === undefined) throw new Error(`there is no dispute ${disputeId}`);
    const isFrozen = before.frozenSince !== null;
    if (before.state === 'closed' || isFrozen === frozen || !(await takeDisputeStep(tx, disputeId, key))) return before;
    const later = (at: Date | null): Date | null =>
      at === null || before.frozenSince === null ? at : new Date(at.getTime() + atMs - before.frozenSince.getTime());
    const at = new Date(atMs);
    const after: Dispute = frozen
      ? { ...before, frozenSince: at, updatedAt: at }
      : {
          ...before,
          frozenSince: null,
          deadlineAt: later(before.deadlineAt),
          escalateFrom: later(before.escalateFrom),
          updatedAt: at,
        };
    await updateDispute(tx, after);
    const actor = { type: 'system', id: 'chargeback' } as const;
    await note(tx, after, actor, frozen ? 'dispute.frozen' : 'dispute.resumed', { deadlineAt: after.deadlineAt });
    return after;
  });
}
