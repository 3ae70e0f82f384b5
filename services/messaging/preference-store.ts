import type { UserId } from '../../contracts/ids.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import type { QuietHours } from './quiet-hours-rules.ts';

/** What a person wishes. */
export interface Wishes {
  /** IANA. Null: the main one of their country. */
  readonly timeZone: string | null;
  readonly email: boolean;
  readonly push: boolean;
  /** Null: at any time. */
  readonly quietHours: QuietHours | null;
}

/** @returns undefined when the person has said nothing yet; `version` counts the changes */
export async function findWishes(
  db: Queryable,
  userId: UserId,
): Promise<{ readonly wishes: Wishes; readonly version: number } | undefined> {
  const { rows } = await db.query<{
    time_zone: string | null;
    email: boolean;
    push: boolean;
    quiet_from: string | null;
    quiet_until: string | null;
    version: number;
  }>({
    name: 'preferences_find',
    text: `SELECT time_zone, email, push, quiet_from, quiet_until, version FROM messaging.preferences WHERE user_id = $1`,
    values: [userId],
  });
  const [row] = rows;
  if (row === undefined) return undefined;
  const { time_zone: timeZone, quiet_from: from, quiet_until: until, email, push, version } = row;
  const quietHours = from === null || until === null ? null : { from, until };
  return { wishes: { timeZone, email, push, quietHours }, version };
}

/** Lets nobody else change this person's preferences until the transaction ends; there may be no row to lock yet. */
export async function lockWishes(tx: Tx, userId: UserId): Promise<void> {
  await tx.query({
    name: 'preferences_lock',
    text: `SELECT pg_advisory_xact_lock(hashtextextended('messaging.preferences/' || $1, 0))`,
    values: [userId],
  });
}

export async function putWishes(tx: Tx, userId: UserId, wishes: Wishes): Promise<void> {
  const { timeZone, email, push, quietHours } = wishes;
  await tx.query({
    name: 'preferences_put',
    text: `INSERT INTO messaging.preferences AS stored (user_id, time_zone, email, push, quiet_from, quiet_until)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (user_id) DO UPDATE
              SET time_zone = excluded.time_zone, email = excluded.email, push = excluded.push,
                  quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
                  version = stored.version + 1, updated_at = now()`,
    values: [userId, timeZone, email, push, quietHours?.from ?? null, quietHours?.until ?? null],
  });
}
