import type { SessionId, UserId } from '../../contracts/ids.ts';
import type { Database, Queryable, Tx } from '../../platform/database.ts';
import { SESSION_ABSOLUTE_DAYS, SESSION_IDLE_DAYS } from './rules.ts';

export interface Session {
  readonly id: SessionId;
  readonly userId: UserId;
  /** Of the refresh token that is good now. */
  readonly generation: number;
  readonly rotatedAt: Date;
  /** Signed out, revoked or past its time. */
  readonly over: boolean;
}

export async function insertSession(tx: Tx, id: SessionId, userId: UserId): Promise<void> {
  await tx.query({
    name: 'sessions_insert',
    text: `INSERT INTO users.sessions (id, user_id, idle_until, expires_at)
           VALUES ($1, $2, now() + make_interval(days => $3), now() + make_interval(days => $4))`,
    values: [id, userId, SESSION_IDLE_DAYS, SESSION_ABSOLUTE_DAYS],
  });
}

export async function insertRefreshToken(
  tx: Tx,
  token: { readonly tokenHash: Buffer; readonly sessionId: SessionId; readonly generation: number },
): Promise<void> {
  await tx.query({
    name: 'sessions_insert_refresh_token',
    text: `INSERT INTO users.refresh_tokens (token_hash, session_id, generation) VALUES ($1, $2, $3)`,
    values: [token.tokenHash, token.sessionId, token.generation],
  });
}

/** The session that a refresh token was given out for, locked, and the token's own generation. */
export async function lockByRefreshToken(
  tx: Tx,
  tokenHash: Buffer,
): Promise<{ session: Session; presented: number } | undefined> {
  const result = await tx.query<{
    id: SessionId;
    user_id: UserId;
    generation: number;
    rotated_at: Date;
    over: boolean;
    presented: number;
  }>({
    name: 'sessions_lock_by_refresh_token',
    text: `SELECT s.id, s.user_id, s.generation, s.rotated_at, t.generation AS presented,
                  s.ended_at IS NOT NULL OR s.idle_until <= now() OR s.expires_at <= now() AS over
           FROM users.refresh_tokens t JOIN users.sessions s ON s.id = t.session_id
           WHERE t.token_hash = $1 FOR UPDATE OF s`,
    values: [tokenHash],
  });
  const row = result.rows[0];
  if (row === undefined) return undefined;
  const { id, user_id: userId, generation, rotated_at: rotatedAt, over, presented } = row;
  return { session: { id, userId, generation, rotatedAt, over }, presented };
}

export async function rotateSession(tx: Tx, id: SessionId, generation: number): Promise<void> {
  await tx.query({
    name: 'sessions_rotate',
    text: `UPDATE users.sessions
           SET generation = $2, rotated_at = clock_timestamp(), idle_until = now() + make_interval(days => $3)
           WHERE id = $1`,
    values: [id, generation, SESSION_IDLE_DAYS],
  });
}

/** @returns true when it was this call that ended the session */
export async function endSession(tx: Tx, id: SessionId, reason: 'sign_out' | 'token_reuse'): Promise<boolean> {
  const result = await tx.query({
    name: 'sessions_end',
    text: `UPDATE users.sessions SET ended_at = now(), end_reason = $2 WHERE id = $1 AND ended_at IS NULL`,
    values: [id, reason],
  });
  return result.rowCount === 1;
}

/** Who is signed in by a session now, with the roles and the verification as they stand now. */
export interface ActiveSession {
  readonly userId: UserId;
  readonly roles: readonly string[];
  readonly emailVerified: boolean;
}

export async function findActiveSession(db: Queryable, id: string): Promise<ActiveSession | undefined> {
  const result = await db.query<{ user_id: UserId; roles: string[]; email_verified: boolean }>({
    name: 'sessions_find_active',
    text: `SELECT s.user_id, a.roles, a.email_verified_at IS NOT NULL AS email_verified
           FROM users.sessions s JOIN users.accounts a ON a.id = s.user_id
           WHERE s.id = $1 AND s.ended_at IS NULL AND s.idle_until > now() AND s.expires_at > now()`,
    values: [id],
  });
  const row = result.rows[0];
  return row && { userId: row.user_id, roles: row.roles, emailVerified: row.email_verified };
}

/**
 * Deletes at most `limit` sessions that have been over for longer than the absolute lifetime: until then a token of
 * theirs is known for what it is. @returns how many it deleted
 */
export async function deleteOldSessions(db: Database, limit: number): Promise<number> {
  const result = await db.query({
    name: 'sessions_delete_old',
    text: `DELETE FROM users.sessions WHERE id IN (
             SELECT id FROM users.sessions WHERE idle_until < now() - make_interval(days => $1)
             ORDER BY idle_until LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    values: [SESSION_ABSOLUTE_DAYS, limit],
  });
  return result.rowCount ?? 0;
}
