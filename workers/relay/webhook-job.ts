import type { Database } from '../../platform/database.ts';
import type { Logger } from '../../platform/logging.ts';
import { SpanKind, traced } from '../../platform/tracing.ts';
import {
  deliverEvent,
  type FlowSignals,
  putOffDelivery,
  type WebhookEvent,
  waitingEvents,
} from '../../services/webhooks/index.ts';
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
  /** An event that cannot be told is put off, so that it does not stand in the way of the others. */
  const takeUp = async (event: WebhookEvent): Promise<void> => {
    const { provider, eventType, eventId } = event;
    try {
      const status = await deliverEvent(database, signals, event);
      log.info('a webhook was taken up', { provider, eventType, eventId, status });
    } catch (error) {
      log.warn('a webhook could not be told to its flow', { provider, eventType, eventId, error });
      await putOffDelivery(database, event);
    }
  };
  return {
    name: 'webhooks',
    idleMs: 1_000,
    run: async (leader, signal) => {
      const events = await waitingEvents(leader, GRACE_SECONDS, BATCH);
      for (const event of events) {
        if (signal.aborted) return false;
        const attributes = { 'messaging.system': event.provider, 'messaging.message.id': event.eventId };
        const span = { kind: SpanKind.CONSUMER, parent: null, attributes };
        await traced(`webhook ${event.eventType}`, span, () => takeUp(event));
      }
      return events.length === BATCH;
    },
  };
}
