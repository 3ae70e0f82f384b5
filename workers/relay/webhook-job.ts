import type { Database } from '../../platform/database.ts';
import type { Logger } from '../../platform/logging.ts';
import { deliverEvent, type FlowSignals, waitingEvents } from '../../services/webhooks/index.ts';
import type { Job } from './jobs.ts';

/** Events younger than this are left to the API, which tells the flows at once. */
const GRACE_SECONDS = 5;
const BATCH = 50;

/**
 * Tells the flows of the events that the API could not: because Temporal was away, the process died between storing and
 * telling, or the provider was faster than our own transaction.
 */
export function webhookJob(options: { database: Database; signals: FlowSignals; log: Logger }): Job {
  const { database, signals, log } = options;
  return {
    name: 'webhooks',
    idleMs: 1_000,
    run: async (leader, signal) => {
      const events = await waitingEvents(leader, GRACE_SECONDS, BATCH);
      for (const event of events) {
        if (signal.aborted) return false;
        const { provider, eventType, eventId } = event;
        const status = await deliverEvent(database, signals, event);
        log.info('a webhook was taken up', { provider, eventType, eventId, status });
      }
      return events.length === BATCH;
    },
  };
}
