/** Discount codes, and their uses, in the database. */
import type { DiscountId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import type { DiscountStanding } from './rules.ts';

/** A code as it is stored. */
export interface Discount extends DiscountStanding {
  readonly id: DiscountId;
  /** In upper case. */
  readonly code: string;
  readonly createdBy: UserId;
  readonly createdAt: Date;
  readonly disabledAt: Date | null;
}

interface Row extends Record<string, unknown>, Omit<Discount, 'validFromMs' | 'validUntilMs' | 'isDisabled'> {
  readonly validFrom: Date;
  readonly validUntil: Date | null;
}

const COLUMNS = `id, code, currency, basis_points AS "basisPoints", amount, maximum_amount AS "maximumAmount",
  minimum_price AS "minimumPrice", valid_from AS "validFrom", valid_until AS "validUntil", max_uses AS "maxUses",
  max_uses_per_buyer AS "maxUsesPerBuyer", budget, uses, spent, created_by AS "createdBy", created_at AS "createdAt",
  disabled_at AS "disabledAt"`;

const fromRow = ({ validFrom, validUntil, ...row }: Row): Discount => ({
  ...row,
  validFromMs: validFrom.getTime(),
  validUntilMs: validUntil?.getTime() ?? null,
  isDisabled: row.disabledAt !== null,
});

/** @returns false when there is a code of this name, or with this id, already */
export async function insertDiscount(tx: Tx, discount: Discount): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'discount_insert',
    text: `INSERT INTO discounts.codes (id, code, currency, basis_points, amount, maximum_amount, minimum_price, valid_from,
             valid_until, max_uses, max_uses_per_buyer, budget, created_by, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING`,
    values: [
      discount.id,
      discount.code,
      discount.currency,
      discount.basisPoints,
      discount.amount,
      discount.maximumAmount,
      discount.minimumPrice,
      new Date(discount.validFromMs),
      discount.validUntilMs === null ? null : new Date(discount.validUntilMs),
      discount.maxUses,
      discount.maxUsesPerBuyer,
      discount.budget,
      discount.createdBy,
      discount.createdAt,
    ],
  });
  return rowCount === 1;
}

export async function findDiscount(db: Queryable, id: DiscountId): Promise<Discount | undefined> {
  const { rows } = await db.query<Row>({
    name: 'discount_find',
    text: `SELECT ${COLUMNS} FROM discounts.codes WHERE id = $1`,
    values: [id],
  });
  return rows[0] && fromRow(rows[0]);
}

export async function findCode(db: Queryable, code: string): Promise<Discount | undefined> {
  const { rows } = await db.query<Row>({
    name: 'discount_find_code',
    text: `SELECT ${COLUMNS} FROM discounts.codes WHERE code = $1`,
    values: [code],
  });
  return rows[0] && fromRow(rows[0]);
}

/** The same, locked until the transaction ends: of two who want the last use the second waits and sees it gone. */
export async function lockCode(tx: Tx, code: string): Promise<Discount | undefined> {
  const { rows } = await tx.query<Row>({
    name: 'discount_lock_code',
    text: `SELECT ${COLUMNS} FROM discounts.codes WHERE code = $1 FOR UPDATE`,
    values: [code],
  });
  return rows[0] && fromRow(rows[0]);
}

/** Newest first. @param before only those older than this id */
export async function listDiscounts(db: Queryable, before: DiscountId | undefined, limit: number): Promise<Discount[]> {
  const { rows } = await db.query<Row>({
    name: 'discount_list',
    text: `SELECT ${COLUMNS} FROM discounts.codes WHERE $1::text IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
    values: [before ?? null, limit],
  });
  return rows.map(fromRow);
}

/** @returns whether it was not disabled before */
export async function setDisabled(tx: Tx, id: DiscountId, at: Date): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'discount_disable',
    text: 'UPDATE discounts.codes SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL',
    values: [id, at],
  });
  return rowCount === 1;
}

/** How often a buyer used a code, less what was given back. */
export async function usesOfBuyer(db: Queryable, codeId: DiscountId, buyerId: UserId): Promise<number> {
  const { rows } = await db.query<{ uses: number }>({
    name: 'discount_uses_of_buyer',
    text: `SELECT count(*)::int AS uses FROM discounts.uses
            WHERE code_id = $1 AND buyer_id = $2 AND given_back_at IS NULL`,
    values: [codeId, buyerId],
  });
  return rows[0]?.uses ?? 0;
}

/** Notes a use of a code that is locked. */
export async function insertUse(
  tx: Tx,
  codeId: DiscountId,
  use: { readonly purchaseId: PurchaseId; readonly buyerId: UserId; readonly amount: number; readonly at: Date },
): Promise<void> {
  await tx.query({
    name: 'discount_use',
    text: `WITH used AS (INSERT INTO discounts.uses (purchase_id, code_id, buyer_id, amount, used_at)
                         VALUES ($2, $1, $3, $4, $5))
           UPDATE discounts.codes SET uses = uses + 1, spent = spent + $4 WHERE id = $1`,
    values: [codeId, use.purchaseId, use.buyerId, use.amount, use.at],
  });
}

/** What a purchase used of a code is there again, once. */
export async function giveBackUse(tx: Tx, purchaseId: PurchaseId): Promise<void> {
  await tx.query({
    name: 'discount_give_back',
    text: `WITH back AS (UPDATE discounts.uses SET given_back_at = now()
                          WHERE purchase_id = $1 AND given_back_at IS NULL RETURNING code_id, amount)
           UPDATE discounts.codes SET uses = uses - 1, spent = spent - back.amount FROM back WHERE id = back.code_id`,
    values: [purchaseId],
  });
}
