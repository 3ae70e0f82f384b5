import type { Tx } from './database.ts';

export const FAULT_KINDS = ['error', 'rate_limit', 'timeout', 'reset', 'lost_reply', 'late_reply', 'slow'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What goes wrong with the next requests of a kind. */
export interface Fault {
  readonly id: string;
  readonly provider: 'stripe' | 'onfido';
  /** Null for any. */
  readonly method: string | null;
  /** The operation's path as the provider documents it (`/v1/charges/{charge}`), or with ids in it (`/v1/charges/ch_1`); null for any. */
  readonly path: string | null;
  /** With what the idempotency key of a request begins; null for any, also for none. */
  readonly idempotencyKey: string | null;
  readonly kind: FaultKind;
  /** `slow`, `late_reply`: how long the request waits before or after its work; `timeout`: how long no answer comes before the connection is closed. */
  readonly delayMs: number;
  /** How likely a request that fits is hit, above 0 and at most 1. */
  readonly chance: number;
  /** How many requests it hits. */
  readonly remaining: number;
}

const COLUMNS = `id::text AS id, provider, method, path, idempotency_key AS "idempotencyKey", kind, delay_ms AS "delayMs", chance,
  remaining`;

export async function addFault(tx: Tx, fault: Omit<Fault, 'id'>): Promise<void> {
  const { provider, method, path, idempotencyKey, kind, delayMs, chance, remaining } = fault;
  await tx.query(
    `INSERT INTO sandbox.faults (provider, method, path, idempotency_key, kind, delay_ms, chance, remaining)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [provider, method, path, idempotencyKey, kind, delayMs, chance, remaining],
  );
}

/** What a request is known by. */
export interface FaultyRequest {
  readonly provider: Fault['provider'];
  readonly method: string;
  /** As the provider documents it. */
  readonly path: string;
  /** As it was asked for, without its query. */
  readonly url: string;
  /** Empty for none. */
  readonly idempotencyKey: string;
}

/** The oldest fault that fits this request, used once. */
export async function takeFault(tx: Tx, request: FaultyRequest): Promise<Fault | undefined> {
  const taken = await tx.query<Fault>(
    `UPDATE sandbox.faults SET remaining = remaining - 1
     WHERE id = (
       SELECT id FROM sandbox.faults
       WHERE remaining > 0 AND provider = $1 AND (method IS NULL OR method = $2) AND (path IS NULL OR path IN ($3, $4))
         AND (idempotency_key IS NULL OR starts_with($5, idempotency_key)) AND random() < chance
       ORDER BY id LIMIT 1 FOR UPDATE
     )
     RETURNING ${COLUMNS}`,
    [request.provider, request.method, request.path, request.url, request.idempotencyKey],
  );
  return taken.rows[0];
}

/** The faults that are not used up, oldest first. */
export async function faults(tx: Tx): Promise<readonly Fault[]> {
  const found = await tx.query<Fault>(`SELECT ${COLUMNS} FROM sandbox.faults WHERE remaining > 0 ORDER BY id`);
  return found.rows;
}

export async function clearFaults(tx: Tx): Promise<void> {
  await tx.query('DELETE FROM sandbox.faults');
}
