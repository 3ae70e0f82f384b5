/** The steps about refunds that have gone out: what became of them, and making them anew. */
import type { RefundAgainOrder } from '../contracts/aftercare.ts';
import type { PurchaseId } from '../contracts/ids.ts';
import {
  commandStep,
  commitStep,
  findRefund,
  type Refund,
  setRefundStatus,
  wasTaken,
  writeStaffWords,
} from '../services/transactions/index.ts';
import type { Move } from '../services/transactions/money.ts';
import { backMoves, isBack, keepOwedCase, noteMade, stepThatNotes, tellFinance, wasNotedAsBack } from './came-back.ts';
import { refusal } from './failures.ts';
import { makeOnce } from './once.ts';
import {
  intentOf,
  type PurchaseDeps,
  type PurchaseStanding,
  purchaseToAct,
  refuseStopped,
  standing,
  stepKey,
} from './purchase-steps.ts';

export type AftercareActivities = ReturnType<typeof createAftercareActivities>;

export interface RefundStep {
  readonly purchaseId: PurchaseId;
  readonly refundId: string;
  /** Stripe's event that told of it; missing in histories of before. */
  readonly eventId?: string;
  /** The workflow's time, milliseconds since 1970. */
  readonly atMs: number;
}

export interface RefundAgainStep {
  readonly purchaseId: PurchaseId;
  readonly order: RefundAgainOrder;
  /** The same for every repeat of the order. */
  readonly updateId: string;
  readonly atMs: number;
}

const STRIPE = { type: 'provider', id: 'stripe' } as const;

export function createAftercareActivities(deps: PurchaseDeps) {
  const { database, payments } = deps;
  return {
    /**
     * Notes what became of a refund. Money that came back is owed to the buyer from then on, and a case is opened: finance
     * decides whether it is sent once more.
     * @throws ApplicationFailure OTHER_REFUND
     */
    async noteRefund({ purchaseId, refundId, eventId, atMs }: RefundStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, { purchaseId });
      // One that we do not know yet may be what was begun, and lost with its worker: that is gone through with next.
      if (purchase.unfinished !== null && (await findRefund(database, purchaseId, refundId)) === undefined)
        return standing(purchase);
      const known = await mustFind(deps, purchaseId, refundId);
      const { status } = await payments.getRefund(refundId);
      const cameBack = isBack(status);
      const isNoted = cameBack ? await wasNotedAsBack(database, purchaseId, refundId) : known.status === status;
      if (isNoted) return standing(purchase);
      const moves: readonly Move[] = cameBack ? [{ name: 'refundCameBack', amount: known.amount }] : [];
      const key = stepKey(
        { purchaseId, from: purchase.state, actor: STRIPE, atMs, causedBy: eventId && `event/${eventId}` },
        stepThatNotes(refundId, status),
      );
      const after = await commitStep(
        database,
        key,
        (current) => ({
          // The purchase shows how its last refund stands; each refund has its own row.
          ...(current.refund.id === refundId && { refund: { status } }),
          moves,
          reference: refundId,
        }),
        async (tx, current) => {
          await setRefundStatus(tx, refundId, status);
          if (cameBack) await tellFinance(tx, deps, current, { refundId, atMs });
        },
      );
      if (after.state !== key.from) throw new Error(`${purchaseId} moved on meanwhile`);
      return standing(after);
    },

    /**
     * Sends a refund that came back once more, as finance want it: a new refund, with a row of its own. One that was sent once
     * more before stays as it is; of what the buyer's bank has given them meanwhile nothing is sent.
     * @throws ApplicationFailure OTHER_REFUND, REFUND_NOT_FAILED, REFUND_NOT_OWED, MONEY_PAUSED
     */
    async refundAgain({ purchaseId, order, updateId, atMs }: RefundAgainStep): Promise<PurchaseStanding> {
      const actor = { type: 'staff', id: order.staff } as const;
      const purchase = await purchaseToAct(database, { purchaseId });
      const { state: from } = purchase;
      const causedBy = commandStep(updateId);
      const key = stepKey({ purchaseId, from, actor, atMs, causedBy }, `refundAgain/${order.refundId}`);
      const failed = await mustFind(deps, purchaseId, order.refundId);
      if (await wasTaken(database, purchaseId, key.step)) return standing(purchase);
      if (!isBack(failed.status)) {
        throw refusal('REFUND_NOT_FAILED', `The refund ${order.refundId} has not come back: it is ${failed.status}.`);
      }
      refuseStopped(purchase, 'refundBuyer');
      const amount = Math.min(failed.amount, purchase.books.owedToBuyer);
      if (amount === 0)
        throw refusal('REFUND_NOT_OWED', "The buyer's bank has given them this money: nothing is owed.");
      const ref = { purchaseId, step: key.step, paymentId: intentOf(purchase) };
      const refund = await makeOnce(database, purchase, key, {
        amount,
        make: (idempotencyKey) => payments.refund({ ...ref, amount }, idempotencyKey),
        find: () => payments.findRefund(ref),
      });
      const after = await commitStep(
        database,
        key,
        () => ({
          refund: { id: refund.id, status: refund.status },
          moves: [{ name: 'refundAgain', amount }, ...backMoves(refund, amount)],
          reference: refund.id,
        }),
        async (tx, current) => {
          const { id: providerId, status } = refund;
          await noteMade(tx, deps, current, { step: key.step, providerId, amount, status, at: new Date(atMs) });
          await writeStaffWords(tx, purchaseId, { kind: 'refund', words: order.reason, actor, atMs });
          await keepOwedCase(tx, current, actor);
        },
      );
      if (after.state !== key.from) throw new Error(`${purchaseId} moved on meanwhile`);
      return standing(after);
    },
  };
}

async function mustFind({ database }: PurchaseDeps, purchaseId: PurchaseId, refundId: string): Promise<Refund> {
  const found = await findRefund(database, purchaseId, refundId);
  if (found !== undefined) return found;
  throw refusal('OTHER_REFUND', `${refundId} is no refund that ${purchaseId} has made.`);
}
