import type { Tx } from './database.ts';

/** One thing that truly happened at a provider. The log is written in the transaction that made it happen. */
export interface LogEntry {
  readonly at: Date;
  readonly provider: 'stripe' | 'onfido';
  /** What happened: see docs/reference/sandbox.md for all kinds. */
  readonly kind: string;
  /** The object it happened to. */
  readonly id: string;
  /** Minor units; absent where no money moved. */
  readonly amount?: number | undefined;
  /** Lower case, as the provider writes it. */
  readonly currency?: string | undefined;
  readonly transferGroup?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
  /** The connected account on whose balance it happened; null for the platform's. */
  readonly account?: string | null | undefined;
}

export interface LogFilter {
  readonly account?: string | undefined;
  readonly transferGroup?: string | undefined;
  readonly kind?: string | undefined;
  readonly id?: string | undefined;
}

/** The most lines that one read returns. */
const MAX_LOG_LINES = 100_000;

export async function writeLog(tx: Tx, entry: LogEntry): Promise<void> {
  await tx.query(
    `INSERT INTO sandbox.log (at, provider, kind, id, amount, currency, transfer_group, idempotency_key, account)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      entry.at,
      entry.provider,
      entry.kind,
      entry.id,
      entry.amount ?? null,
      entry.currency ?? null,
      entry.transferGroup ?? null,
      entry.idempotencyKey ?? null,
      entry.account ?? null,
    ],
  );
}

interface LogRow {
  at: Date;
  provider: string;
  kind: string;
  id: string;
  amount: string | null;
  currency: string | null;
  transfer_group: string | null;
  idempotency_key: string | null;
  account: string | null;
}

/** What happened, oldest first, as JSON lines would show it. */
export async function readLog(tx: Tx, filter: LogFilter): Promise<readonly Record<string, unknown>[]> {
  const found = await tx.query<LogRow>(
    `SELECT at, provider, kind, id, amount, currency, transfer_group, idempotency_key, account FROM sandbox.log
     WHERE ($1::text IS NULL OR transfer_group = $1) AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR id = $3)
       AND ($4::text IS NULL OR account = $4)
     ORDER BY sequence LIMIT ${MAX_LOG_LINES}`,
    [filter.transferGroup ?? null, filter.kind ?? null, filter.id ?? null, filter.account ?? null],
  );
  return found.rows.map((row) => ({
    at: row.at.toISOString(),
    provider: row.provider,
    kind: row.kind,
    id: row.id,
    amount: row.amount === null ? null : Number(row.amount),
    currency: row.currency,
    transferGroup: row.transfer_group,
    idempotencyKey: row.idempotency_key,
    account: row.account,
  }));
}
