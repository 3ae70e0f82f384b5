import type { ListingId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { PurchaseState } from '../../contracts/purchase.ts';
import type { Queryable } from '../../platform/database.ts';
import { ATTENTION, ATTENTION_GRACE_SECONDS, type Attention } from './attention-rules.ts';
import { PURCHASE_COLUMNS, type Purchase, type PurchaseRow, purchaseFromRow } from './purchase-record.ts';
import { inProgressForLong, pastDeadline } from './store.ts';

/** What staff look for; what is left out matches anything. */
export interface PurchaseSearch {
  readonly purchaseId?: PurchaseId | undefined;
  readonly state?: PurchaseState | undefined;
  readonly listingId?: ListingId | undefined;
  /** On either side. */
  readonly userId?: UserId | undefined;
  readonly attention?: Attention | 'any' | undefined;
  /** Only those older than this one: the page goes on there. */
  readonly before?: PurchaseId | undefined;
}

const GRACE = `make_interval(secs => ${ATTENTION_GRACE_SECONDS})`;

/** The conditions of `attentionOf`, each as an index knows it. */
const ATTENTION_CONDITIONS: Readonly<Record<Attention, string>> = {
  past_deadline: pastDeadline(GRACE),
  in_progress_for_long: inProgressForLong(GRACE),
  transfer_blocked: `transfer_status = 'blocked'`,
  refund_came_back: 'owed_to_buyer > 0',
  step_refused: 'refused_step IS NOT NULL',
  chargeback: `chargeback IN ('inquiry', 'open')`,
  money_paused: 'pause IS NOT NULL',
};

/** Finds purchases, newest first. Each way of asking has an index. @param limit how many at the most */
export async function searchPurchases(db: Queryable, search: PurchaseSearch, limit: number): Promise<Purchase[]> {
  const values: unknown[] = [];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    ...(search.purchaseId === undefined ? [] : [`id = ${given(search.purchaseId)}`]),
    ...(search.state === undefined ? [] : [`state = ${given(search.state)}`]),
    ...(search.listingId === undefined ? [] : [`listing_id = ${given(search.listingId)}`]),
    ...(search.attention === undefined ? [] : [attentionCondition(search.attention)]),
    ...(search.before === undefined ? [] : [`id < ${given(search.before)}`]),
  ];
  const most = given(limit);
  const list = (more: readonly string[]): string => {
    const all = [...conditions, ...more];
    const where = all.length === 0 ? '' : `WHERE ${all.join(' AND ')}`;
    return `SELECT ${PURCHASE_COLUMNS} FROM transactions.purchases ${where} ORDER BY id DESC LIMIT ${most}`;
  };
  const result = await db.query<PurchaseRow>(
    search.userId === undefined ? list([]) : ofEitherSide(list, given(search.userId), most),
    values,
  );
  return result.rows.map(purchaseFromRow);
}

/** Nobody is on both sides of a purchase, so the two lists, each read in the order of its index, have nothing in common. */
function ofEitherSide(list: (more: readonly string[]) => string, user: string, most: string): string {
  const sides = ['buyer_id', 'seller_id'].map((column) => `(${list([`${column} = ${user}`])})`);
  return `${sides.join(' UNION ALL ')} ORDER BY id DESC LIMIT ${most}`;
}

const attentionCondition = (attention: Attention | 'any'): string =>
  attention === 'any'
    ? `(${ATTENTION.map((reason) => ATTENTION_CONDITIONS[reason]).join(' OR ')})`
    : ATTENTION_CONDITIONS[attention];
