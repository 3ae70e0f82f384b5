import type { Database, Queryable } from '../../platform/database.ts';
import type { Logger } from '../../platform/logging.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { SpanKind, type SpanOptions, type TraceParent, traced } from '../../platform/tracing.ts';
import type { EventBus, PublishedEvent } from '../../providers/event-bus.ts';
import type { Job } from './jobs.ts';

const IDLE_MS = 200;
/** A round takes at most so many events. */
const BATCH = 200;
/** So many keys are published side by side. */
const CONCURRENT_KEYS = 8;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 5 * 60 * 1_000;
/** From this attempt on, an event that fails is an error that somebody has to look at. */
export const LOUD_AFTER_ATTEMPTS = 10;

/** Milliseconds to wait before an event is tried again that failed for the `attempts`-th time. */
export const retryDelayMs = (attempts: number): number =>
  Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 20), MAX_RETRY_MS);

interface WaitingEvent extends PublishedEvent {
  readonly attempts: number;
  /** Of which trace it is; null where nothing was traced. */
  readonly trace: TraceParent | null;
}

/**
 * Publishes what the transactions have written into the outbox. Events of one key go one after another, in the order in
 * which they were written: one that fails holds back its own key, is tried again ever more rarely, and is never dropped.
 */
export function outboxJob(deps: { database: Database; bus: EventBus; log: Logger; metrics: Metrics }): Job {
  const published = deps.metrics.counter('wellpact_events_published_total');
  return {
    name: 'outbox',
    idleMs: IDLE_MS,
    run: async (leader, signal) => {
      const waiting = await readWaiting(leader);
      const keys = byKey(waiting);
      const next = keys.values();
      const lane = async (): Promise<void> => {
        // The lanes share one iterator: each takes the next key that nobody has taken.
        for (const events of next) {
          if (signal.aborted) return;
          await publishInOrder(deps, events, signal, (type) => published.inc({ type }));
        }
      };
      await Promise.all(Array.from({ length: Math.min(CONCURRENT_KEYS, keys.length) }, lane));
      return waiting.length === BATCH;
    },
  };
}

/** The oldest events that are due, without those whose key waits for an earlier one to be tried again. */
async function readWaiting(leader: Queryable): Promise<WaitingEvent[]> {
  const { rows } = await leader.query<{
    id: string;
    type: string;
    key: string;
    data: Record<string, unknown>;
    occurred_at: Date;
    attempts: number;
    trace: string | null;
  }>({
    name: 'outbox_waiting',
    text: `SELECT id, type, key, data, occurred_at, attempts, trace FROM outbox.events AS event
           WHERE published_at IS NULL AND (retry_at IS NULL OR retry_at <= now())
             AND NOT EXISTS (
               SELECT FROM outbox.events AS earlier
               WHERE earlier.published_at IS NULL AND earlier.key = event.key
                 AND earlier.position < event.position AND earlier.retry_at > now())
           ORDER BY position LIMIT $1`,
    values: [BATCH],
  });
  return rows.map(({ occurred_at: occurredAt, ...event }) => ({ ...event, occurredAt }));
}

/** The events of each key, in order. */
function byKey(events: readonly WaitingEvent[]): WaitingEvent[][] {
  const groups = new Map<string, WaitingEvent[]>();
  for (const event of events) {
    const group = groups.get(event.key);
    if (group === undefined) groups.set(event.key, [event]);
    else group.push(event);
  }
  return [...groups.values()];
}

async function publishInOrder(
  { database, bus, log }: { database: Database; bus: EventBus; log: Logger },
  events: readonly WaitingEvent[],
  signal: AbortSignal,
  count: (type: string) => void,
): Promise<void> {
  for (const { attempts, trace, ...event } of events) {
    if (signal.aborted) return;
    try {
      await traced(`publish ${event.type}`, spanOf(event, trace), () => bus.publish(event));
    } catch (error) {
      const failed = attempts + 1;
      const fields = { event: event.id, type: event.type, key: event.key, attempts: failed, error: reasonsOf(error) };
      if (failed >= LOUD_AFTER_ATTEMPTS) log.error('an event keeps failing and holds back its key', fields);
      else log.warn('an event could not be published and is tried again', fields);
      await postpone(database, event.id, retryDelayMs(failed));
      return;
    }
    await markPublished(database, event.id);
    count(event.type);
  }
}

const spanOf = ({ id }: PublishedEvent, trace: TraceParent | null): SpanOptions => ({
  kind: SpanKind.CONSUMER,
  parent: trace,
  attributes: { 'messaging.system': 'wellpact_outbox', 'messaging.message.id': id },
});

const reasonsOf = (error: unknown): unknown => (error instanceof AggregateError ? error.errors : error);

async function markPublished(database: Database, id: string): Promise<void> {
  await database.query({
    name: 'outbox_mark_published',
    text: `UPDATE outbox.events SET published_at = now(), attempts = attempts + 1, retry_at = NULL WHERE id = $1`,
    values: [id],
  });
}

async function postpone(database: Database, id: string, delayMs: number): Promise<void> {
  await database.query({
    name: 'outbox_postpone',
    text: `UPDATE outbox.events
           SET attempts = attempts + 1, retry_at = now() + make_interval(secs => $2::double precision / 1000)
           WHERE id = $1`,
    values: [id, delayMs],
  });
}
