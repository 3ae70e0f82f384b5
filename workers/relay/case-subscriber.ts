import type { UserId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import type { Subscriber } from '../../providers/event-bus.ts';
import { findOnboarding } from '../../services/users/index.ts';
import type { FlowSignals } from '../../services/webhooks/index.ts';

/** Tells the flow that a case was about that it has been decided. The flow counts it once, whoever told it first. */
export function caseSubscriber(deps: { database: Database; signals: Pick<FlowSignals, 'identity'> }): Subscriber {
  return async (event) => {
    const { caseId, subjectId, kind } = event.data;
    if (event.type !== 'case.closed' || kind !== 'identity_review') return;
    if (typeof subjectId !== 'string' || typeof caseId !== 'string') throw new TypeError(`${event.id} names no case`);
    const onboarding = await findOnboarding(deps.database, 'id', subjectId);
    if (onboarding === undefined) return;
    await deps.signals.identity(onboarding.userId satisfies UserId, { eventId: `case/${caseId}` });
  };
}
