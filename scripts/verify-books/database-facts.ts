/** What the database says, read by the judge's own statements. Amounts are read as texts: no driver's number is trusted. */
import type pg from 'pg';
import { PURCHASE_ACCOUNTS } from './arithmetic.ts';
import { type DisputeRecords, readDisputes } from './dispute-facts.ts';
import type {
  AuditEntry,
  Difference,
  DiscountFacts,
  LedgerEntry,
  LedgerTransaction,
  PurchaseFacts,
  PurchaseRow,
} from './facts.ts';
import { type ByPurchase, grouped } from './lists.ts';
import { readCases, readChargebacks, readDebts, readRefunds } from './record-facts.ts';

/** What the database knows of a purchase; of its disputes, too, all but what Temporal says. */
export interface DatabaseFacts extends Omit<PurchaseFacts, 'testimonies' | 'workflow' | 'aftercare' | 'disputes'> {
  readonly disputes: readonly DisputeRecords[];
}

/** The ids of the purchases after one, in order. @param limit how many at the most */
export async function purchaseIdsAfter(db: pg.Pool, after: string, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    'SELECT id FROM transactions.purchases WHERE id > $1 ORDER BY id LIMIT $2',
    [after, limit],
  );
  return rows.map(({ id }) => id);
}

export async function countPurchases(db: pg.Pool): Promise<number> {
  const { rows } = await db.query<{ total: string }>('SELECT count(*)::text AS total FROM transactions.purchases');
  return Number(rows[0]?.total ?? 0);
}

/** Which of these ids are purchases. */
export async function knownPurchases(db: pg.Pool, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ id: string }>('SELECT id FROM transactions.purchases WHERE id = ANY ($1)', [ids]);
  return new Set(rows.map(({ id }) => id));
}

