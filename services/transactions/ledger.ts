import { createHash } from 'node:crypto';
import { canonicalJson } from '../../platform/audit.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import type { LedgerAccount } from './ledger-accounts.ts';

/** Debits are positive, credits negative; minor units. */
export interface LedgerEntry {
  readonly account: LedgerAccount;
  readonly amount: number;
  /** The provider's object that it answers to, on an account of our balance there: `ch_…`, `re_…`, `tr_…`, `trr_…`. */
  readonly reference?: string;
}

export interface Posting {
  /** Whose books it is in: `purchase/pur_…`. */
  readonly source: string;
  /** Which step of it. */
  readonly step: string;
  /** Which posting of the step. */
  readonly ordinal: number;
  readonly currency: string;
  readonly purchaseId: string | null;
  readonly entries: readonly LedgerEntry[];
  /** The workflow run that made it. */
  readonly cause: string;
  /** The workflow whose run that is; undefined outside one. */
  readonly workflowId?: string | undefined;
  /** What made it happen: the update of a person, the event of a provider, a deadline. */
  readonly causedBy?: string | undefined;
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
  const one: Hashed = { posting, contentHash: hashOf(posting) };
  const statement = INSERT_ONE[posting.entries.length - 1];
  const isWritten =
    statement === undefined ? (await insertAll(tx, [one])).has(one) : await insertOne(tx, statement, one);
  if (!isWritten) await refuseOtherContent(tx, [one]);
  return isWritten;
}

/** More at once is a statement that nobody has measured. */
const MAX_BATCH = 1_000;

/**
 * Writes postings, each once as {@link post} does, in one round trip when all are new.
 * @returns for each whether it was written now
 * @throws PostingConflict when another one was there under the key of one of them: then none is written
 */
export async function postAll(tx: Tx, postings: readonly Posting[]): Promise<boolean[]> {
  const [only] = postings;
  if (only === undefined) return [];
  if (postings.length === 1) return [await post(tx, only)];
  if (postings.length > MAX_BATCH) throw new RangeError(`${postings.length} postings at once are too many`);
  const keyed = new Map<string, Hashed>();
  const given = postings.map((posting) => {
    const key = canonicalJson([posting.source, posting.step, posting.ordinal]);
    const one: Hashed = { posting, contentHash: hashOf(posting) };
    const first = keyed.get(key);
    if (first !== undefined && !first.contentHash.equals(one.contentHash)) throw conflict(posting);
    if (first === undefined) keyed.set(key, one);
    return one;
  });
  const firsts = [...keyed.values()];
  const written = await insertAll(tx, firsts);
  await refuseOtherContent(
    tx,
    firsts.filter((one) => !written.has(one)),
  );
  return given.map((one) => written.has(one));
}

interface Hashed {
  readonly posting: Posting;
  readonly contentHash: Buffer;
}

/**
 * Figures and what they stand for; who made the posting is not part of it, since any try may be the one that writes.
 * Its text is canonical JSON, whose members are sorted: here they are written in that order.
 */
function hashOf({ currency, purchaseId, entries }: Pick<Posting, 'currency' | 'purchaseId' | 'entries'>): Buffer {
  const sorted = entries.map(({ account, amount, reference }) => ({ account, amount, reference }));
  return createHash('sha256')
    .update(JSON.stringify({ currency, entries: sorted, purchaseId }))
    .digest();
}

/** Postings of before did not say what they stand for. */
function hashWithoutReferences(posting: Posting): Buffer {
  return hashOf({ ...posting, entries: posting.entries.map(({ account, amount }) => ({ account, amount })) });
}

/** Most postings come alone, with few entries. */
const FEW_ENTRIES = 12;

interface Statement {
  readonly name: string;
  readonly text: string;
}

/** The statements of {@link insertOne}: for one entry, for two, … */
const INSERT_ONE: readonly Statement[] = Array.from({ length: FEW_ENTRIES }, (_, place) => {
  const entryCount = place + 1;
  const rows = Array.from({ length: entryCount }, (_entry, index) => {
    const [account, amount, reference] = [10, 11, 12].map((first) => first + 3 * index);
    return `(${index + 1}::smallint, $${account}::text, $${amount}::bigint, $${reference}::text)`;
  });
  return {
    name: `ledger_post_${entryCount}`,
    text: `WITH written AS (
             INSERT INTO ledger.transactions (source, step, ordinal, content_hash, cause, workflow_id, caused_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source, step, ordinal) DO NOTHING RETURNING id
           )
           INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount, purchase_id, reference)
           SELECT written.id, e.ordinal, e.account, $8, e.amount, $9, e.reference
             FROM written, (VALUES ${rows.join(', ')}) AS e (ordinal, account, amount, reference)`,
  };
});

/**
 * One posting, its values as they are: a statement over arrays is planned anew each time, since PostgreSQL takes their
 * lengths into account, and planning it costs more than carrying it out.
 * @returns whether it was written
 */
async function insertOne(tx: Tx, statement: Statement, { posting, contentHash }: Hashed): Promise<boolean> {
  const { source, step, ordinal, cause, workflowId, causedBy, currency, purchaseId, entries } = posting;
  const values = [
    source,
    step,
    ordinal,
    contentHash,
    cause,
    workflowId ?? null,
    causedBy ?? null,
    currency,
    purchaseId,
  ];
  const sides = entries.flatMap(({ account, amount, reference }) => [account, amount, reference ?? null]);
  const { rowCount } = await tx.query({ ...statement, values: [...values, ...sides] });
  return rowCount === entries.length;
}

