import type { UserId } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';
import type { Channel } from './rules.ts';

/** A message for one person over one channel. */
export interface Notification {
  /** What it tells of: the event, or what several events tell of together. The same however often it is sent. */
  readonly occasion: string;
  readonly recipientId: UserId;
  readonly channel: Channel;
  /** The rule it follows. */
  readonly name: string;
  /** The event's data: references and figures. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly occurredAt: Date;
}

/** A message that somebody is handing over right now. */
export interface ClaimedNotification extends Notification {
  /** How often it was tried, this time included. */
  readonly attempts: number;
  /** The devices that have it already. */
  readonly reached: readonly string[];
}

/**
 * What became of a message: handed over; too late; not wanted, or nowhere to send it; refused for good by the receiving
 * side; tried too often.
 */
export type Settlement = 'sent' | 'stale' | 'unwanted' | 'refused' | 'given_up';

/** Writes messages down to be sent; those that are there already stay as they are. */
export async function putNotifications(db: Queryable, notifications: readonly Notification[]): Promise<void> {
  if (notifications.length === 0) return;
  await db.query({
    name: 'notifications_put',
    text: `INSERT INTO messaging.notifications (occasion, recipient_id, channel, name, data, occurred_at)
           SELECT * FROM jsonb_to_recordset($1)
             AS given (occasion text, recipient_id text, channel text, name text, data jsonb, occurred_at timestamptz)
           ON CONFLICT DO NOTHING`,
    values: [
      JSON.stringify(
        notifications.map(({ occasion, recipientId, channel, name, data, occurredAt }) => ({
          occasion,
          recipient_id: recipientId,
          channel,
          name,
          data,
          occurred_at: occurredAt,
        })),
      ),
    ],
  });
}

/**
 * Takes the message of a channel that is due the longest. It is due again after the lease, for when nobody says what became
 * of it.
 */
export async function claimNotification(
  db: Queryable,
  channel: Channel,
  leaseSeconds: number,
): Promise<ClaimedNotification | undefined> {
  const { rows } = await db.query<{
    occasion: string;
    recipient_id: UserId;
    name: string;
    data: Record<string, unknown>;
    occurred_at: Date;
    attempts: number;
    reached: string[];
  }>({
    name: 'notifications_claim',
    text: `UPDATE messaging.notifications
              SET attempts = attempts + 1, due_at = now() + make_interval(secs => $2)
            WHERE (occasion, recipient_id, channel) = (
                    SELECT occasion, recipient_id, channel FROM messaging.notifications
                     WHERE channel = $1 AND state = 'waiting' AND due_at <= now()
                     ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING occasion, recipient_id, name, data, occurred_at, attempts, reached`,
    values: [channel, leaseSeconds],
  });
  const [row] = rows;
  if (row === undefined) return undefined;
  const { recipient_id: recipientId, occurred_at: occurredAt, ...rest } = row;
  return { ...rest, recipientId, occurredAt, channel };
}

/** Says what became of a message. */
export async function settleNotification(db: Queryable, of: Notification, state: Settlement): Promise<void> {
  await db.query({
    name: 'notifications_settle',
    text: `UPDATE messaging.notifications SET state = $4, settled_at = now()
            WHERE occasion = $1 AND recipient_id = $2 AND channel = $3 AND state = 'waiting'`,
    values: [of.occasion, of.recipientId, of.channel, state],
  });
}

/** Puts a message off that could not be handed over. @param pauseMs milliseconds */
export async function postponeNotification(db: Queryable, of: Notification, pauseMs: number): Promise<void> {
  await db.query({
    name: 'notifications_postpone',
    text: `UPDATE messaging.notifications SET due_at = now() + make_interval(secs => $4::double precision / 1000)
            WHERE occasion = $1 AND recipient_id = $2 AND channel = $3`,
    values: [of.occasion, of.recipientId, of.channel, pauseMs],
  });
}

/** Puts a message off to a better time. Nothing was tried, so nothing is counted. */
export async function waitQuietly(db: Queryable, of: Notification, until: Date): Promise<void> {
  await db.query({
    name: 'notifications_wait',
    text: `UPDATE messaging.notifications SET due_at = $4, attempts = attempts - 1
            WHERE occasion = $1 AND recipient_id = $2 AND channel = $3`,
    values: [of.occasion, of.recipientId, of.channel, until],
  });
}

/** Remembers that a device has a message, so that it is not sent there again while others are still tried. */
export async function markReached(db: Queryable, of: Notification, deviceId: string): Promise<void> {
  await db.query({
    name: 'notifications_reached',
    text: `UPDATE messaging.notifications SET reached = array_append(reached, $4)
            WHERE occasion = $1 AND recipient_id = $2 AND channel = $3`,
    values: [of.occasion, of.recipientId, of.channel, deviceId],
  });
}

/** Messages of a channel that are still to be sent, counted up to `limit`, and the age of the oldest in seconds. */
export async function notificationBacklog(
  db: Queryable,
  channel: Channel,
  limit: number,
): Promise<{ waiting: number; oldestSeconds: number }> {
  const { rows } = await db.query<{ waiting: number; age: number }>({
    name: 'notifications_backlog',
    text: `SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(occurred_at)), 0)::float8 AS age
             FROM (SELECT occurred_at FROM messaging.notifications WHERE channel = $1 AND state = 'waiting'
                    LIMIT $2) AS counted`,
    values: [channel, limit],
  });
  return { waiting: rows[0]?.waiting ?? 0, oldestSeconds: rows[0]?.age ?? 0 };
}

/** For so long it is known what became of a message. */
const KEPT_DAYS = 90;

/** Forgets at most `limit` messages that were settled long ago. @returns how many */
export async function deleteOldNotifications(db: Queryable, limit: number): Promise<number> {
  const { rowCount } = await db.query({
    name: 'notifications_delete_old',
    text: `DELETE FROM messaging.notifications WHERE (occasion, recipient_id, channel) IN (
             SELECT occasion, recipient_id, channel FROM messaging.notifications
              WHERE state <> 'waiting' AND settled_at < now() - make_interval(days => $1)
              ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    values: [KEPT_DAYS, limit],
  });
  return rowCount ?? 0;
}