/** Everything about some purchases, as it is at one moment. Ids that are none are left out. */
export async function readPurchases(db: pg.Pool, ids: readonly string[]): Promise<DatabaseFacts[]> {
  const client = await db.connect();
  try {
    // One snapshot: what a step writes together is seen together.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const rows = await readRows(client, ids);
    const ledger = await readLedger(client, ids);
    const audit = await readAudit(client, ids);
    const events = await readEvents(client, ids);
    const cases = await readCases(client, ids);
    const refunds = await readRefunds(client, ids);
    const chargebacks = await readChargebacks(client, ids);
    const debts = await readDebts(client, ids);
    const disputes = await readDisputes(client, ids);
    const discounts = await readDiscounts(client, ids);
    await client.query('COMMIT');
    return rows.map(({ row, sellerAccount }) => ({
      row,
      sellerAccount,
      ledger: ledger.get(row.id) ?? [],
      audit: audit.get(row.id) ?? [],
      events: events.get(row.id) ?? [],
      cases: cases.get(row.id) ?? [],
      refunds: refunds.get(row.id) ?? [],
      chargebacks: chargebacks.get(row.id) ?? [],
      debts: debts(row.id),
      disputes: disputes.get(row.id) ?? [],
      discount: discounts.get(row.id)?.[0] ?? null,
    }));
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

const BOOK_COLUMNS = PURCHASE_ACCOUNTS.map(
  (account) => [account, account.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] as const,
);

interface RawRow {
  readonly id: string;
  readonly buyer_id: string;
  readonly seller_id: string;
  readonly listing_id: string;
  readonly quantity: number;
  readonly currency: string;
  readonly terms: Record<string, unknown>;
  readonly state: string;
  readonly state_since: Date;
  readonly deadline_at: Date | null;
  readonly unfinished: unknown;
  readonly pause: unknown;
  readonly payment_intent_id: string | null;
  readonly charge_id: string | null;
  readonly transfer_status: string;
  readonly chargeback: string;
  readonly updated_at: Date;
  readonly account_id: string | null;
  readonly books: Record<string, string>;
}

async function readRows(
  client: pg.PoolClient,
  ids: readonly string[],
): Promise<{ row: PurchaseRow; sellerAccount: string | null }[]> {
  const books = BOOK_COLUMNS.map(([account, column]) => `'${account}', p.${column}::text`).join(', ');
  const { rows } = await client.query<RawRow>(
    `SELECT p.id, p.buyer_id, p.seller_id, p.listing_id, p.quantity, p.currency, p.terms, p.state, p.state_since, p.deadline_at, p.unfinished, p.pause,
            p.payment_intent_id, p.charge_id, p.transfer_status, p.chargeback, p.updated_at, o.account_id,
            json_build_object(${books}) AS books
       FROM transactions.purchases p LEFT JOIN users.onboardings o ON o.user_id = p.seller_id
      WHERE p.id = ANY ($1) ORDER BY p.id`,
    [ids],
  );
  return rows.map((raw) => ({ row: toRow(raw), sellerAccount: raw.account_id }));
}

const toRow = (raw: RawRow): PurchaseRow => ({
  id: raw.id,
  buyerId: raw.buyer_id,
  sellerId: raw.seller_id,
  listingId: raw.listing_id,
  quantity: raw.quantity,
  currency: raw.currency,
  terms: raw.terms,
  state: raw.state,
  stateSinceMs: raw.state_since.getTime(),
  deadlineMs: raw.deadline_at?.getTime() ?? null,
  unfinished: raw.unfinished !== null,
  paused: raw.pause !== null,
  paymentId: raw.payment_intent_id,
  chargeId: raw.charge_id,
  transferStatus: raw.transfer_status,
  chargeback: raw.chargeback,
  updatedMs: raw.updated_at.getTime(),
  books: Object.fromEntries(Object.entries(raw.books).map(([account, amount]) => [account, BigInt(amount)])),
});

async function readLedger(client: pg.PoolClient, ids: readonly string[]): Promise<ByPurchase<LedgerTransaction>> {
  const { rows } = await client.query<{
    purchase_id: string;
    id: string;
    source: string;
    step: string;
    ordinal: number;
    entries: { account: string; currency: string; amount: string; reference: string | null }[];
  }>(
    `SELECT e.purchase_id, t.id, t.source, t.step, t.ordinal,
            json_agg(json_build_object('account', e.account, 'currency', e.currency, 'amount', e.amount::text,
                                       'reference', e.reference)
                     ORDER BY e.ordinal) AS entries
       FROM ledger.entries e JOIN ledger.transactions t ON t.id = e.transaction_id
      WHERE e.purchase_id = ANY ($1)
      GROUP BY e.purchase_id, t.id ORDER BY t.id`,
    [ids],
  );
  return grouped(
    rows,
    (row) => row.purchase_id,
    ({ id, source, step, ordinal, entries }) => ({
      id,
      source,
      step,
      ordinal,
      entries: entries.map((entry): LedgerEntry => ({ ...entry, amount: BigInt(entry.amount) })),
    }),
  );
}

async function readAudit(client: pg.PoolClient, ids: readonly string[]): Promise<ByPurchase<AuditEntry>> {
  const { rows } = await client.query<{ subject_id: string; seq: string; action: string; change: string }>(
    `SELECT subject_id, seq::text, action, change FROM audit.entries
      WHERE subject_type = 'purchase' AND subject_id = ANY ($1) ORDER BY subject_id, audit.entries.seq`,
    [ids],
  );
  return grouped(
    rows,
    (row) => row.subject_id,
    ({ seq, action, change }) => {
      const told = JSON.parse(change) as {
        step?: string;
        from?: string | null;
        to?: string;
        moves?: readonly { amount: number }[];
      };
      return {
        seq: Number(seq),
        action,
        step: told.step ?? null,
        from: told.from ?? null,
        to: told.to ?? null,
        moved: (told.moves ?? []).reduce((total, { amount }) => total + BigInt(amount), 0n),
      };
    },
  );
}

async function readEvents(client: pg.PoolClient, ids: readonly string[]): Promise<ByPurchase<string>> {
  const { rows } = await client.query<{ key: string; type: string }>(
    'SELECT key, type FROM outbox.events WHERE key = ANY ($1) ORDER BY key, position',
    [ids],
  );
  return grouped(
    rows,
    ({ key }) => key,
    ({ type }) => type,
  );
}

async function readDiscounts(client: pg.PoolClient, ids: readonly string[]): Promise<ByPurchase<DiscountFacts>> {
  const { rows } = await client.query<{
    purchase_id: string;
    code: string;
    amount: string;
    given_back: boolean;
    basis_points: string | null;
    fixed: string | null;
    maximum: string | null;
  }>(
    `SELECT u.purchase_id, c.code, u.amount::text, u.given_back_at IS NOT NULL AS given_back,
            c.basis_points::text, c.amount::text AS fixed, c.maximum_amount::text AS maximum
       FROM discounts.uses u JOIN discounts.codes c ON c.id = u.code_id WHERE u.purchase_id = ANY ($1)`,
    [ids],
  );
  const whole = (text: string | null): bigint | null => (text === null ? null : BigInt(text));
  return grouped(
    rows,
    (row) => row.purchase_id,
    ({ code, amount, given_back: isGivenBack, ...promise }) => ({
      code,
      amount: BigInt(amount),
      isGivenBack,
      basisPoints: whole(promise.basis_points),
      fixed: whole(promise.fixed),
      maximum: whole(promise.maximum),
    }),
  );
}

/** More of one kind say no more than these do. */
const MAX_TOLD = 100;

/** The ledger as a whole: each transaction and each currency adds up to nothing, and all entries are some purchase's. */
export async function judgeLedger(db: pg.Pool): Promise<Difference[]> {
  const unbalanced = await db.query<{ purchase_id: string | null; id: string; currency: string; total: string }>(
    `SELECT min(e.purchase_id) AS purchase_id, t.id, coalesce(e.currency, '') AS currency, coalesce(sum(e.amount), 0)::text AS total
       FROM ledger.transactions t LEFT JOIN ledger.entries e ON e.transaction_id = t.id
      GROUP BY t.id, e.currency HAVING coalesce(sum(e.amount), 0) <> 0 OR count(e.amount) = 0 LIMIT ${MAX_TOLD}`,
  );
  const totals = await db.query<{ currency: string; total: string }>(
    'SELECT currency, sum(amount)::text AS total FROM ledger.entries GROUP BY currency HAVING sum(amount) <> 0',
  );
  const strays = await db.query<{ purchase_id: string; transactions: string }>(
    `SELECT e.purchase_id, string_agg(DISTINCT e.transaction_id::text, ', ') AS transactions
       FROM ledger.entries e
      WHERE e.purchase_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM transactions.purchases p WHERE p.id = e.purchase_id)
      GROUP BY e.purchase_id LIMIT ${MAX_TOLD}`,
  );
  return [
    ...unbalanced.rows.map(({ purchase_id: purchaseId, id, currency, total }) => ({
      purchaseId,
      rule: 'ledger_transaction_balances',
      what: `ledger transaction ${id}`,
      expected: 'entries that add up to 0',
      found: currency === '' ? 'no entries' : `${total} ${currency}`,
    })),
    ...totals.rows.map(({ currency, total }) => ({
      purchaseId: null,
      rule: 'ledger_balances',
      what: `the ledger in ${currency}`,
      expected: '0',
      found: total,
    })),
    ...strays.rows.map(({ purchase_id: purchaseId, transactions }) => ({
      purchaseId,
      rule: 'ledger_of_purchases',
      what: `ledger transactions ${transactions}`,
      expected: 'a purchase that they are about',
      found: 'none with this id',
    })),
  ];
}
