import { createHash, randomBytes } from 'node:crypto';
import type { SessionId, UserId } from '../../contracts/ids.ts';
import { audit } from '../../platform/audit.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import { judgeRefresh } from './rules.ts';
import * as store from './session-store.ts';
import { type Account, findAccount } from './store.ts';

/** A session and the refresh token that is good for it now. The token is given out once and stored as a hash only. */
export interface OpenSession {
  readonly sessionId: SessionId;
  readonly account: Account;
  readonly refreshToken: string;
}

/** Signs the account in. */
export async function startSession(db: Database, account: Account): Promise<OpenSession> {
  const sessionId = newId('ses');
  return db.transaction(async (tx) => {
    await store.insertSession(tx, sessionId, account.id);
    const refreshToken = await issueRefreshToken(tx, sessionId, 1);
    await note(tx, sessionId, account.id, 'session.started', {});
    return { sessionId, account, refreshToken };
  });
}

/** A refresh token that was used before came again. The session of this user was ended for it. */
export interface ReusedToken {
  readonly reusedBy: UserId;
}

/**
 * Gives a new refresh token for the one that comes, which is no longer good then. A token that was replaced before comes
 * from somebody who copied it, or from its owner after somebody else used the copy: the whole session ends.
 * @returns undefined when the token is unknown or its session is over
 */
export async function refreshSession(
  db: Database,
  refreshToken: string,
): Promise<OpenSession | ReusedToken | undefined> {
  return db.transaction(async (tx) => {
    const found = await store.lockByRefreshToken(tx, hashOf(refreshToken));
    if (found === undefined) return undefined;
    const { session, presented } = found;
    const verdict = judgeRefresh(presented, session, new Date());
    if (verdict === 'reused') {
      await store.endSession(tx, session.id, 'token_reuse');
      await note(tx, session.id, session.userId, 'session.ended', { reason: 'token_reuse' });
      return { reusedBy: session.userId };
    }
    if (verdict !== 'rotate' && verdict !== 'again') return undefined;
    const account = await findAccount(tx, session.userId);
    if (account === undefined) throw new Error(`session ${session.id} has no account`);
    // A client that asks several times at once gets several tokens of one generation, and keeps one of them.
    const generation = verdict === 'again' ? session.generation : session.generation + 1;
    if (verdict === 'rotate') await store.rotateSession(tx, session.id, generation);
    return { sessionId: session.id, account, refreshToken: await issueRefreshToken(tx, session.id, generation) };
  });
}

/** Signs out: neither token of the session is good from now on. Done already is done. */
export async function endSession(db: Database, sessionId: SessionId, userId: UserId): Promise<void> {
  await db.transaction(async (tx) => {
    if (!(await store.endSession(tx, sessionId, 'sign_out'))) return;
    await note(tx, sessionId, userId, 'session.ended', { reason: 'sign_out' });
  });
}

async function issueRefreshToken(tx: Tx, sessionId: SessionId, generation: number): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await store.insertRefreshToken(tx, { tokenHash: hashOf(token), sessionId, generation });
  return token;
}

/** Plain SHA-256 is enough: the token has 256 random bits, so there is nothing to guess. */
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** A session has an audit chain of its own, so that many sign-ins of one account do not wait for each other. */
async function note(
  tx: Tx,
  sessionId: SessionId,
  userId: UserId,
  action: string,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  await audit(tx, {
    subjectType: 'session',
    subjectId: sessionId,
    actor: { type: 'user', id: userId },
    action,
    change: { userId, ...change },
  });
}
