/**
 * What stands on each account. No row holds a balance that every posting would have to wait for: a balance is the newest
 * snapshot and the entries since.
 *
 * An entry knows the database transaction that wrote it. A snapshot has the entries of all transactions before a certain
 * one, below which none is running any more: what commits later, with whatever number, is not in it and comes on top.
 */
import type { Database, Queryable } from '../../platform/database.ts';
import type { LedgerAccount } from './ledger-accounts.ts';

export interface AccountBalance {
  readonly account: LedgerAccount;
  readonly currency: string;
  /** Debits minus credits, minor units. */
  readonly balance: number;
}

/** A snapshot that was taken. */
export interface Snapshot {
  readonly id: number;
  /** It has the entries of all database transactions before this one, and no other. */
  readonly before: string;
  /** How many. */
  readonly entries: number;
  readonly takenAt: Date;
}

/** @returns undefined when none was taken yet */
export async function newestSnapshot(db: Queryable): Promise<Snapshot | undefined> {
  // One of another server, from which a backup was restored, may be of a time that has not come here yet.
  const { rows } = await db.query<{ [Member in keyof Snapshot]: Snapshot[Member] }>({
    name: 'ledger_newest_snapshot',
    text: `SELECT id, before::text, entries, taken_at AS "takenAt" FROM ledger.snapshots
            WHERE before <= pg_snapshot_xmax(pg_current_snapshot()) ORDER BY id DESC LIMIT 1`,
  });
  return rows[0];
}

/**
 * The balances, by account and currency in the order of their names. Reads what came since the newest snapshot.
 * @param after goes on behind this one: `held/EUR`
 */
export async function accountBalances(
  db: Queryable,
  after: string | undefined,
  limit: number,
): Promise<AccountBalance[]> {
  const snapshot = await newestSnapshot(db);
  const [account = '', currency = ''] = after?.split('/') ?? [];
  // Without a name, so that it is planned for this snapshot: how much came since decides how it is read.
  const { rows } = await db.query<AccountBalance>({
    text: `WITH parts AS (
             SELECT account, currency, balance AS amount FROM ledger.snapshot_balances WHERE snapshot_id = $4
             UNION ALL
             SELECT account, currency, amount FROM ledger.entries
              WHERE ${snapshot === undefined ? '$5::xid8 IS NULL' : 'created_in >= $5::xid8'}
           )
           SELECT account, currency, sum(amount)::bigint AS balance FROM parts
            WHERE (account COLLATE "C", currency COLLATE "C") > ($1, $2)
            GROUP BY account, currency ORDER BY account COLLATE "C", currency COLLATE "C" LIMIT $3`,
    values: [account, currency, limit, snapshot?.id ?? null, snapshot?.before ?? null],
  });
  return rows;
}

/** So many snapshots stay. */
const KEPT = 10;
/** Two takers at once would do the same work; the lock is ours alone. */
const LOCK_ID = 7_305_819_264_002;

/**
 * Takes a snapshot: the one before, and what has come since. Costs what has come since.
 * @returns how many entries have come since; 0 when nothing had to be taken, or another one is at it
 */
export async function takeSnapshot(db: Database): Promise<number> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<{ locked: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS locked', [LOCK_ID]);
    if (rows[0]?.locked !== true) return 0;
    const last = await newestSnapshot(tx);
    // One statement, so that what is over, and what it wrote, is seen at one moment.
    const taken = await tx.query<{ id: number; fresh: number }>({
      text: `WITH bound AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS before),
             fresh AS (
               SELECT account, currency, sum(amount) AS amount, count(*) AS entries FROM ledger.entries
                WHERE ${last === undefined ? '$2::xid8 IS NULL' : 'created_in >= $2::xid8'}
                  AND (created_in IS NULL OR created_in < (SELECT before FROM bound))
                GROUP BY account, currency
             ), snapshot AS (
               INSERT INTO ledger.snapshots (before, entries)
               SELECT bound.before, $3 + sum(fresh.entries) FROM bound, fresh GROUP BY bound.before
               RETURNING id
             ), parts AS (
               SELECT account, currency, balance AS amount FROM ledger.snapshot_balances WHERE snapshot_id = $1
               UNION ALL
               SELECT account, currency, amount FROM fresh
             ), balances AS (
               INSERT INTO ledger.snapshot_balances (snapshot_id, account, currency, balance)
               SELECT snapshot.id, account, currency, sum(amount) FROM parts, snapshot GROUP BY snapshot.id, account, currency
             )
             SELECT id, (SELECT sum(entries) FROM fresh)::bigint AS fresh FROM snapshot`,
      values: [last?.id ?? null, last?.before ?? null, last?.entries ?? 0],
    });
    const snapshot = taken.rows[0];
    if (snapshot === undefined) return 0;
    await tx.query('DELETE FROM ledger.snapshots WHERE id <= $1', [snapshot.id - KEPT]);
    return snapshot.fresh;
  });
}
