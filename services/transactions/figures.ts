/** How the purchases stand as a whole, for those who run the platform: sums and ages, nobody's purchase in particular. */
import type { PurchaseId } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';
import { ACCOUNTS, type Account, SOURCES } from './money.ts';
import { BOOK_COLUMNS } from './purchase-record.ts';
import { FINAL_STATES } from './rules.ts';
import { inProgressForLong, pastDeadline } from './store.ts';

/** The accounts of a purchase in which money waits for somebody. */
export const WAITING_ACCOUNTS = ['held', 'payable', 'owed_to_buyer', 'advanced'] as const;

export interface PurchaseFigures {
  readonly open: readonly { readonly state: string; readonly count: number }[];
  /** Minor units. */
  readonly money: readonly { readonly account: string; readonly currency: string; readonly amount: number }[];
  readonly blocked: CountAndAge;
  /** Those whose money staff have paused. */
  readonly paused: CountAndAge;
}

interface CountAndAge {
  readonly count: number;
  readonly oldestSeconds: number;
}

/**
 * Written out, and not a parameter: only so does PostgreSQL see that the partial indexes of migration 0021 hold all it
 * needs. What has ended and waits for nothing is in none of them, so that the cost does not grow with the years.
 */
const OPEN = `state NOT IN (${FINAL_STATES.map((state) => `'${state}'`).join(', ')})`;
const MONEY_WAITS = `(${WAITING_ACCOUNTS.map((account) => `${account} > 0`).join(' OR ')})`;

export async function purchaseFigures(db: Queryable): Promise<PurchaseFigures> {
  const { rows } = await db.query<{
    what: 'open' | 'money' | 'blocked' | 'paused';
    label: string;
    other: string;
    value: number;
  }>({
    name: 'purchase_figures',
    text: `SELECT 'open' AS what, state AS label, '' AS other, count(*)::bigint AS value
             FROM transactions.purchases WHERE ${OPEN} GROUP BY state
           UNION ALL
           SELECT 'money', sums.account, waiting.currency, sums.amount
             FROM (SELECT currency, ${WAITING_ACCOUNTS.map((one) => `sum(${one})::bigint AS ${one}`).join(', ')}
                     FROM transactions.purchases WHERE ${MONEY_WAITS} GROUP BY currency) AS waiting,
                  LATERAL (VALUES ${WAITING_ACCOUNTS.map((one) => `('${one}', ${one})`).join(', ')}) AS sums (account, amount)
           UNION ALL
           SELECT 'blocked', figures.name, '', figures.value
             FROM (SELECT count(*) AS count, coalesce(extract(epoch FROM now() - min(state_since)), 0)::bigint AS seconds
                     FROM transactions.purchases WHERE transfer_status = 'blocked') AS blocked,
                  LATERAL (VALUES ('count', count), ('seconds', seconds)) AS figures (name, value)
           UNION ALL
           SELECT 'paused', figures.name, '', figures.value
             FROM (SELECT count(*) AS count,
                          greatest(extract(epoch FROM now()) - min((pause ->> 'sinceMs')::float8) / 1000, 0)::bigint AS seconds
                     FROM transactions.purchases WHERE pause IS NOT NULL) AS paused,
                  LATERAL (VALUES ('count', count), ('seconds', coalesce(seconds, 0))) AS figures (name, value)`,
  });
  const of = (what: string) => rows.filter((row) => row.what === what);
  const countAndAge = (what: 'blocked' | 'paused'): CountAndAge => {
    const figures = new Map(of(what).map(({ label, value }) => [label, value]));
    return { count: figures.get('count') ?? 0, oldestSeconds: figures.get('seconds') ?? 0 };
  };
  return {
    open: of('open').map(({ label: state, value: count }) => ({ state, count })),
    money: of('money').map(({ label: account, other: currency, value: amount }) => ({ account, currency, amount })),
    blocked: countAndAge('blocked'),
    paused: countAndAge('paused'),
  };
}

/**
 * The purchases that should have moved on by themselves, the one that is late longest first, and by how many seconds it
 * is. At most `limit` of them.
 */
export async function overdueFigures(
  db: Queryable,
  graceSeconds: number,
  limit: number,
): Promise<{ readonly ids: readonly PurchaseId[]; readonly oldestSeconds: number }> {
  const { rows } = await db.query<{ id: PurchaseId; seconds: number }>({
    name: 'purchase_overdue_figures',
    text: `SELECT id, extract(epoch FROM now() - min(since))::float8 AS seconds
             FROM (SELECT id, deadline_at AS since FROM transactions.purchases
                    WHERE ${pastDeadline('make_interval(secs => $1)')}
                   UNION ALL
                   SELECT id, updated_at FROM transactions.purchases
                    WHERE ${inProgressForLong('make_interval(secs => $1)')}) AS late
            GROUP BY id ORDER BY 2 DESC LIMIT $2`,
    values: [graceSeconds, limit],
  });
  return { ids: rows.map(({ id }) => id), oldestSeconds: rows[0]?.seconds ?? 0 };
}

/** When the first purchase was begun; undefined when there is none. Their ids sort by time. */
export async function firstPurchaseAt(db: Queryable): Promise<Date | undefined> {
  const { rows } = await db.query<{ at: Date }>({
    name: 'purchase_first',
    text: 'SELECT created_at AS at FROM transactions.purchases ORDER BY id LIMIT 1',
  });
  return rows[0]?.at;
}

/** One account in one currency: how far the ledger and the purchases' own rows are from each other. */
export interface BooksDifference {
  readonly account: Account;
  readonly currency: string;
  /** Minor units, added up over the purchases whichever way each is wrong: what cancels out is found, too. */
  readonly amount: number;
  /** How many purchases differ. */
  readonly purchases: number;
}

/**
 * Compares the ledger with the row of each purchase, account by account, in one statement and so at one moment. Reads all of
 * both. @returns a line for each account and currency, 0 where they agree
 */
export async function booksDifferences(db: Queryable): Promise<BooksDifference[]> {
  const { rows } = await db.query<BooksDifference>({
    name: 'books_differences',
    text: `SELECT account, currency, sum(abs(apart))::bigint AS amount,
                  count(*) FILTER (WHERE apart <> 0)::int AS purchases
             FROM (SELECT purchase_id, account, currency, sum(amount) AS apart
                     FROM (SELECT purchase_id, account, currency,
                                  CASE WHEN account = ANY ($2) THEN amount ELSE -amount END AS amount
                             FROM ledger.entries WHERE account = ANY ($1)
                           UNION ALL
                           SELECT id, books.account, currency, -books.amount
                             FROM transactions.purchases,
                                  LATERAL (VALUES ${ACCOUNTS.map((one) => `('${one}', ${BOOK_COLUMNS[one]})`).join(', ')})
                                    AS books (account, amount)) AS both_sides
                    GROUP BY purchase_id, account, currency) AS of_purchases
            GROUP BY account, currency`,
    // Debits are positive in the ledger: where money comes from grows with them, where it is with credits.
    values: [ACCOUNTS, SOURCES],
  });
  return rows;
}
