import type { Tx } from './database.ts';

/** Where webhooks go by the settings, each with its own secret. Further ones are known by their ids (`we_…`). */
export type ConfiguredEndpoint = 'stripe' | 'stripe-connect' | 'onfido';

/** A webhook that waits to be sent. */
export interface Delivery {
  readonly id: string;
  readonly eventId: string | null;
  readonly topic: string;
  readonly body: string;
  /** How often it was tried before. */
  readonly attempts: number;
}

/** Puts a webhook into the outbox; it leaves once the transaction is committed. Rules may send it another way. */
export async function enqueueDelivery(
  tx: Tx,
  delivery: { endpoint: string; eventId: string | null; topic: string; body: string },
): Promise<void> {
  await tx.query(
    `WITH rule AS (
       UPDATE sandbox.webhook_rules SET remaining = remaining - 1
       WHERE id = (
         SELECT id FROM sandbox.webhook_rules WHERE remaining > 0 AND (topic IS NULL OR topic = $3) AND random() < chance
         ORDER BY id LIMIT 1 FOR UPDATE
       )
       RETURNING action, copies, delay_ms
     )
     INSERT INTO sandbox.deliveries (endpoint, event_id, topic, body, state, not_before)
     SELECT $1, $2, $3, $4,
       CASE WHEN rule.action = 'drop' THEN 'dropped' ELSE 'pending' END,
       CASE rule.action
         -- Held until a later webhook of the same endpoint has been delivered.
         WHEN 'reorder' THEN 'infinity'
         WHEN 'delay' THEN now() + rule.delay_ms * interval '1 millisecond'
         ELSE now()
       END
     FROM (SELECT 1) AS one LEFT JOIN rule ON true
     CROSS JOIN LATERAL generate_series(0, CASE WHEN rule.action = 'duplicate' THEN rule.copies ELSE 0 END)`,
    [delivery.endpoint, delivery.eventId, delivery.topic, delivery.body],
  );
}

/** The next webhook of this endpoint that is due, in order of creation. */
export async function nextDelivery(tx: Tx, endpoint: string): Promise<Delivery | undefined> {
  const found = await tx.query<{
    id: string;
    event_id: string | null;
    topic: string;
    body: string;
    attempts: number;
  }>(
    `SELECT id, event_id, topic, body, attempts FROM sandbox.deliveries
     WHERE endpoint = $1 AND state = 'pending' AND not_before <= now()
     ORDER BY id LIMIT 1`,
    [endpoint],
  );
  const row = found.rows[0];
  return row && { id: row.id, eventId: row.event_id, topic: row.topic, body: row.body, attempts: row.attempts };
}

/** Notes that a webhook arrived, and lets go of those that were to come after it. */
export async function markDelivered(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `WITH delivered AS (
       UPDATE sandbox.deliveries SET state = 'delivered', attempts = attempts + 1 WHERE id = $1 RETURNING endpoint, id
     )
     UPDATE sandbox.deliveries AS held SET not_before = now() FROM delivered
     WHERE held.endpoint = delivered.endpoint AND held.id < delivered.id
       AND held.state = 'pending' AND held.not_before = 'infinity'`,
    [id],
  );
}

/** Lets go of everything that is held or delayed. Answers how many webhooks that were. */
export async function releaseDeliveries(tx: Tx): Promise<number> {
  const released = await tx.query(
    `UPDATE sandbox.deliveries SET not_before = now() WHERE state = 'pending' AND not_before > now()`,
  );
  return released.rowCount ?? 0;
}

/** Notes a failed attempt: tried again after `delayMs`, or given up when that is undefined. */
export async function markFailedAttempt(
  tx: Tx,
  id: string,
  reason: string,
  delayMs: number | undefined,
): Promise<void> {
  await tx.query(
    `UPDATE sandbox.deliveries SET attempts = attempts + 1, last_error = $2,
       state = CASE WHEN $3::integer IS NULL THEN 'failed' ELSE 'pending' END,
       not_before = now() + coalesce($3::integer, 0) * interval '1 millisecond'
     WHERE id = $1`,
    [id, reason, delayMs ?? null],
  );
}

/** Gives up everything that waits for an endpoint which is no longer there. */
export async function abandonDeliveries(tx: Tx, endpoint: string): Promise<void> {
  await tx.query(
    `UPDATE sandbox.deliveries SET state = 'failed', last_error = 'the endpoint is gone'
     WHERE endpoint = $1 AND state = 'pending'`,
    [endpoint],
  );
}

/** How many endpoints have not acknowledged this event yet. */
export async function pendingDeliveries(tx: Tx, eventId: string): Promise<number> {
  const found = await tx.query<{ pending: number }>(
    `SELECT count(*)::integer AS pending FROM sandbox.deliveries WHERE event_id = $1 AND state = 'pending'`,
    [eventId],
  );
  return found.rows[0]?.pending ?? 0;
}
