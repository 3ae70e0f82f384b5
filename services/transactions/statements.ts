/** Statements of sellers, out of the ledger and nothing else. */
import type { UserId } from '../../contracts/ids.ts';
import type { Currency } from '../../contracts/money.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { BALANCE_ACCOUNTS, boundsOf, type Month, type StatementLine, TOLD_ACCOUNTS } from './statement-rules.ts';

/** One month in one currency; minor units. Opening balance and lines add up to the closing balance. */
export interface Statement {
  readonly month: Month;
  readonly currency: Currency;
  readonly opening: number;
  readonly closing: number;
  /** Oldest first. */
  readonly lines: readonly StatementLine[];
}

/** What happened in a month, by account; minor units, positive where it added to the balance. */
export interface MonthSummary {
  readonly month: Month;
  readonly currency: Currency;
  readonly opening: number;
  readonly closing: number;
  readonly sums: Readonly<Partial<Record<StatementLine['account'], number>>>;
}

/**
 * @param limit how many lines at the most
 * @returns the statement, `too_long` when it has more lines than that
 * @throws Error when the ledger does not add up: then nothing is handed out
 */
export async function statementOf(
  db: Database,
  sellerId: UserId,
  { month, currency, limit }: { readonly month: Month; readonly currency: Currency; readonly limit: number },
): Promise<Statement | 'too_long'> {
  const { from, until } = boundsOf(month);
  // One moment for all of it: the month may still be running.
  const [opening, closing, lines] = await db.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    return [
      await balanceBefore(tx, sellerId, currency, from),
      await balanceBefore(tx, sellerId, currency, until),
      await linesBetween(tx, sellerId, currency, { from, until, limit: limit + 1 }),
    ] as const;
  });
  if (lines.length > limit) return 'too_long';
  const sum = lines.reduce((total, { amount }) => total + amount, 0);
  if (opening + sum !== closing) throw new Error(`the ledger of ${sellerId} does not add up in ${month}, ${currency}`);
  return { month, currency, opening, closing, lines };
}

async function balanceBefore(tx: Tx, sellerId: UserId, currency: Currency, before: Date): Promise<number> {
  const { rows } = await tx.query<{ balance: number }>({
    name: 'statement_balance',
    text: `SELECT coalesce(-sum(e.amount), 0)::bigint AS balance
             FROM transactions.purchases p
             JOIN ledger.entries e ON e.purchase_id = p.id AND e.currency = p.currency
             JOIN ledger.transactions t ON t.id = e.transaction_id
            WHERE p.seller_id = $1 AND p.currency = $2 AND e.account = ANY ($3) AND t.posted_at < $4`,
    values: [sellerId, currency, BALANCE_ACCOUNTS, before],
  });
  return rows[0]?.balance ?? 0;
}

async function linesBetween(
  tx: Tx,
  sellerId: UserId,
  currency: Currency,
  { from, until, limit }: { readonly from: Date; readonly until: Date; readonly limit: number },
): Promise<StatementLine[]> {
  const { rows } = await tx.query<{ [Member in keyof StatementLine]: StatementLine[Member] }>({
    name: 'statement_lines',
    text: `SELECT t.posted_at AS at, e.purchase_id AS "purchaseId", e.account, sum(e.amount)::bigint AS amount
             FROM transactions.purchases p
             JOIN ledger.entries e ON e.purchase_id = p.id AND e.currency = p.currency
             JOIN ledger.transactions t ON t.id = e.transaction_id
            WHERE p.seller_id = $1 AND p.currency = $2 AND e.account = ANY ($3)
              AND t.posted_at >= $4 AND t.posted_at < $5
            GROUP BY t.posted_at, t.id, e.purchase_id, e.account
           HAVING sum(e.amount) <> 0
            ORDER BY t.posted_at, t.id, min(e.ordinal) LIMIT $6`,
    values: [sellerId, currency, TOLD_ACCOUNTS, from, until, limit],
  });
  return rows;
}

/** Months that anything happened in, newest first. */
export async function statementMonths(db: Database, sellerId: UserId): Promise<MonthSummary[]> {
  const { rows } = await db.query<{ month: Month; currency: Currency; change: number; sums: MonthSummary['sums'] }>({
    name: 'statement_months',
    text: `SELECT month, currency, sum(amount)::bigint AS change, jsonb_object_agg(account, amount) AS sums
             FROM (SELECT to_char(t.posted_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, p.currency, e.account,
                          sum(e.amount) AS amount
                     FROM transactions.purchases p
                     JOIN ledger.entries e ON e.purchase_id = p.id AND e.currency = p.currency
                     JOIN ledger.transactions t ON t.id = e.transaction_id
                    WHERE p.seller_id = $1 AND e.account = ANY ($2)
                    GROUP BY 1, 2, 3) AS moved
            GROUP BY month, currency ORDER BY month, currency`,
    values: [sellerId, TOLD_ACCOUNTS],
  });
  const balances = new Map<Currency, number>();
  const months = rows.map(({ month, currency, change, sums }): MonthSummary => {
    const opening = balances.get(currency) ?? 0;
    balances.set(currency, opening + change);
    return { month, currency, opening, closing: opening + change, sums };
  });
  return months.toReversed();
}
