/** The refunds of purchases: each is a row of its own, and keeps how it stands at Stripe. */
import type { PurchaseId } from '../../contracts/ids.ts';
import type { RefundStatus } from '../../contracts/purchase.ts';
import type { Queryable, Tx } from '../../platform/database.ts';

export interface Refund {
  /** 1 for the first one of its purchase. */
  readonly number: number;
  /** By which step of the purchase it was made. */
  readonly step: string;
  /** Stripe's id. */
  readonly providerId: string;
  /** Minor units of the purchase's currency. */
  readonly amount: number;
  readonly status: Exclude<RefundStatus, 'none'>;
  readonly at: Date;
}

/** Of one purchase: what is given back in more parts than these is a matter for finance, not for the API. */
export const MAX_REFUNDS = 50;

/** The step by which a cancellation, or a deadline, refunds: once, so its name says nothing more. */
export const REFUND_STEP = 'refundBuyer';

/** The step by which a command refunds a part: a party can ask for it again, so that the command's name is in it. */
export const refundStepOf = (commandId: string): string => `${REFUND_STEP}/${commandId}`;

/** Notes a refund, in the transaction of its step; the purchase is locked. */
export async function insertRefund(
  tx: Tx,
  purchaseId: PurchaseId,
  { step, providerId, amount, status, at }: Omit<Refund, 'number'>,
): Promise<void> {
  await tx.query({
    name: 'refund_insert',
    text: `INSERT INTO transactions.refunds (purchase_id, number, step, provider_id, amount, status, at)
           SELECT $1, count(*) + 1, $2, $3, $4, $5, $6 FROM transactions.refunds WHERE purchase_id = $1`,
    values: [purchaseId, step, providerId, amount, status, at],
  });
}

const COLUMNS = `number, step, provider_id AS "providerId", amount, status, at`;

/** The refunds of some purchases, oldest first; a purchase without any is not in it. */
export async function refundsOf(db: Queryable, ids: readonly PurchaseId[]): Promise<ReadonlyMap<PurchaseId, Refund[]>> {
  const { rows } = await db.query<{ purchaseId: PurchaseId } & { [Member in keyof Refund]: Refund[Member] }>({
    name: 'refund_list',
    text: `SELECT purchase_id AS "purchaseId", ${COLUMNS} FROM transactions.refunds
            WHERE purchase_id = ANY ($1) ORDER BY purchase_id, number`,
    values: [ids],
  });
  const found = new Map<PurchaseId, Refund[]>();
  for (const { purchaseId, ...refund } of rows) found.set(purchaseId, [...(found.get(purchaseId) ?? []), refund]);
  return found;
}

/** A refund of a purchase, by Stripe's id; undefined when it is not noted, or is another one's. */
export async function findRefund(db: Queryable, id: PurchaseId, providerId: string): Promise<Refund | undefined> {
  const { rows } = await db.query<{ [Member in keyof Refund]: Refund[Member] }>({
    name: 'refund_find',
    text: `SELECT ${COLUMNS} FROM transactions.refunds WHERE purchase_id = $1 AND provider_id = $2`,
    values: [id, providerId],
  });
  return rows[0];
}

export async function setRefundStatus(tx: Tx, providerId: string, status: Refund['status']): Promise<void> {
  await tx.query({
    name: 'refund_set_status',
    text: 'UPDATE transactions.refunds SET status = $2 WHERE provider_id = $1',
    values: [providerId, status],
  });
}

/** Whether a cancellation, and not a party's kindness, has given a part back. */
export async function wasSplit(db: Queryable, id: PurchaseId): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'refund_was_split',
    text: 'SELECT 1 FROM transactions.refunds WHERE purchase_id = $1 AND step = $2',
    values: [id, REFUND_STEP],
  });
  return rowCount === 1;
}
