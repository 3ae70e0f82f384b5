import type { UserId } from '../../contracts/ids.ts';
import { audit } from '../../platform/audit.ts';
import type { Database, Queryable } from '../../platform/database.ts';
import { Problem } from '../../platform/errors.ts';
import { getUser } from '../users/index.ts';
import { findWishes, lockWishes, putWishes, type Wishes } from './preference-store.ts';
import { mainTimeZone } from './time-zone-rules.ts';

/** How a person is told things. */
export interface Preferences {
  readonly wishes: Wishes;
  /** The zone in which times are told and quiet hours are read: the one they chose, or the main one of their country. */
  readonly timeZone: string;
  /** Counts the changes, for `If-Match`; 0 when nothing has been said yet. */
  readonly version: number;
}

/** Every channel, at any time. */
const UNSAID = { wishes: { timeZone: null, email: true, push: true, quietHours: null }, version: 0 } as const;

export async function preferencesOf(db: Queryable, userId: UserId): Promise<Preferences> {
  const { wishes, version } = (await findWishes(db, userId)) ?? UNSAID;
  const timeZone = wishes.timeZone ?? mainTimeZone((await getUser(db, userId))?.country ?? '');
  return { wishes, version, timeZone };
}

/**
 * Replaces what a person has said.
 * @param isCurrent whether a version is the one that they have seen
 * @throws Problem 412 VERSION_CHANGED
 */
export async function changePreferences(
  db: Database,
  userId: UserId,
  isCurrent: (version: number) => boolean,
  wishes: Wishes,
): Promise<Preferences> {
  return db.transaction(async (tx) => {
    await lockWishes(tx, userId);
    const { version } = (await findWishes(tx, userId)) ?? UNSAID;
    if (!isCurrent(version)) {
      const detail = 'Your preferences have changed meanwhile. Read them again and repeat the change.';
      throw new Problem(412, 'VERSION_CHANGED', detail);
    }
    await putWishes(tx, userId, wishes);
    await audit(tx, {
      subjectType: 'notification_preferences',
      subjectId: userId,
      actor: { type: 'user', id: userId },
      action: 'notification_preferences.changed',
      // Where somebody lives and when they sleep is nobody's business but theirs.
      change: { email: wishes.email, push: wishes.push },
    });
    return preferencesOf(tx, userId);
  });
}
