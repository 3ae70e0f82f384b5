import type { Tx } from './database.ts';

/** A push somebody sent to a device: all of them end here. */
export interface CaughtPush {
  readonly id: number;
  readonly at: string;
  readonly token: string;
  /** As it was sent: FCM's `Message`. */
  readonly message: Readonly<Record<string, unknown>>;
}

/** Older pushes are thrown away beyond this number. */
const MAX_PUSHES = 10_000;

export async function storePush(tx: Tx, token: string, message: object): Promise<number> {
  const { rows } = await tx.query<{ id: string }>(
    'INSERT INTO sandbox.pushes (token, message) VALUES ($1, $2) RETURNING id',
    [token, JSON.stringify(message)],
  );
  await tx.query('DELETE FROM sandbox.pushes WHERE id <= (SELECT max(id) FROM sandbox.pushes) - $1', [MAX_PUSHES]);
  return Number(rows[0]?.id);
}

/** Caught pushes, newest first. */
export async function readPushes(
  tx: Tx,
  filter: { token?: string | undefined; limit: number },
): Promise<readonly CaughtPush[]> {
  const found = await tx.query<{ id: string; at: Date; token: string; message: Record<string, unknown> }>(
    `SELECT id, at, token, message FROM sandbox.pushes WHERE ($1::text IS NULL OR token = $1) ORDER BY id DESC LIMIT $2`,
    [filter.token ?? null, filter.limit],
  );
  return found.rows.map(({ id, at, ...push }) => ({ id: Number(id), at: at.toISOString(), ...push }));
}
