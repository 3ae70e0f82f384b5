/** The steps of aftercare: what comes out about the money of a purchase when its own steps are long done. */
import type { PurchaseId } from '../contracts/ids.ts';
import { openCase } from '../services/cases/index.ts';
import { commitStep } from '../services/transactions/index.ts';
import type { Move } from '../services/transactions/money.ts';
import { refusal } from './failures.ts';
import { type PurchaseDeps, purchaseToAct, stepKey } from './purchase-steps.ts';

export type AftercareActivities = ReturnType<typeof createAftercareActivities>;

export interface RefundStep {
  readonly purchaseId: PurchaseId;
  readonly refundId: string;
  /** Stripe's event that told of it; missing in histories of before. */
  readonly eventId?: string;
  /** The workflow's time, milliseconds since 1970. */
  readonly atMs: number;
}

const STRIPE = { type: 'provider', id: 'stripe' } as const;
/** Stripe's words for money that is with us again. */
const CAME_BACK: readonly string[] = ['failed', 'canceled'];

export function createAftercareActivities({ database, payments, policy }: PurchaseDeps) {
  return {
    /**
     * Notes what became of a refund. Money that came back is owed to the buyer from then on, and a case is opened: the card
     * does not take it, so finance has to find another way.
     * @throws ApplicationFailure OTHER_REFUND; Error while the refund is not in our books yet: it is tried again
     */
    async noteRefund({ purchaseId, refundId, eventId, atMs }: RefundStep): Promise<void> {
      const { status, amount } = await payments.getRefund(refundId);
      const purchase = await purchaseToAct(database, { purchaseId });
      // Stripe is faster than the transaction of the step that made it.
      if (purchase.refund.id === null) throw new Error(`the refund of ${purchaseId} is not noted yet`);
      if (purchase.refund.id !== refundId) {
        throw refusal('OTHER_REFUND', `${refundId} is not the refund that ${purchaseId} was given.`);
      }
      if (purchase.refund.status === status) return;
      const cameBack = CAME_BACK.includes(status);
      const moves: readonly Move[] = cameBack ? [{ name: 'refundCameBack', amount }] : [];
      const key = stepKey(
        { purchaseId, from: purchase.state, actor: STRIPE, atMs, causedBy: eventId && `event/${eventId}` },
        `noteRefund/${refundId}/${status}`,
      );
      const after = await commitStep(
        database,
        key,
        () => ({ refund: { status }, moves, reference: refundId }),
        async (tx, { currency }) => {
          if (!cameBack) return;
          // Finance has as long for it as for money that does not reach a seller.
          const dueAt = new Date(atMs + policy.transferCaseDue);
          const details = { refundId, amount, currency };
          await openCase(tx, { kind: 'refund_failed', subjectType: 'purchase', subjectId: purchaseId, dueAt, details });
        },
      );
      if (after.refund.status !== status) throw new Error(`${purchaseId} moved on meanwhile`);
    },
  };
}
