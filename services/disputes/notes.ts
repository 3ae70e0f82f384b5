/** What is noted of a dispute, and told of it: its audit trail, its events, and the list of cases of its mediators. */
import type { Actor } from '../../contracts/actor.ts';
import type { EventType } from '../../contracts/events.ts';
import type { DisputeId } from '../../contracts/ids.ts';
import { audit } from '../../platform/audit.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { emit } from '../../platform/outbox.ts';
import { closeCase, openCase } from '../cases/index.ts';
import type { Dispute } from './record.ts';
import { type Role, sideOfRole } from './rules.ts';
import { lockDispute } from './store.ts';

/** Audit entry and event of a change, in its transaction. */
export async function note(
  tx: Tx,
  { id, purchaseId, n, buyerId, sellerId, state, claimedBy }: Dispute,
  actor: Actor,
  type: EventType,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  await audit(tx, { subjectType: 'dispute', subjectId: id, actor, action: type, change: { ...change, state } });
  const data = { disputeId: id, purchaseId, n, buyerId, sellerId, state };
  await emit(tx, { type, key: id, data: { ...data, ...toldOf(type, change, claimedBy) } });
}

/** What of a change its event carries. */
function toldOf(
  type: EventType,
  change: Readonly<Record<string, unknown>>,
  claimedBy: 'buyer' | 'seller',
): Record<string, unknown> {
  if (type === 'dispute.opened') return { reason: change['reason'], claimedBy: change['claimedBy'] };
  if (type === 'dispute.offered')
    return { offeredBy: sideOfRole(change['by'] as Role, claimedBy), refund: change['refund'] };
  if (type === 'dispute.decided' || type === 'dispute.closed') {
    return { refund: change['refund'], decidedBy: change['decidedBy'] };
  }
  if (type === 'dispute.evidence_added') return { number: change['number'], by: change['by'] };
  return type === 'dispute.evidence_redacted' ? { number: change['number'] } : {};
}

/** What a mediator can look at. */
export type Looked = 'dispute.read' | 'dispute.evidence_listed' | 'dispute.evidence_read';

/** That a mediator looked leaves a trace; those who look at once leave theirs one after another. */
export async function readAsMediator(
  db: Database,
  id: DisputeId,
  actor: Actor,
  looked: Looked,
  change: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await db.transaction(async (tx) => {
    await lockDispute(tx, id);
    await audit(tx, { subjectType: 'dispute', subjectId: id, actor, action: looked, change });
  });
}

/** Mediators find in the list of cases what waits for them. */
export async function moveCase(tx: Tx, before: Dispute, after: Dispute, actor: Actor): Promise<void> {
  const waits = ({ state, decision }: Dispute): boolean =>
    (state === 'mediating' || state === 'appealed') && decision === null;
  if (waits(after) && after.deadlineAt !== null && before.state !== after.state) {
    const { id, purchaseId, deadlineAt: dueAt, gross: amount, currency, reason, n } = after;
    const details = { purchaseId, n, reason, amount, currency, appealed: after.state === 'appealed' };
    await openCase(tx, { kind: 'dispute_mediation', subjectType: 'dispute', subjectId: id, dueAt, details });
  } else if (waits(before) && !waits(after)) {
    await closeCase(tx, 'dispute_mediation', after.id, { decision: 'resolved', actor });
  }
}
