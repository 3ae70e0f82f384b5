/** Which of a purchase's parties somebody is. */
import type { PurchaseId } from '../../contracts/ids.ts';
import { notFound } from '../../platform/errors.ts';
import { findPurchase, type Purchase, type Side } from '../../services/transactions/index.ts';
import type { ApiDeps } from '../deps.ts';

/** A purchase is its parties' alone. @throws Problem 404 */
export async function purchaseOf(database: ApiDeps['database'], id: PurchaseId, userId: string): Promise<Purchase> {
  const purchase = await findPurchase(database, id);
  if (purchase === undefined || (purchase.buyerId !== userId && purchase.sellerId !== userId))
    throw notFound('purchase');
  return purchase;
}

export const sideOf = (purchase: Purchase, userId: string): Side => (purchase.buyerId === userId ? 'buyer' : 'seller');
