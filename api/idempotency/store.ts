import type { Database } from '../../platform/database.ts';

/** Which request: the caller (or `anonymous`), the route's operationId, and the hash of the `Idempotency-Key`. */
export interface RecordKey {
  readonly scope: string;
  readonly operation: string;
  readonly keyHash: Buffer;
}

/** A request as it was remembered. */
export interface IdempotencyRecord {
  readonly requestHash: Buffer;
  readonly operationUuid: string;
  /** Somebody works on it now; when they die, the claim runs out. */
  readonly claimed: boolean;
  /** Where to look for what the request makes, once that is known. */
  readonly location: string | undefined;
  /** The final answer, encrypted. */
  readonly answer: Buffer | undefined;
}

/** How long a claim lasts: longer than a request may take, so that a live handler is not overtaken. */
const LEASE_SECONDS = 30;
/** How long a record is kept. Stripe forgets its keys after 24 hours; a client's repeats are over long before 48. */
export const RETENTION_HOURS = 48;

/** Tells one claim of a record from the next one: until when it lasts, to the microsecond. */
export type Claim = string;

/** Makes the record, claimed, unless it is there. @returns the claim, or undefined when the record was there */
export async function createRecord(
  database: Database,
  key: RecordKey,
  requestHash: Buffer,
  operationUuid: string,
): Promise<Claim | undefined> {
  const { rows } = await database.query<{ claim: Claim }>({
    name: 'idempotency_create',
    text: `INSERT INTO api.idempotency_records (scope, operation, key_hash, request_hash, operation_uuid, claimed_until)
           VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6)) ON CONFLICT DO NOTHING
           RETURNING claimed_until::text AS claim`,
    values: [key.scope, key.operation, key.keyHash, requestHash, operationUuid, LEASE_SECONDS],
  });
  return rows[0]?.claim;
}

/** Takes over a record whose claim has run out. @returns the claim, or undefined when somebody else was faster */
export async function claimRecord(database: Database, key: RecordKey): Promise<Claim | undefined> {
  const { rows } = await database.query<{ claim: Claim }>({
    name: 'idempotency_claim',
    text: `UPDATE api.idempotency_records SET claimed_until = now() + make_interval(secs => $4)
           WHERE scope = $1 AND operation = $2 AND key_hash = $3 AND answer IS NULL AND claimed_until <= now()
           RETURNING claimed_until::text AS claim`,
    values: [key.scope, key.operation, key.keyHash, LEASE_SECONDS],
  });
  return rows[0]?.claim;
}

export async function readRecord(database: Database, key: RecordKey): Promise<IdempotencyRecord | undefined> {
  const result = await database.query<{
    request_hash: Buffer;
    operation_uuid: string;
    claimed: boolean;
    location: string | null;
    answer: Buffer | null;
  }>({
    name: 'idempotency_read',
    text: `SELECT request_hash, operation_uuid, claimed_until > now() AS claimed, location, answer
           FROM api.idempotency_records WHERE scope = $1 AND operation = $2 AND key_hash = $3`,
    values: [key.scope, key.operation, key.keyHash],
  });
  const row = result.rows[0];
  return (
    row && {
      requestHash: row.request_hash,
      operationUuid: row.operation_uuid,
      claimed: row.claimed,
      location: row.location ?? undefined,
      answer: row.answer ?? undefined,
    }
  );
}

/** Keeps the final answer. @returns false when another run of the request was first: its answer is the one that counts */
export async function storeAnswer(database: Database, key: RecordKey, answer: Buffer): Promise<boolean> {
  const result = await database.query({
    name: 'idempotency_answer',
    text: `UPDATE api.idempotency_records SET answer = $4
           WHERE scope = $1 AND operation = $2 AND key_hash = $3 AND answer IS NULL`,
    values: [key.scope, key.operation, key.keyHash, answer],
  });
  return result.rowCount === 1;
}

/**
 * Ends a run without a final answer. If the claim is still its own, the next repeat goes ahead at once; a claim that
 * somebody else has taken over meanwhile stays theirs.
 * @param claim undefined for a run that joined another one's
 */
export async function releaseClaim(
  database: Database,
  key: RecordKey,
  claim: Claim | undefined,
  location: string | undefined,
): Promise<void> {
  await database.query({
    name: 'idempotency_release',
    text: `UPDATE api.idempotency_records
           SET claimed_until = CASE WHEN claimed_until = $4::timestamptz THEN now() ELSE claimed_until END,
               location = coalesce($5, location)
           WHERE scope = $1 AND operation = $2 AND key_hash = $3 AND answer IS NULL`,
    values: [key.scope, key.operation, key.keyHash, claim ?? null, location ?? null],
  });
}

/** Deletes at most `limit` records past their time. @returns how many it deleted */
export async function deleteOldRecords(database: Database, limit: number): Promise<number> {
  const result = await database.query({
    name: 'idempotency_delete_old',
    text: `DELETE FROM api.idempotency_records WHERE (scope, operation, key_hash) IN (
             SELECT scope, operation, key_hash FROM api.idempotency_records
             WHERE created_at < now() - make_interval(hours => $1)
             ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
    values: [RETENTION_HOURS, limit],
  });
  return result.rowCount ?? 0;
}
