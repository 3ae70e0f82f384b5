import { createHash } from 'node:crypto';
import { canonicalJson } from '../../platform/audit.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import type { COMPANY_ACCOUNTS } from './ledger-accounts.ts';
import type { Account } from './money.ts';

export type LedgerAccount = Account | keyof typeof COMPANY_ACCOUNTS;

/** Debits are positive, credits negative; minor units. */
export interface LedgerEntry {
  readonly account: LedgerAccount;
  readonly amount: number;
}

export interface Posting {
  /** Who posts: the workflow's id. */
  readonly source: string;
  /** Which of its steps. */
  readonly step: string;
  /** Which posting of the step. */
  readonly ordinal: number;
  readonly currency: string;
  readonly purchaseId: string | null;
  readonly entries: readonly LedgerEntry[];
  /** The workflow run that made it. */
  readonly cause: string;
}

/** The same step came twice with different figures: never repaired in silence. */
export class PostingConflict extends Error {
  override name = 'PostingConflict';
}

/**
 * Writes a posting, once: the key is (source, step, ordinal).
 * @returns whether it was written now; false means that the very same one was there
 * @throws PostingConflict when another one was there under its key
 */
export async function post(tx: Tx, posting: Posting): Promise<boolean> {
  const { source, step, ordinal, currency, purchaseId, entries, cause } = posting;
  const contentHash = createHash('sha256').update(canonicalJson({ currency, purchaseId, entries })).digest();
  const written = await tx.query<{ id: string }>({
    name: 'ledger_post',
    text: `INSERT INTO ledger.transactions (source, step, ordinal, content_hash, cause)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (source, step, ordinal) DO NOTHING
           RETURNING id`,
    values: [source, step, ordinal, contentHash, cause],
  });
  const transactionId = written.rows[0]?.id;
  if (transactionId === undefined) {
    await refuseOtherContent(tx, posting, contentHash);
    return false;
  }
  await tx.query({
    name: 'ledger_entries',
    text: `INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount, purchase_id)
           SELECT $1, ordinality, account, $2, amount, $3
             FROM unnest($4::text[], $5::bigint[]) WITH ORDINALITY AS entry (account, amount, ordinality)`,
    values: [transactionId, currency, purchaseId, entries.map((e) => e.account), entries.map((e) => e.amount)],
  });
  return true;
}

async function refuseOtherContent(tx: Tx, { source, step, ordinal }: Posting, contentHash: Buffer): Promise<void> {
  const known = await tx.query<{ content_hash: Buffer }>({
    name: 'ledger_known',
    text: `SELECT content_hash FROM ledger.transactions WHERE source = $1 AND step = $2 AND ordinal = $3`,
    values: [source, step, ordinal],
  });
  if (known.rows[0]?.content_hash.equals(contentHash) !== true) {
    throw new PostingConflict(`${source}, ${step}, ${ordinal} was posted before with other figures`);
  }
}

/** The balance of each account of a purchase: debits minus credits. */
export async function purchaseBalances(
  db: Queryable,
  purchaseId: string,
): Promise<Partial<Record<LedgerAccount, number>>> {
  const result = await db.query<{ account: LedgerAccount; balance: number }>({
    name: 'ledger_purchase_balances',
    text: `SELECT account, sum(amount)::bigint AS balance FROM ledger.entries WHERE purchase_id = $1 GROUP BY account`,
    values: [purchaseId],
  });
  return Object.fromEntries(result.rows.map(({ account, balance }) => [account, balance]));
}

/** What was posted, as staff read it. */
export interface LedgerPosting {
  readonly id: string;
  readonly step: string;
  readonly postedAt: Date;
  readonly currency: string;
  readonly entries: readonly LedgerEntry[];
}

/** A purchase has some ten; a step that posts again and again would be a bug. */
const MAX_POSTINGS = 200;

/** The postings of a purchase, oldest first. */
export async function postingsOf(db: Queryable, purchaseId: string): Promise<LedgerPosting[]> {
  const { rows } = await db.query<{ [Member in keyof LedgerPosting]: LedgerPosting[Member] }>({
    name: 'ledger_postings',
    text: `SELECT t.id, t.step, t.posted_at AS "postedAt", min(e.currency) AS currency,
                  json_agg(json_build_object('account', e.account, 'amount', e.amount) ORDER BY e.ordinal) AS entries
             FROM ledger.entries e JOIN ledger.transactions t ON t.id = e.transaction_id
            WHERE e.purchase_id = $1
            GROUP BY t.id ORDER BY t.id LIMIT ${MAX_POSTINGS}`,
    values: [purchaseId],
  });
  return rows;
}
