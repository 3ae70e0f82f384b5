import type { DeviceId, UserId } from '../../contracts/ids.ts';
import { audit } from '../../platform/audit.ts';
import type { Database } from '../../platform/database.ts';
import { notFound } from '../../platform/errors.ts';
import { type Device, deleteDevice, forgetOldDevices, lockDevices, type NewDevice, putDevice } from './device-store.ts';

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
