/** The face of the messaging service: devices, preferences, and what people are told. */
import type { DeviceId, UserId } from '../../contracts/ids.ts';
import { audit } from '../../platform/audit.ts';
import type { Database, Queryable } from '../../platform/database.ts';
import { notFound } from '../../platform/errors.ts';
import { getUser } from '../users/index.ts';
import {
  type Device,
  deleteDevice,
  findPreferences,
  forgetOldDevices,
  lockDevices,
  type NewDevice,
  putDevice,
  putPreferences,
  type StoredPreferences,
} from './store.ts';
import { mainTimeZone } from './time-zone-rules.ts';

export {
  type ClaimedNotification,
  claimNotification,
  deleteOldNotifications,
  markReached,
  type Notification,
  notificationBacklog,
  postponeNotification,
  type Settlement,
  settleNotification,
} from './notification-store.ts';
export { type Message, type MessagingLinks, messageOf, queueNotifications, type Tellable } from './notifications.ts';
export { type Device, dropToken, type NewDevice, type PushTarget, pushTargets } from './store.ts';

/**
 * Puts a device down as the user's: a token belongs to whoever registered it last. One that is theirs already keeps its id.
 * Beyond the most that one person has, the device that was registered the longest ago is forgotten.
 */
export async function registerDevice(db: Database, device: NewDevice): Promise<Device> {
  return db.transaction(async (tx) => {
    await lockDevices(tx, device.userId);
    const registered = await putDevice(tx, device);
    await forgetOldDevices(tx, device.userId);
    if (registered.id === device.id) {
      await audit(tx, {
        subjectType: 'device',
        subjectId: device.id,
        actor: { type: 'user', id: device.userId },
        action: 'device.registered',
        change: { userId: device.userId, platform: device.platform },
      });
    }
    return registered;
  });
}

/** Forgets a device. @throws Problem 404 when it is none of the user's */
export async function removeDevice(db: Database, id: DeviceId, userId: UserId): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await deleteDevice(tx, id, userId))) throw notFound('device');
    await audit(tx, {
      subjectType: 'device',
      subjectId: id,
      actor: { type: 'user', id: userId },
      action: 'device.removed',
      change: { userId },
    });
  });
}

/** How a person is told things. */
export interface Preferences {
  /** The zone in which times are told. */
  readonly timeZone: string;
  readonly email: boolean;
  readonly push: boolean;
}

const UNSAID: StoredPreferences = { timeZone: null, email: true, push: true };

/** What a person has said, and for the rest: every channel, and the main time zone of their country. */
export async function preferencesOf(db: Queryable, userId: UserId): Promise<Preferences> {
  const said = (await findPreferences(db, userId)) ?? UNSAID;
  return {
    ...said,
    timeZone: said.timeZone ?? mainTimeZone((await getUser(db, userId))?.country ?? ''),
  };
}

/** Replaces what a person has said. Said again, it changes nothing. */
export async function changePreferences(db: Database, userId: UserId, wishes: StoredPreferences): Promise<Preferences> {
  await db.transaction(async (tx) => {
    if (!(await putPreferences(tx, userId, wishes))) return;
    await audit(tx, {
      subjectType: 'notification_preferences',
      subjectId: userId,
      actor: { type: 'user', id: userId },
      action: 'notification_preferences.changed',
      change: { email: wishes.email, push: wishes.push },
    });
  });
  return preferencesOf(db, userId);
}
