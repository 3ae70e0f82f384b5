/** The check of the books: everything is added up anew, from the entries alone, at one moment. */
import type { PurchaseId } from '../../contracts/ids.ts';
import { type Database, pgErrorCode, type Tx } from '../../platform/database.ts';
import { COMPANY_ACCOUNTS, type LedgerAccount } from './ledger-accounts.ts';
import { newestSnapshot } from './ledger-balances.ts';
import { ACCOUNTS, SOURCES } from './money.ts';
import { BOOK_COLUMNS } from './purchase-record.ts';

/** What the check looks for. */
export const CHECKED = {
  transaction: 'the entries of a posting do not sum to zero, are of several currencies, or there are none',
  equation: 'the money of a purchase does not add up in the ledger',
  purchase: 'the row of a purchase says something else than the ledger',
  currency: 'an entry is in another currency than its purchase',
  account: 'there is no such account',
  snapshot: 'a snapshot of the balances says something else than the entries',
} as const;
export type Checked = keyof typeof CHECKED;

export interface LedgerDifference {
  readonly kind: Checked;
  /** Which purchase; null where it is about none. */
  readonly purchaseId: PurchaseId | null;
  /** Which posting. */
  readonly transactionId: string | null;
  readonly account: string | null;
  readonly currency: string | null;
  /** What the entries add up to, minor units, as the account grows. */
  readonly ledger: number;
  /** What it should be, or what the other side says. */
  readonly expected: number;
}

export interface CurrencySum {
  readonly currency: string;
  readonly debits: number;
  readonly credits: number;
}

export interface LedgerCheck {
  readonly checkedAt: Date;
  readonly transactions: number;
  readonly entries: number;
  readonly purchases: number;
  readonly sums: readonly CurrencySum[];
  /** At most {@link MAX_DIFFERENCES} of each kind. */
  readonly differences: readonly LedgerDifference[];
}

export const MAX_DIFFERENCES = 100;

/** The whole ledger is read: it takes a second for a million entries. */
const TIMEOUT_MS = 15_000;

/** Checks the whole ledger. @returns `too_long` when a part of it takes longer than {@link TIMEOUT_MS} */
export async function checkLedger(db: Database): Promise<LedgerCheck | 'too_long'> {
  try {
    return await readAll(db);
  } catch (error) {
    if (pgErrorCode(error) === QUERY_CANCELED) return 'too_long';
    throw error;
  }
}

const QUERY_CANCELED = '57014';

function readAll(db: Database): Promise<LedgerCheck> {
  return db.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    await tx.query(`SET LOCAL statement_timeout = ${TIMEOUT_MS}`);
    const { rows } = await tx.query<Pick<LedgerCheck, 'checkedAt' | 'transactions' | 'entries' | 'purchases'>>(
      `SELECT now() AS "checkedAt", (SELECT count(*) FROM ledger.transactions) AS transactions,
              (SELECT count(*) FROM ledger.entries) AS entries,
              (SELECT count(*) FROM transactions.purchases) AS purchases`,
    );
    const sums = await tx.query<CurrencySum>(
      `SELECT currency, coalesce(sum(amount) FILTER (WHERE amount > 0), 0)::bigint AS debits,
              coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::bigint AS credits
         FROM ledger.entries GROUP BY currency ORDER BY currency`,
    );
    const counted = rows[0] ?? { checkedAt: new Date(), transactions: 0, entries: 0, purchases: 0 };
    const differences: LedgerDifference[] = [];
    for (const look of LOOKS) differences.push(...(await look(tx)));
    return { ...counted, sums: sums.rows, differences };
  });
}

type Look = (tx: Tx) => Promise<LedgerDifference[]>;

/** @param sql answers with the members of a difference, those that it leaves out being null or 0 */
const look =
  (kind: Checked, sql: string, values: unknown[] = []): Look =>
  async (tx) => {
    const { rows } = await tx.query<LedgerDifference>(`${sql} LIMIT ${MAX_DIFFERENCES}`, values);
    const empty = { purchaseId: null, transactionId: null, account: null, currency: null, ledger: 0, expected: 0 };
    return rows.map((row) => ({ ...empty, ...row, kind }));
  };

