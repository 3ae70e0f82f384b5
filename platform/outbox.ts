import type { EventType } from '../contracts/events.ts';
import type { Queryable, Tx } from './database.ts';
import { newId } from './ids.ts';
import { traceParent } from './tracing.ts';

/** Something that happened, for whoever wants to know. Holds references and figures, never personal data. */
export interface DomainEvent {
  /** Dotted, past tense: `purchase.released`. */
  readonly type: EventType;
  /** Events with one key are delivered in the order in which their transactions wrote them: the id of what changed. */
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Writes the event in the transaction of the change it tells of; the relay publishes it once that is committed.
 * The relay polls: NOTIFY would take a lock of the whole database at each commit.
 */
export async function emit(tx: Tx, event: DomainEvent): Promise<void> {
  await tx.query({
    name: 'outbox_emit',
    text: `INSERT INTO outbox.events (id, type, key, data, trace) VALUES ($1, $2, $3, $4, $5)`,
    values: [newId('evt'), event.type, event.key, JSON.stringify(event.data), traceParent() ?? null],
  });
}

/** Events that are not published yet: how many of the oldest `limit`, and the age of the oldest in seconds. */
export async function outboxBacklog(
  db: Queryable,
  limit: number,
): Promise<{ readonly waiting: number; readonly oldestSeconds: number }> {
  const { rows } = await db.query<{ waiting: number; oldestSeconds: number }>({
    name: 'outbox_backlog',
    text: `SELECT count(*) AS waiting,
                  coalesce(extract(epoch FROM now() - min(occurred_at)), 0)::float8 AS "oldestSeconds"
             FROM (SELECT occurred_at FROM outbox.events WHERE published_at IS NULL ORDER BY position LIMIT $1) AS oldest`,
    values: [limit],
  });
  return rows[0] ?? { waiting: 0, oldestSeconds: 0 };
}
