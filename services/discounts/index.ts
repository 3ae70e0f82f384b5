/**
 * The face of the discounts service: codes that Wellpact pays for, and what purchases use of them. What a discount does to
 * the money of a purchase is the purchase's own matter: `services/transactions/discount-rules.ts`.
 */
import type { Actor } from '../../contracts/actor.ts';
import type { DiscountId, PurchaseId, UserId } from '../../contracts/ids.ts';
import { audit } from '../../platform/audit.ts';
import type { Database, Queryable, Tx } from '../../platform/database.ts';
import { type DiscountRefusal, type DiscountTerms, type DiscountWish, discountFor } from './rules.ts';
import {
  type Discount,
  findCode,
  findDiscount,
  insertDiscount,
  insertUse,
  lockCode,
  setDisabled,
  usesOfBuyer,
} from './store.ts';

export { type Discount, findDiscount, giveBackUse, listDiscounts } from './store.ts';

export type NewDiscount = DiscountTerms & Pick<Discount, 'id' | 'code' | 'createdBy' | 'createdAt'>;

/**
 * Makes a code, once for each id.
 * @returns undefined when another one has that name
 */
export async function createDiscount(db: Database, actor: Actor, made: NewDiscount): Promise<Discount | undefined> {
  return db.transaction(async (tx) => {
    const discount = { ...made, uses: 0, spent: 0, isDisabled: false, disabledAt: null };
    if (!(await insertDiscount(tx, discount))) return findDiscount(tx, made.id);
    const { id, createdAt: _at, createdBy: _by, ...change } = made;
    await audit(tx, { subjectType: 'discount', subjectId: id, actor, action: 'discount.created', change });
    return discount;
  });
}

/** From now on nobody can use it; who has used it keeps what they were promised. @returns undefined when there is none */
export async function disableDiscount(
  db: Database,
  actor: Actor,
  id: DiscountId,
  at: Date,
): Promise<Discount | undefined> {
  return db.transaction(async (tx) => {
    if (await setDisabled(tx, id, at)) {
      await audit(tx, { subjectType: 'discount', subjectId: id, actor, action: 'discount.disabled', change: {} });
    }
    return findDiscount(tx, id);
  });
}

/** Who wants to use a code, and for what. */
export interface Use extends Omit<DiscountWish, 'usesOfBuyer'> {
  /** In upper case. */
  readonly code: string;
  readonly buyerId: UserId;
}

/** What a code would give now, minor units; or why it is not taken. Nothing is promised with it. */
export async function quoteDiscount(db: Queryable, use: Use): Promise<number | DiscountRefusal> {
  return quoted(db, await findCode(db, use.code), use);
}

/**
 * Uses a code for a purchase, in the transaction that opens it, which so keeps it or does not.
 * @returns what it gives, minor units; or why it is not taken
 */
export async function useDiscount(
  tx: Tx,
  use: Use & { readonly purchaseId: PurchaseId },
): Promise<number | DiscountRefusal> {
  const discount = await lockCode(tx, use.code);
  const amount = await quoted(tx, discount, use);
  if (discount === undefined || typeof amount === 'string') return amount;
  const { purchaseId, buyerId, atMs } = use;
  await insertUse(tx, discount.id, { purchaseId, buyerId, amount, at: new Date(atMs) });
  return amount;
}

async function quoted(db: Queryable, discount: Discount | undefined, use: Use): Promise<number | DiscountRefusal> {
  if (discount === undefined) return 'unknown';
  return discountFor(discount, { ...use, usesOfBuyer: await usesOfBuyer(db, discount.id, use.buyerId) });
}
