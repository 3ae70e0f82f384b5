/** The ledger's part of our balance at Stripe: entries by the object of Stripe that they answer to. */
import type { Queryable } from '../../platform/database.ts';
import { AT_STRIPE, type LedgerAccount } from './ledger-accounts.ts';

/** An entry on an account of our balance at Stripe. */
export interface EntryAtStripe {
  /** The object of Stripe. */
  readonly reference: string;
  /** The category of the line that it answers to. */
  readonly category: string;
  /** Minor units; negative when it left our balance. */
  readonly amount: number;
  readonly currency: string;
  readonly purchaseId: string | null;
  /** The posting it is part of, and when that was made. */
  readonly postingId: string;
  readonly postedAt: Date;
}

/** All entries about these objects of Stripe. */
export async function entriesAbout(db: Queryable, references: readonly string[]): Promise<EntryAtStripe[]> {
  const { rows } = await db.query<Omit<EntryAtStripe, 'category'> & { account: LedgerAccount }>({
    name: 'ledger_entries_about',
    text: `SELECT e.reference, e.account, e.amount, e.currency, e.purchase_id AS "purchaseId", t.id AS "postingId",
                  t.posted_at AS "postedAt"
             FROM ledger.entries e JOIN ledger.transactions t ON t.id = e.transaction_id
            WHERE e.reference = ANY ($1) ORDER BY t.id, e.ordinal`,
    values: [references],
  });
  return rows.map(({ account, ...row }) => ({ ...row, category: categoryOf(account, row.amount) }));
}

const categoryOf = (account: LedgerAccount, amount: number): string =>
  AT_STRIPE[account]?.[amount > 0 ? 'debit' : 'credit'] ?? `${account} in the ledger`;

/**
 * Which objects of Stripe the postings of a period are about, in the order of the postings.
 * @param after goes on behind this posting
 * @returns with the posting to go on behind; undefined when these are the last ones
 */
export async function referencesPosted(
  db: Queryable,
  { from, until, after }: { readonly from: Date; readonly until: Date; readonly after: string | undefined },
  limit: number,
): Promise<{ readonly references: readonly string[]; readonly after: string | undefined }> {
  const { rows } = await db.query<{ id: string; references: string[] }>({
    name: 'ledger_references_posted',
    text: `SELECT t.id, array_agg(DISTINCT e.reference) AS references
             FROM ledger.transactions t JOIN ledger.entries e ON e.transaction_id = t.id AND e.reference IS NOT NULL
            WHERE t.id > $3 AND t.posted_at >= $1 AND t.posted_at < $2
            GROUP BY t.id ORDER BY t.id LIMIT $4`,
    values: [from, until, after ?? firstIdAt(from), limit],
  });
  return {
    references: [...new Set(rows.flatMap(({ references }) => references))],
    after: rows.length === limit ? rows.at(-1)?.id : undefined,
  };
}

/** The ids of postings begin with the millisecond in which they were made, which is never before that of `posted_at`. */
function firstIdAt(at: Date): string {
  const hex = Math.max(at.getTime(), 0).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
