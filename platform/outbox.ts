import type { Tx } from './database.ts';
import { newId } from './ids.ts';

/** Something that happened, for whoever wants to know. Holds references and figures, never personal data. */
export interface DomainEvent {
  /** Dotted, past tense: `purchase.released`. */
  readonly type: string;
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
    text: `INSERT INTO outbox.events (id, type, key, data) VALUES ($1, $2, $3, $4)`,
    values: [newId('evt'), event.type, event.key, JSON.stringify(event.data)],
  });
}