const ofTransactions = look(
  'transaction',
  `SELECT t.id AS "transactionId", min(e.purchase_id) AS "purchaseId", min(e.currency) AS currency,
          coalesce(sum(e.amount), 0)::bigint AS ledger
     FROM ledger.transactions t LEFT JOIN ledger.entries e ON e.transaction_id = t.id
    GROUP BY t.id
   HAVING count(e.amount) = 0 OR sum(e.amount) <> 0 OR min(e.currency) <> max(e.currency)`,
);

const ofEquations = look(
  'equation',
  `SELECT purchase_id AS "purchaseId", currency, sum(amount)::bigint AS ledger
     FROM ledger.entries WHERE purchase_id IS NOT NULL AND account = ANY ($1)
    GROUP BY purchase_id, currency HAVING sum(amount) <> 0`,
  [ACCOUNTS],
);

/** Debits are positive in the ledger: where money comes from grows with them, where it is with credits. */
const ofPurchases = look(
  'purchase',
  `SELECT coalesce(l.purchase_id, p.id) AS "purchaseId", coalesce(l.account, p.account) AS account,
          coalesce(l.currency, p.currency) AS currency, coalesce(l.amount, 0)::bigint AS ledger,
          coalesce(p.amount, 0)::bigint AS expected
     FROM (SELECT purchase_id, account, currency,
                  CASE WHEN account = ANY ($2) THEN sum(amount) ELSE -sum(amount) END AS amount
             FROM ledger.entries WHERE account = ANY ($1) GROUP BY purchase_id, account, currency) AS l
     FULL JOIN (SELECT id, books.account, currency, books.amount
                  FROM transactions.purchases,
                       LATERAL (VALUES ${ACCOUNTS.map((one) => `('${one}', ${BOOK_COLUMNS[one]})`).join(', ')})
                         AS books (account, amount)
                 WHERE books.amount <> 0) AS p
       ON p.id = l.purchase_id AND p.account = l.account AND p.currency = l.currency
    WHERE coalesce(l.amount, 0) <> coalesce(p.amount, 0)`,
  [ACCOUNTS, SOURCES],
);

const ofCurrencies = look(
  'currency',
  `SELECT p.id AS "purchaseId", e.transaction_id AS "transactionId", e.account, e.currency, e.amount AS ledger
     FROM ledger.entries e JOIN transactions.purchases p ON p.id = e.purchase_id
    WHERE e.currency <> p.currency AND e.account = ANY ($1)`,
  [ACCOUNTS],
);

const ofAccounts = look(
  'account',
  `SELECT account, currency, sum(amount)::bigint AS ledger
     FROM ledger.entries WHERE account <> ALL ($1) GROUP BY account, currency`,
  [[...ACCOUNTS, ...(Object.keys(COMPANY_ACCOUNTS) as LedgerAccount[])]],
);

/** The newest snapshot, against all entries that it should have: what it is used for is never taken on trust. */
async function ofSnapshot(tx: Tx): Promise<LedgerDifference[]> {
  const snapshot = await newestSnapshot(tx);
  if (snapshot === undefined) return [];
  return look(
    'snapshot',
    `SELECT coalesce(e.account, s.account) AS account, coalesce(e.currency, s.currency) AS currency,
            coalesce(e.amount, 0)::bigint AS ledger, coalesce(s.balance, 0) AS expected
       FROM (SELECT account, currency, sum(amount) AS amount FROM ledger.entries
              WHERE created_in IS NULL OR created_in < $2::xid8 GROUP BY account, currency) AS e
       FULL JOIN (SELECT account, currency, balance FROM ledger.snapshot_balances WHERE snapshot_id = $1) AS s
         ON s.account = e.account AND s.currency = e.currency
      WHERE coalesce(e.amount, 0) <> coalesce(s.balance, 0)`,
    [snapshot.id, snapshot.before],
  )(tx);
}

const LOOKS: readonly Look[] = [ofTransactions, ofEquations, ofPurchases, ofCurrencies, ofAccounts, ofSnapshot];
