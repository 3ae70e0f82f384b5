/** What becomes of refunds after they were sent, in the workflow of the purchase and in its aftercare. */
import { ApplicationFailure, currentUpdateInfo, setHandler } from '@temporalio/workflow';
import type { PurchaseStanding } from '../activities/purchase.ts';
import { type RefundAgainOrder, type RefundHint, refundAgainUpdate } from '../contracts/aftercare.ts';
import type { PurchaseId } from '../contracts/ids.ts';
import type { PurchaseOutcome, PurchaseState } from '../contracts/purchase.ts';
import type { Desk } from './support/desk.ts';
import { moneyStep } from './support/steps.ts';

/** An order of finance that lies on the desk. */
export interface RefundAgainWish {
  readonly again: RefundAgainOrder;
  readonly updateId: string;
}

/** From now on such orders find their place on a desk. @param refuse why else one may be refused before it is recorded */
export function listenForRefundAgain(
  desk: Pick<Desk<RefundAgainWish, PurchaseState, never>, 'ask' | 'refuseRepeat'>,
  refuse: () => void = () => {},
): void {
  const again = async (order: RefundAgainOrder): Promise<PurchaseOutcome> => ({
    state: await desk.ask({ again: order, updateId: currentUpdateInfo()?.id ?? '' }),
  });
  setHandler(refundAgainUpdate, again, {
    validator: (order) => {
      desk.refuseRepeat();
      refuseUnlessOrder(order);
      refuse();
    },
  });
}

/** Looks what became of a refund, and notes it. */
export function noteRefund(purchaseId: PurchaseId, { refundId, eventId }: RefundHint): Promise<PurchaseStanding> {
  const step = { purchaseId, refundId, eventId, atMs: Date.now() };
  return moneyStep('noteRefund', step, 'Look what became of the refund');
}

/** Sends a refund that came back once more. */
export function refundAgain(purchaseId: PurchaseId, { again, updateId }: RefundAgainWish): Promise<PurchaseStanding> {
  const step = { purchaseId, order: again, updateId, atMs: Date.now() };
  return moneyStep('refundAgain', step, 'Refund anew what came back');
}

/** Whether somebody can have meant it. @throws ApplicationFailure WRONG_ORDER */
function refuseUnlessOrder({ staff, refundId, reason }: Partial<RefundAgainOrder>): void {
  if ([staff, refundId, reason].every((member) => typeof member === 'string')) return;
  throw ApplicationFailure.nonRetryable('It says who wants which refund to be made anew, and why.', 'WRONG_ORDER');
}
