import type { Queryable } from '../../platform/database.ts';
import type { Provider } from './rules.ts';

/** An event as a provider sent it, after its signature was checked. */
export interface WebhookEvent {
  readonly provider: Provider;
  readonly eventId: string;
  readonly eventType: string;
  /** The connected account it comes from; null for events of the platform itself. */
  readonly accountId: string | null;
  /** The object it is about: `pi_…`, `acct_…`, a workflow run. */
  readonly objectId: string | null;
  /** The purchase that the platform wrote on its own object; never trusted on events of connected accounts. */
  readonly purchaseId: string | null;
  /** The payment that the object names; null where it names none, and on events of connected accounts. */
  readonly paymentId: string | null;
}

/** An event with its body, as it was received and signed. */
export interface ReceivedEvent extends WebhookEvent {
  readonly body: Buffer;
}

export type WebhookStatus = 'received' | 'signalled' | 'ignored' | 'unmatched';

/** How often an event that matches nothing (yet) is looked at: the pauses below add up to 45 hours. */
export const MAX_ATTEMPTS = 16;
/** Longer it does not wait until a flow that could not be told is told again. */
const MAX_UNDELIVERED_PAUSE_SECONDS = 300;

interface Row {
  provider: Provider;
  event_id: string;
  event_type: string;
  account_id: string | null;
  object_id: string | null;
  purchase_id: string | null;
  payment_id: string | null;
}

/** Puts an event into the inbox. @returns false when it was there */
export async function putEvent(db: Queryable, event: ReceivedEvent): Promise<boolean> {
  const result = await db.query({
    name: 'webhook_put',
    text: `INSERT INTO webhooks.inbox (provider, event_id, event_type, account_id, object_id, purchase_id, payment_id, body)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
    values: [
      event.provider,
      event.eventId,
      event.eventType,
      event.accountId,
      event.objectId,
      event.purchaseId,
      event.paymentId,
      event.body,
    ],
  });
  return result.rowCount === 1;
}

/** Notes what became of an event. */
export async function settleEvent(db: Queryable, event: WebhookEvent, status: WebhookStatus): Promise<void> {
  await db.query({
    name: 'webhook_settle',
    text: 'UPDATE webhooks.inbox SET status = $3 WHERE provider = $1 AND event_id = $2',
    values: [event.provider, event.eventId, status],
  });
}

/** Puts an event off that matches nothing: the pause doubles from 5 s with each attempt. After {@link MAX_ATTEMPTS} it is `unmatched` for good. */
export async function postponeEvent(db: Queryable, event: WebhookEvent): Promise<void> {
  await db.query({
    name: 'webhook_postpone',
    text: `UPDATE webhooks.inbox
              SET attempts = attempts + 1,
                  retry_at = now() + interval '5 seconds' * power(2, attempts),
                  status = CASE WHEN attempts + 1 >= $3 THEN 'unmatched' ELSE status END
            WHERE provider = $1 AND event_id = $2`,
    values: [event.provider, event.eventId, MAX_ATTEMPTS],
  });
}

/**
 * Puts an event off whose flow is known and cannot be told, because Temporal is away: for as long as it takes. The pause
 * doubles from 5 s up to five minutes.
 */
export async function putOffDelivery(db: Queryable, event: WebhookEvent): Promise<void> {
  await db.query({
    name: 'webhook_put_off_delivery',
    text: `UPDATE webhooks.inbox
              SET undelivered = undelivered + 1,
                  retry_at = now() + make_interval(secs => least(5 * power(2, least(undelivered, 10)), $3))
            WHERE provider = $1 AND event_id = $2`,
    values: [event.provider, event.eventId, MAX_UNDELIVERED_PAUSE_SECONDS],
  });
}

/**
 * Events that were received but not dealt with, oldest first.
 * @param graceSeconds leaves those alone that the API is dealing with right now
 */
export async function waitingEvents(db: Queryable, graceSeconds: number, limit: number): Promise<WebhookEvent[]> {
  const result = await db.query<Row>({
    name: 'webhook_waiting',
    text: `SELECT provider, event_id, event_type, account_id, object_id, purchase_id, payment_id FROM webhooks.inbox
            WHERE status = 'received' AND received_at < now() - make_interval(secs => $1)
              AND (retry_at IS NULL OR retry_at <= now())
            ORDER BY received_at LIMIT $2`,
    values: [graceSeconds, limit],
  });
  return result.rows.map((row) => ({
    provider: row.provider,
    eventId: row.event_id,
    eventType: row.event_type,
    accountId: row.account_id,
    objectId: row.object_id,
    purchaseId: row.purchase_id,
    paymentId: row.payment_id,
  }));
}

/**
 * Events whose flow should have been told by now: how many of the oldest `limit`, and for how many seconds the first of
 * them has been due, by provider. One that was put off is due when it is to be looked at again.
 */
export async function webhookBacklog(
  db: Queryable,
  limit: number,
): Promise<{ provider: Provider; waiting: number; oldestSeconds: number }[]> {
  const { rows } = await db.query<{ provider: Provider; waiting: number; oldestSeconds: number }>({
    name: 'webhook_backlog',
    text: `SELECT provider, count(*) AS waiting, extract(epoch FROM now() - min(due_at))::float8 AS "oldestSeconds"
             FROM (SELECT provider, coalesce(retry_at, received_at) AS due_at FROM webhooks.inbox
                    WHERE status = 'received' AND coalesce(retry_at, received_at) <= now()
                    ORDER BY received_at LIMIT $1) AS due
            GROUP BY provider`,
    values: [limit],
  });
  return rows;
}
