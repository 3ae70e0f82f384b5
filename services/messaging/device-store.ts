import { createHash } from 'node:crypto';
import type { DeviceId, UserId } from '../../contracts/ids.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import { MAX_DEVICES, type Platform } from './rules.ts';

/** An app on somebody's device, as FCM knows it. */
export interface Device {
  readonly id: DeviceId;
  readonly platform: Platform;
  /** When it was last registered: apps do so at every start. */
  readonly registeredAt: Date;
}

export interface NewDevice {
  readonly id: DeviceId;
  readonly userId: UserId;
  readonly platform: Platform;
  readonly token: string;
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/**
 * Puts a device down as the user's, whoever it was before. @returns it; under the id it has, if it was the user's already
 */
export async function putDevice(tx: Tx, { id, userId, platform, token }: NewDevice): Promise<Device> {
  const { rows } = await tx.query<{ id: DeviceId; platform: Platform; registered_at: Date }>({
    name: 'devices_put',
    text: `INSERT INTO messaging.devices AS device (id, user_id, platform, token, token_hash)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT ON CONSTRAINT devices_token DO UPDATE
              SET id = CASE WHEN device.user_id = excluded.user_id THEN device.id ELSE excluded.id END,
                  user_id = excluded.user_id, platform = excluded.platform, registered_at = now()
           RETURNING id, platform, registered_at`,
    values: [id, userId, platform, token, hashOf(token)],
  });
  const [row] = rows;
  if (row === undefined) throw new Error(`the device ${id} was not written`);
  return { id: row.id, platform: row.platform, registeredAt: row.registered_at };
}

/** Lets nobody else change this user's devices until the transaction ends. */
export async function lockDevices(tx: Tx, userId: UserId): Promise<void> {
  await tx.query({
    name: 'devices_lock',
    text: `SELECT pg_advisory_xact_lock(hashtextextended('messaging.devices/' || $1, 0))`,
    values: [userId],
  });
}

/** Forgets all but the {@link MAX_DEVICES} that were registered last. */
export async function forgetOldDevices(tx: Tx, userId: UserId): Promise<void> {
  await tx.query({
    name: 'devices_forget_old',
    text: `DELETE FROM messaging.devices WHERE id IN (
             SELECT id FROM messaging.devices WHERE user_id = $1 ORDER BY registered_at DESC, id DESC OFFSET $2)`,
    values: [userId, MAX_DEVICES],
  });
}

/** @returns false when there is no such device of this user */
export async function deleteDevice(db: Queryable, id: DeviceId, userId: UserId): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'devices_delete',
    text: 'DELETE FROM messaging.devices WHERE id = $1 AND user_id = $2',
    values: [id, userId],
  });
  return rowCount === 1;
}

/**
 * Forgets a device that FCM no longer knows, unless it was registered anew since. Compared by the millisecond, which is as
 * much as a `Date` keeps.
 */
export async function dropToken(db: Queryable, token: string, knownSince: Date): Promise<void> {
  await db.query({
    name: 'devices_drop_token',
    text: `DELETE FROM messaging.devices
            WHERE token_hash = $1 AND date_trunc('milliseconds', registered_at) <= $2`,
    values: [hashOf(token), knownSince],
  });
}

/** A person's devices, the one registered last first. */
export async function listDevices(db: Queryable, userId: UserId): Promise<Device[]> {
  const { rows } = await db.query<{ id: DeviceId; platform: Platform; registered_at: Date }>({
    name: 'devices_list',
    text: `SELECT id, platform, registered_at FROM messaging.devices WHERE user_id = $1
            ORDER BY registered_at DESC, id DESC LIMIT $2`,
    values: [userId, MAX_DEVICES],
  });
  return rows.map(({ id, platform, registered_at: registeredAt }) => ({ id, platform, registeredAt }));
}

/** Where a person's pushes go. */
export interface PushTarget {
  readonly id: DeviceId;
  readonly token: string;
  readonly registeredAt: Date;
}

export async function pushTargets(db: Queryable, userId: UserId): Promise<PushTarget[]> {
  const { rows } = await db.query<{ id: DeviceId; token: string; registered_at: Date }>({
    name: 'devices_of_user',
    text: `SELECT id, token, registered_at FROM messaging.devices WHERE user_id = $1 ORDER BY registered_at DESC LIMIT $2`,
    values: [userId, MAX_DEVICES],
  });
  return rows.map(({ id, token, registered_at: registeredAt }) => ({ id, token, registeredAt }));
}
