import type { UserId } from '../../contracts/ids.ts';
import type { Currency } from '../../contracts/money.ts';
import type { Queryable } from '../../platform/database.ts';

/** What Wellpact has for a seller, and what they owe it, in one currency; minor units. */
export interface SellerBooks {
  readonly currency: Currency;
  /** Paid by buyers and not released yet: Wellpact's commission, and whatever is refunded, still comes off. */
  readonly held: number;
  /** Released, and not yet sent to the seller's account at Stripe. */
  readonly payable: number;
  /** Refunded in the seller's place, and not yet kept from a later release. */
  readonly owed: number;
}

/** By currency, in the order of its code; only those in which there is something. */
export async function sellerBooks(db: Queryable, sellerId: UserId): Promise<SellerBooks[]> {
  const { rows } = await db.query<{ [Member in keyof SellerBooks]: SellerBooks[Member] }>({
    name: 'seller_books',
    text: `SELECT currency, sum(held)::bigint AS held, sum(payable)::bigint AS payable, sum(owed)::bigint AS owed
             FROM (SELECT currency, held, payable, 0 AS owed FROM transactions.purchases
                    WHERE seller_id = $1 AND (held > 0 OR payable > 0)
                   UNION ALL
                   SELECT currency, 0, 0, amount - recovered FROM transactions.seller_receivables
                    WHERE seller_id = $1 AND recovered < amount) AS parts
            GROUP BY currency ORDER BY currency`,
    values: [sellerId],
  });
  return rows;
}
