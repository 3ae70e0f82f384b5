import type { Tx } from './database.ts';
import { KEY_LIFETIME_SECONDS } from './idempotency.ts';

/** How many webhooks that have arrived, or were given up, are kept to look at. */
const MAX_SETTLED_DELIVERIES = 50_000;
const MAX_LOG_ENTRIES = 1_000_000;

/**
 * Throws away what nobody needs any more: forgotten idempotency keys, webhooks long since settled, the oldest log entries.
 * What the providers would still show stays.
 * @param now the sandbox's clock, in seconds
 */
export async function prune(tx: Tx, now: number): Promise<void> {
  await tx.query('DELETE FROM sandbox.idempotency_keys WHERE status IS NOT NULL AND created <= $1', [
    now - KEY_LIFETIME_SECONDS,
  ]);
  await tx.query(
    `DELETE FROM sandbox.deliveries
     WHERE state <> 'pending' AND id <= (SELECT max(id) FROM sandbox.deliveries) - $1`,
    [MAX_SETTLED_DELIVERIES],
  );
  await tx.query('DELETE FROM sandbox.log WHERE sequence <= (SELECT max(sequence) FROM sandbox.log) - $1', [
    MAX_LOG_ENTRIES,
  ]);
  await tx.query('DELETE FROM sandbox.faults WHERE remaining = 0');
  await tx.query('DELETE FROM sandbox.webhook_rules WHERE remaining = 0');
}
