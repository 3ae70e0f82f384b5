/** Refunds whose money is with us again: Stripe says so at any time, also before we have noted that they were made. */
import type { Actor } from '../contracts/actor.ts';
import type { PurchaseId } from '../contracts/ids.ts';
import type { Queryable, Tx } from '../platform/database.ts';
import { amendCase, amendOpenCase, closeCase, openCase } from '../services/cases/index.ts';
import { insertRefund, type Purchase, type Refund, takeStep, wasTaken } from '../services/transactions/index.ts';
import type { Move } from '../services/transactions/money.ts';
import type { PurchaseDeps } from './purchase-steps.ts';

/** Stripe's words for money that is with us again. */
const CAME_BACK: readonly Refund['status'][] = ['failed', 'canceled'];
export const isBack = (status: Refund['status']): boolean => CAME_BACK.includes(status);

/** The step that notes how a refund stands: whichever other step notes it takes this one, too, so that it is noted once. */
export const stepThatNotes = (refundId: string, status: Refund['status']): string => `noteRefund/${refundId}/${status}`;

/** Whether it was noted that a refund came back, and so the money is booked as owed to the buyer. */
export async function wasNotedAsBack(db: Queryable, purchaseId: PurchaseId, refundId: string): Promise<boolean> {
  for (const status of CAME_BACK) {
    if (await wasTaken(db, purchaseId, stepThatNotes(refundId, status))) return true;
  }
  return false;
}

/** What a refund that has come back moves, beside its being made. */
export const backMoves = ({ status }: Pick<Refund, 'status'>, amount: number): Move[] =>
  isBack(status) ? [{ name: 'refundCameBack', amount }] : [];

/** Notes a refund that is made, in the transaction of its step; and that it has come back, when it already has. */
export async function noteMade(
  tx: Tx,
  deps: PurchaseDeps,
  purchase: Purchase,
  made: Omit<Refund, 'number'>,
): Promise<void> {
  await insertRefund(tx, purchase.id, made);
  if (!isBack(made.status)) return;
  await takeStep(tx, purchase.id, stepThatNotes(made.providerId, made.status));
  await tellFinance(tx, deps, purchase, { refundId: made.providerId, atMs: made.at.getTime() });
}

/** One case for a purchase, however many of its refunds come back: it says the last one, and what is owed in all. */
export async function tellFinance(
  tx: Tx,
  { policy }: PurchaseDeps,
  { id, books, currency }: Purchase,
  { refundId, atMs }: { readonly refundId: string; readonly atMs: number },
): Promise<void> {
  // Finance has as long for it as for money that does not reach a seller.
  const dueAt = new Date(atMs + policy.transferCaseDue);
  const details = { refundId, amount: books.owedToBuyer, currency };
  const opened = await openCase(tx, { kind: 'refund_failed', subjectType: 'purchase', subjectId: id, dueAt, details });
  await amendCase(tx, opened, details);
}

/** What was sent anew, or the bank has given the buyer, is owed no more: the case says what is, until nothing is left. */
export async function keepOwedCase(tx: Tx, { id, books, currency }: Purchase, actor: Actor): Promise<void> {
  if (books.owedToBuyer === 0) await closeCase(tx, 'refund_failed', id, { decision: 'resolved', actor });
  else await amendOpenCase(tx, 'refund_failed', id, { amount: books.owedToBuyer, currency });
}
