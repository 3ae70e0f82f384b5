/**
 * What sellers owe Wellpact, since it refunded buyers in their place, and how their later releases pay it back. Whoever
 * locks several rows here holds the row of the purchase already, and takes the others in the order of their ids.
 */
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Currency } from '../../contracts/money.ts';
import type { Database, Queryable, Tx } from '../../platform/database.ts';
import type { Purchase } from './purchase-record.ts';
import { lockPurchase } from './store.ts';

/** Notes that the seller owes what a step of a purchase advanced in their place. */
export async function insertReceivable(
  tx: Tx,
  { id, sellerId, currency }: Pick<Purchase, 'id' | 'sellerId' | 'currency'>,
  step: string,
  amount: number,
): Promise<void> {
  await tx.query({
    name: 'receivable_insert',
    text: `INSERT INTO transactions.seller_receivables (purchase_id, step, seller_id, currency, amount)
           VALUES ($1, $2, $3, $4, $5)`,
    values: [id, step, sellerId, currency, amount],
  });
}

/** What a seller owes in a currency, less what is paid back or set aside for it; minor units. */
export async function owedBy(db: Queryable, sellerId: UserId, currency: Currency): Promise<number> {
  const { rows } = await db.query<{ owed: number }>({
    name: 'receivable_owed',
    text: `SELECT coalesce(sum(amount - recovered), 0)::bigint AS owed FROM transactions.seller_receivables
            WHERE seller_id = $1 AND currency = $2 AND recovered < amount`,
    values: [sellerId, currency],
  });
  return rows[0]?.owed ?? 0;
}

/**
 * Fixes, once, what the release of a purchase keeps of the seller's part: asked again, Stripe has to hear the same amount.
 * @param from the state from which the release is taken; in any other one nothing is set aside any more
 * @param most the seller's part, minor units
 */
export async function reserveRecovery(
  db: Database,
  purchaseId: PurchaseId,
  from: Purchase['state'] | undefined,
  most: number,
): Promise<number> {
  return db.transaction(async (tx) => {
    const purchase = await lockPurchase(tx, purchaseId);
    if (purchase === undefined || purchase.state !== from) return 0;
    if (purchase.recovers !== null) return purchase.recovers;
    const amount = await takeFromReceivables(tx, purchase, most);
    await setRecovers(tx, purchaseId, amount);
    return amount;
  });
}

/**
 * Pays back what the seller owes, oldest first, with at most so much of a purchase whose row is locked.
 * @returns how much it was
 */
export async function takeFromReceivables(
  tx: Tx,
  { id, sellerId, currency }: Pick<Purchase, 'id' | 'sellerId' | 'currency'>,
  most: number,
): Promise<number> {
  const { rows } = await tx.query<{ id: string; rest: number }>({
    name: 'receivable_lock_open',
    text: `SELECT id, amount - recovered AS rest FROM transactions.seller_receivables
            WHERE seller_id = $1 AND currency = $2 AND recovered < amount ORDER BY id FOR UPDATE`,
    values: [sellerId, currency],
  });
  let left = most;
  for (const { id: receivable, rest } of rows) {
    const amount = Math.min(rest, left);
    if (amount === 0) break;
    left -= amount;
    await tx.query({
      name: 'receivable_recover',
      text: 'UPDATE transactions.seller_receivables SET recovered = recovered + $2 WHERE id = $1',
      values: [receivable, amount],
    });
    await tx.query({
      name: 'recovery_insert',
      text: `INSERT INTO transactions.recoveries (purchase_id, receivable_id, amount) VALUES ($1, $2, $3)
             ON CONFLICT (purchase_id, receivable_id) DO UPDATE SET amount = recoveries.amount + excluded.amount`,
      values: [id, receivable, amount],
    });
  }
  return most - left;
}

/** What was set aside for a release that does not happen is owed again. The row of the purchase is locked. */
export async function giveBackReservation(tx: Tx, { id, recovers }: Pick<Purchase, 'id' | 'recovers'>): Promise<void> {
  if (recovers === null) return;
  await tx.query({
    name: 'receivable_unreserve',
    text: `WITH parts AS (
             SELECT r.id, p.amount FROM transactions.recoveries p JOIN transactions.seller_receivables r ON r.id = p.receivable_id
              WHERE p.purchase_id = $1 ORDER BY r.id FOR UPDATE OF r),
           gone AS (DELETE FROM transactions.recoveries WHERE purchase_id = $1)
           UPDATE transactions.seller_receivables r SET recovered = recovered - parts.amount FROM parts WHERE r.id = parts.id`,
    values: [id],
  });
  await setRecovers(tx, id, null);
}

async function setRecovers(tx: Tx, id: PurchaseId, amount: number | null): Promise<void> {
  await tx.query({
    name: 'purchase_set_recovers',
    text: 'UPDATE transactions.purchases SET recovers = $2 WHERE id = $1',
    values: [id, amount],
  });
}
