import pg from 'pg';
import type { Logger } from './logging.ts';
import { SpanKind, type SpanOptions, tracedWithin } from './tracing.ts';

const { Pool, types } = pg;

// Amounts and counters are `bigint` columns. They arrive as numbers as long as they are exact, and fail loudly otherwise:
// a silently rounded amount of money is worse than an error.
types.setTypeParser(types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit into a JavaScript number`);
  return value;
});
// A calendar date is not an instant: keep `YYYY-MM-DD` as it is.
types.setTypeParser(types.builtins.DATE, (text) => text);

/** What a store function takes: an open transaction, or the pool where one statement is all it needs. */
export interface Queryable {
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    query: string | pg.QueryConfig,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

/** An open transaction. Only {@link Database.transaction} makes one. */
export interface Tx extends Queryable {
  readonly isTransaction: true;
}

/** A pool of connections with bounded waits, and transactions that repeat themselves where PostgreSQL asks for it. */
export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it rejects.
   * Repeated, at most {@link MAX_ATTEMPTS} times in all, when PostgreSQL reports a serialisation failure or a deadlock;
   * so `work` must do nothing outside the transaction.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A connection of its own, for LISTEN and for session-level locks. The caller ends it. */
  connect(): Promise<pg.Client>;
  close(): Promise<void>;
  /** Connections in use, idle and waited for, for metrics. */
  stats(): { total: number; idle: number; waiting: number };
}

export interface DatabaseOptions {
  url: string;
  /** At most this many connections. */
  maxConnections: number;
  /** Shown in `pg_stat_activity`. */
  applicationName: string;
  log: Logger;
}

const MAX_ATTEMPTS = 5;
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

export function openDatabase(options: DatabaseOptions): Database {
  const connection = {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 10_000,
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
  };
  const pool = new Pool({ ...connection, max: options.maxConnections, idleTimeoutMillis: 30_000 });
  // Without a listener, a connection that breaks while idle (a restart of PostgreSQL) would end the process.
  pool.on('error', (error) => options.log.warn('an idle database connection broke', { error: error.message }));

  return {
    query: (query, values) => spanned(query, () => pool.query(query, values)),
    transaction: (work) =>
      tracedWithin(
        'transaction',
        () => SQL,
        () => inTransaction(pool, work),
      ),
    connect: async () => {
      const client = new pg.Client({ ...connection, statement_timeout: 0, idle_in_transaction_session_timeout: 0 });
      client.on('error', (error) => options.log.warn('a database connection broke', { error: error.message }));
      await client.connect();
      return client;
    },
    close: () => pool.end(),
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  };
}

const SQL: SpanOptions = { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } };

/** A statement as a span, by its name: the text of each stands once in the code, and its values are nobody's business. */
function spanned<T>(query: string | pg.QueryConfig, work: () => Promise<T>): Promise<T> {
  const summary = typeof query === 'string' ? undefined : query.name;
  const name = summary ?? 'statement without a name';
  const options = () => ({ ...SQL, attributes: { ...SQL.attributes, 'db.query.summary': name } });
  return tracedWithin(name, options, work);
}

async function inTransaction<T>(pool: pg.Pool, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const tx: Tx = {
        isTransaction: true,
        query: (query, values) => spanned(query, () => client.query(query, values)),
      };
      const result = await work(tx);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((rollbackError: Error) => {
        broken = rollbackError;
      });
      if (attempt >= MAX_ATTEMPTS || !isRepeatable(error)) throw error;
    } finally {
      // A connection that could not even roll back is thrown away rather than handed to the next caller.
      client.release(broken);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** attempt));
  }
}

function isRepeatable(error: unknown): boolean {
  const code = pgErrorCode(error);
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED;
}

/** The SQLSTATE of an error from PostgreSQL, or undefined for any other error. */
export function pgErrorCode(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** The name of the constraint that a statement violated, or undefined when it was something else. */
export function violatedConstraint(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.constraint : undefined;
}