/** @returns those that were written */
async function insertAll(tx: Tx, given: readonly Hashed[]): Promise<Set<Hashed | undefined>> {
  const postings = given.map(({ posting }) => posting);
  const entries = postings.flatMap((posting, index) =>
    posting.entries.map((entry, place) => ({ ...entry, of: index + 1, ordinal: place + 1 })),
  );
  const { rows } = await tx.query<{ index: number }>({
    name: 'ledger_post_all',
    text: INSERT,
    values: [
      postings.map(({ source }) => source),
      postings.map(({ step }) => step),
      postings.map(({ ordinal }) => ordinal),
      given.map(({ contentHash }) => contentHash),
      postings.map(({ cause }) => cause),
      postings.map(({ workflowId }) => workflowId ?? null),
      postings.map(({ causedBy }) => causedBy ?? null),
      postings.map(({ currency }) => currency),
      postings.map(({ purchaseId }) => purchaseId),
      entries.map((entry) => entry.of),
      entries.map(({ ordinal }) => ordinal),
      entries.map(({ account }) => account),
      entries.map(({ amount }) => amount),
      entries.map(({ reference }) => reference ?? null),
    ],
  });
  return new Set(rows.map(({ index }) => given[index - 1]));
}

const INSERT = `
  WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bytea[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::text[])
      WITH ORDINALITY AS g (source, step, ordinal, content_hash, cause, workflow_id, caused_by, currency, purchase_id, index)
  ), written AS (
    INSERT INTO ledger.transactions (source, step, ordinal, content_hash, cause, workflow_id, caused_by)
    SELECT source, step, ordinal, content_hash, cause, workflow_id, caused_by FROM given
    ON CONFLICT (source, step, ordinal) DO NOTHING
    RETURNING id, source, step, ordinal
  ), fresh AS (
    SELECT written.id, given.index, given.currency, given.purchase_id
      FROM written JOIN given USING (source, step, ordinal)
  ), lines AS (
    INSERT INTO ledger.entries (transaction_id, ordinal, account, currency, amount, purchase_id, reference)
    SELECT fresh.id, e.ordinal, e.account, fresh.currency, e.amount, fresh.purchase_id, e.reference
      FROM unnest($10::bigint[], $11::smallint[], $12::text[], $13::bigint[], $14::text[])
             AS e (index, ordinal, account, amount, reference)
      JOIN fresh USING (index)
  )
  SELECT index FROM fresh`;

/** @throws PostingConflict when one of those that are there already has other figures */
async function refuseOtherContent(tx: Tx, there: readonly Hashed[]): Promise<void> {
  for (const { posting, contentHash } of there) {
    const { rows } = await tx.query<{ content_hash: Buffer }>({
      name: 'ledger_known',
      text: `SELECT content_hash FROM ledger.transactions WHERE source = $1 AND step = $2 AND ordinal = $3`,
      values: [posting.source, posting.step, posting.ordinal],
    });
    const known = rows[0]?.content_hash;
    const isSame = known?.equals(contentHash) === true || known?.equals(hashWithoutReferences(posting)) === true;
    if (!isSame) throw conflict(posting);
  }
}

const conflict = ({ source, step, ordinal }: Posting): PostingConflict =>
  new PostingConflict(`${source}, ${step}, ${ordinal} was posted before with other figures`);

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
  readonly source: string;
  readonly step: string;
  readonly postedAt: Date;
  readonly currency: string;
  readonly purchaseId: string | null;
  /** The workflow, its run, and what made it post; null where postings of before do not say. */
  readonly workflowId: string | null;
  readonly runId: string;
  readonly causedBy: string | null;
  readonly entries: readonly (Pick<LedgerEntry, 'account' | 'amount'> & { readonly reference: string | null })[];
}

/** A purchase has some ten; a step that posts again and again would be a bug. */
const MAX_POSTINGS = 200;

/** Of which purchase, or about which object of the provider. */
export type PostingFilter = { readonly purchaseId: string } | { readonly reference: string };

/**
 * Postings, oldest first.
 * @param after goes on behind this one
 */
export async function postingsOf(
  db: Queryable,
  filter: PostingFilter,
  { after, limit = MAX_POSTINGS }: { readonly after?: string | undefined; readonly limit?: number } = {},
): Promise<LedgerPosting[]> {
  const [column, value] = 'purchaseId' in filter ? ['purchase_id', filter.purchaseId] : ['reference', filter.reference];
  const { rows } = await db.query<{ [Member in keyof LedgerPosting]: LedgerPosting[Member] }>({
    name: `ledger_postings_${column}`,
    text: `SELECT t.id, t.source, t.step, t.posted_at AS "postedAt", min(e.currency) AS currency,
                  min(e.purchase_id) AS "purchaseId", t.workflow_id AS "workflowId", t.cause AS "runId",
                  t.caused_by AS "causedBy",
                  json_agg(json_build_object('account', e.account, 'amount', e.amount, 'reference', e.reference)
                           ORDER BY e.ordinal) AS entries
             FROM ledger.transactions t JOIN ledger.entries e ON e.transaction_id = t.id
            WHERE t.id IN (SELECT transaction_id FROM ledger.entries WHERE ${column} = $1)
              AND ($2::uuid IS NULL OR t.id > $2)
            GROUP BY t.id ORDER BY t.id LIMIT $3`,
    values: [value, after ?? null, limit],
  });
  return rows;
}
