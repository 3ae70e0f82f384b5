import type { Tx } from './database.ts';

/** An idempotency key is forgotten after this time of the sandbox's clock, as Stripe may do. */
export const KEY_LIFETIME_SECONDS = 24 * 60 * 60;

export interface KeyClaim {
  readonly account: string;
  readonly key: string;
  /** Method and path. */
  readonly endpoint: string;
  readonly parametersHash: string;
  readonly requestId: string;
  /** The sandbox's clock, in seconds. */
  readonly now: number;
}

export type ClaimOutcome =
  /** The key is ours: do the work, then {@link saveAnswer}. */
  | { readonly kind: 'claimed' }
  /** The work was done before: give the same answer again. */
  | { readonly kind: 'replay'; readonly status: number; readonly answer: string; readonly requestId: string }
  | KeyConflict;

export type KeyConflict =
  | { readonly kind: 'in-progress' }
  | { readonly kind: 'other-endpoint'; readonly endpoint: string }
  | { readonly kind: 'other-parameters' };

/** Claims the key before any work starts. Run outside the work's transaction, so that a second request sees it at once. */
export async function claimKey(tx: Tx, claim: KeyClaim): Promise<ClaimOutcome> {
  const forgottenBefore = claim.now - KEY_LIFETIME_SECONDS;
  await tx.query(
    'DELETE FROM sandbox.idempotency_keys WHERE account = $1 AND key = $2 AND created <= $3 AND status IS NOT NULL',
    [claim.account, claim.key, forgottenBefore],
  );
  const inserted = await tx.query(
    `INSERT INTO sandbox.idempotency_keys (account, key, endpoint, parameters_hash, created, request_id)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [claim.account, claim.key, claim.endpoint, claim.parametersHash, claim.now, claim.requestId],
  );
  if (inserted.rowCount === 1) return { kind: 'claimed' };
  const found = await tx.query<{
    endpoint: string;
    parameters_hash: string;
    status: number | null;
    answer: string | null;
    request_id: string;
  }>(
    `SELECT endpoint, parameters_hash, status, answer, request_id
     FROM sandbox.idempotency_keys WHERE account = $1 AND key = $2`,
    [claim.account, claim.key],
  );
  const row = found.rows[0];
  // The other request released the key between our two statements; the caller is told to try again, as if it still ran.
  if (row === undefined) return { kind: 'in-progress' };
  if (row.endpoint !== claim.endpoint) return { kind: 'other-endpoint', endpoint: row.endpoint };
  if (row.parameters_hash !== claim.parametersHash) return { kind: 'other-parameters' };
  if (row.status === null || row.answer === null) return { kind: 'in-progress' };
  return { kind: 'replay', status: row.status, answer: row.answer, requestId: row.request_id };
}

/** Stores the answer under its key, in the transaction that did the work. */
export async function saveAnswer(tx: Tx, account: string, key: string, status: number, answer: string): Promise<void> {
  await tx.query('UPDATE sandbox.idempotency_keys SET status = $3, answer = $4 WHERE account = $1 AND key = $2', [
    account,
    key,
    status,
    answer,
  ]);
}

/** Gives a claimed key back: the request never came to do anything. */
export async function releaseKey(tx: Tx, account: string, key: string): Promise<void> {
  await tx.query('DELETE FROM sandbox.idempotency_keys WHERE account = $1 AND key = $2 AND status IS NULL', [
    account,
    key,
  ]);
}
