import pg from 'pg';
import type { Logger } from '../../platform/logging.ts';

/** An open transaction. Everything that belongs to one step is written through the same one. */
export interface Tx {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

export interface Database {
  /** A connection of its own for every statement: for reads, and for writes that stand alone. */
  readonly pool: Tx;
  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  transaction<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 16;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** How long an operation waits for another one on the same object before it answers 429 `lock_timeout`. */
const LOCK_TIMEOUT_MS = 5_000;

export function openDatabase(url: string, log: Logger): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS * 3,
    application_name: 'wellpact-sandbox',
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => log.warn('An idle database connection broke', { error }));
  return {
    pool: prepared(pool),
    transaction: (work) => inTransaction(pool, work),
    close: () => pool.end(),
  };
}

/** Names of statements by their text; there are as many as the source has, since none is put together from data. */
const statementNames = new Map<string, string>();

/** Statements with values are prepared once per connection: planning them costs more than running them. */
function prepared(connection: Pick<pg.PoolClient, 'query'>): Tx {
  return {
    query: (text, values) => {
      if (values === undefined) return connection.query(text);
      const name = statementNames.get(text) ?? `sandbox_${statementNames.size + 1}`;
      statementNames.set(text, name);
      return connection.query({ name, text, values: [...values] });
    },
  };
}

async function inTransaction<Result>(pool: pg.Pool, work: (tx: Tx) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(prepared(client));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: unknown) => {
      // A connection that cannot roll back is not given back to the pool; the first error is the one to report.
      broken = rollbackError instanceof Error ? rollbackError : new Error(String(rollbackError));
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** True when PostgreSQL refused because another transaction holds the row, or because two waited for each other. */
export function isLockConflict(error: unknown): boolean {
  const code = error instanceof pg.DatabaseError ? error.code : undefined;
  return code === '55P03' || code === '40P01';
}
