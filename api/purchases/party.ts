/** Which of a purchase's parties somebody is. */
import type { PurchaseId } from '../../contracts/ids.ts';
import { notFound } from '../../platform/errors.ts';
import { disputeWaits } from '../../services/disputes/index.ts';
import {
  type DisputeNow,
  findPurchase,
  type Purchase,
  type Refund,
  refundsOf,
  type Side,
} from '../../services/transactions/index.ts';
import type { ApiDeps } from '../deps.ts';
import type { Caller } from '../route.ts';

/** A purchase is its parties' alone. @throws Problem 404 */
export async function purchaseOf(database: ApiDeps['database'], id: PurchaseId, userId: string): Promise<Purchase> {
  const purchase = await findPurchase(database, id);
  if (purchase === undefined || (purchase.buyerId !== userId && purchase.sellerId !== userId))
    throw notFound('purchase');
  return purchase;
}

/** What went back to the buyer, read where something can have. */
export async function refundsOfOne(database: ApiDeps['database'], { id, refund }: Purchase): Promise<Refund[]> {
  return refund.status === 'none' ? [] : ((await refundsOf(database, [id])).get(id) ?? []);
}

/** Who refunds in the place of a seller. */
export const FINANCE = ['finance', 'admin'] as const;

export const sideOf = (purchase: Purchase, userId: string): Side => (purchase.buyerId === userId ? 'buyer' : 'seller');

/**
 * Who looks at a purchase: a party, or finance, where the roles of the caller are given.
 * @throws Problem 404
 */
export async function seenBy(
  database: ApiDeps['database'],
  id: PurchaseId,
  { userId, roles = [] }: Pick<Caller, 'userId'> & Partial<Pick<Caller, 'roles'>>,
): Promise<{ readonly purchase: Purchase; readonly viewer: Side | 'staff' }> {
  const purchase = await findPurchase(database, id);
  const isParty = purchase?.buyerId === userId || purchase?.sellerId === userId;
  const isFinance = FINANCE.some((role) => roles.includes(role));
  if (purchase === undefined || !(isParty || isFinance)) throw notFound('purchase');
  return { purchase, viewer: isParty ? sideOf(purchase, userId) : 'staff' };
}

/** What the disputes of these purchases wait for, by the id of the purchase. @param eyes whose eyes it is for */
export async function disputesOf(
  database: ApiDeps['database'],
  purchases: readonly Purchase[],
  eyes: 'party' | 'staff',
): Promise<ReadonlyMap<PurchaseId, DisputeNow>> {
  const open = purchases.flatMap(({ id, dispute }) => (dispute === null ? [] : [{ id, disputeId: dispute.id }]));
  const waits = await disputeWaits(
    database,
    open.map(({ disputeId }) => disputeId),
    eyes,
  );
  return new Map(
    open.flatMap(({ id, disputeId }) => {
      const wait = waits.get(disputeId);
      return wait === undefined ? [] : [[id, wait] as const];
    }),
  );
}

/** The same of one. */
export const disputeOf = async (
  database: ApiDeps['database'],
  purchase: Purchase,
  eyes: 'party' | 'staff',
): Promise<DisputeNow | undefined> => (await disputesOf(database, [purchase], eyes)).get(purchase.id);
