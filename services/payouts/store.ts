import type { UserId } from '../../contracts/ids.ts';
import type { PayoutStatus } from '../../contracts/payout.ts';
import type { Queryable, Tx } from '../../platform/database.ts';

/** A payout to a seller's bank, as we last saw it at Stripe. */
export interface PayoutRecord {
  readonly id: string;
  readonly sellerId: UserId;
  readonly accountId: string;
  readonly status: PayoutStatus;
  /** Minor units. */
  readonly amount: number;
  /** Whichever the bank account has. */
  readonly currency: string;
  readonly automatic: boolean;
  /** Stripe's word for why it failed. */
  readonly failureCode: string | null;
  readonly createdAt: Date;
  /** When it is expected at the bank. */
  readonly arrivalAt: Date;
  /** When we saw that it was paid, and that it failed: both, when the bank sent it back. */
  readonly paidAt: Date | null;
  readonly failedAt: Date | null;
}

/** With its place in the list. */
export interface ListedPayout extends PayoutRecord {
  readonly place: number;
}

type Row = { [Member in keyof ListedPayout]: ListedPayout[Member] };

const COLUMNS = `id, place, seller_id AS "sellerId", account_id AS "accountId", status, amount, currency, automatic,
  failure_code AS "failureCode", created_at AS "createdAt", arrival_at AS "arrivalAt", paid_at AS "paidAt",
  failed_at AS "failedAt"`;

/** Locked until the transaction ends; undefined when it was not seen before. */
export async function lockPayout(tx: Tx, id: string): Promise<PayoutRecord | undefined> {
  const { rows } = await tx.query<Row>({
    name: 'payout_lock',
    text: `SELECT ${COLUMNS} FROM payouts.payouts WHERE id = $1 FOR UPDATE`,
    values: [id],
  });
  return rows[0];
}

export async function putPayout(tx: Tx, payout: PayoutRecord): Promise<void> {
  await tx.query({
    name: 'payout_put',
    text: `INSERT INTO payouts.payouts (id, seller_id, account_id, status, amount, currency, automatic, failure_code,
             created_at, arrival_at, paid_at, failed_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
           ON CONFLICT (id) DO UPDATE SET status = excluded.status, failure_code = excluded.failure_code,
             arrival_at = excluded.arrival_at, paid_at = excluded.paid_at, failed_at = excluded.failed_at`,
    values: [
      payout.id,
      payout.sellerId,
      payout.accountId,
      payout.status,
      payout.amount,
      payout.currency,
      payout.automatic,
      payout.failureCode,
      payout.createdAt,
      payout.arrivalAt,
      payout.paidAt,
      payout.failedAt,
    ],
  });
}

/** The payouts of a seller, the newest first. @param before only those before this place */
export async function listPayouts(
  db: Queryable,
  sellerId: UserId,
  before: number | undefined,
  limit: number,
): Promise<ListedPayout[]> {
  const { rows } = await db.query<Row>({
    name: 'payout_list',
    text: `SELECT ${COLUMNS} FROM payouts.payouts
            WHERE seller_id = $1 AND ($2::bigint IS NULL OR place < $2) ORDER BY place DESC LIMIT $3`,
    values: [sellerId, before ?? null, limit],
  });
  return rows;
}

/**
 * Whether one payout carries what an earlier one of the same account and currency has left on the account: made after that
 * failed, it takes all there is, as Stripe's own do, or as much at the least. Stripe tells the second in which one was made.
 */
const carries = (later: string, failed: string): string =>
  `${later}.account_id = ${failed}.account_id AND ${later}.currency = ${failed}.currency
   AND ${later}.created_at >= date_trunc('second', ${failed}.failed_at) AND ${later}.id <> ${failed}.id
   AND (${later}.automatic OR ${later}.amount >= ${failed}.amount)`;

/** Whether the bank took a later payout that carries what this one has left. */
export async function isMended(db: Queryable, id: string): Promise<boolean> {
  const { rows } = await db.query<{ mended: boolean }>({
    name: 'payout_mended',
    text: `SELECT EXISTS (SELECT 1 FROM payouts.payouts later
                           WHERE ${carries('later', 'failed')} AND later.status = 'paid') AS mended
             FROM payouts.payouts failed WHERE failed.id = $1`,
    values: [id],
  });
  return rows[0]?.mended === true;
}

/** Cases of more than these at once are for finance to close. */
const MAX_FAILED = 50;

/** The failed payouts that a paid one makes good, the newest first. */
export async function failedBefore(tx: Tx, paid: PayoutRecord): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>({
    name: 'payout_failed_before',
    text: `SELECT failed.id FROM payouts.payouts failed JOIN payouts.payouts paid ON ${carries('paid', 'failed')}
            WHERE paid.id = $1 AND failed.status = 'failed' ORDER BY failed.created_at DESC LIMIT ${MAX_FAILED}`,
    values: [paid.id],
  });
  return rows.map(({ id }) => id);
}
