/**
 * What happens to a purchase's money after its own workflow has ended: a refund that was sent comes back, or arrives at last,
 * or is sent once more. A story of its own, begun by what comes in and over when nothing is left to do. As long as the purchase
 * lives, its workflow does all of this itself: never do two write.
 */
import { allHandlersFinished, condition, currentUpdateInfo, setHandler } from '@temporalio/workflow';
import { type AftercareInput, type RefundHint, refundAgainUpdate, refundHintSignal } from '../contracts/aftercare.ts';
import type { PurchaseState } from '../contracts/purchase.ts';
import { noteRefund, type RefundAgainWish, refundAgain, refuseUnlessOrder } from './purchase-refunds.ts';
import type { Settle } from './support/desk.ts';
import { tellStaff } from './support/notices.ts';
import { answerOf } from './support/steps.ts';

/** Of one purchase at once: more is a provider gone mad, and looked at when it tells again. */
const MAX_HINTS = 20;

interface Order {
  readonly wish: RefundAgainWish;
  readonly settle: Settle<PurchaseState>;
}

export async function aftercare({ purchaseId }: AftercareInput): Promise<void> {
  const hints: RefundHint[] = [];
  const orders: Order[] = [];
  const cameIn = (): boolean => hints.length > 0 || orders.length > 0;
  setHandler(refundHintSignal, (hint) => {
    const known = hints.some(({ refundId }) => refundId === hint.refundId);
    if (!known && hints.length < MAX_HINTS) hints.push(hint);
  });
  const again = async (order: RefundAgainWish['again']): Promise<{ state: PurchaseState }> => {
    const wish = { again: order, updateId: currentUpdateInfo()?.id ?? '' };
    return { state: await new Promise((done, failed) => orders.push({ wish, settle: { done, failed } })) };
  };
  setHandler(refundAgainUpdate, again, { validator: refuseUnlessOrder });

  // It is only ever started together with what it is for, which is a moment away.
  await condition(cameIn, '1 minute');
  do {
    for (let order = orders.shift(); order !== undefined; order = orders.shift()) await obey(order);
    const hint = hints.shift();
    if (hint !== undefined) await look(hint);
    await condition(() => cameIn() || allHandlersFinished());
  } while (cameIn() || !allHandlersFinished());
  tellStaff({ title: `All that is known about refunds of ${purchaseId} is noted.`, lines: ['It has ended.'] });

  async function look(hint: RefundHint): Promise<void> {
    tellStaff({
      title: `The refund ${hint.refundId} of ${purchaseId} has changed at Stripe.`,
      lines: [
        'Waits for Stripe: we look what became of it, and note it.',
        'If it came back, the money is owed to the buyer, and finance gets a case about it.',
      ],
    });
    await noteRefund(purchaseId, hint);
  }

  async function obey({ wish, settle }: Order): Promise<void> {
    tellStaff({
      title: `Finance sends the refund ${wish.again.refundId} of ${purchaseId} once more.`,
      lines: ['Waits for Stripe.'],
    });
    try {
      settle.done((await refundAgain(purchaseId, wish)).state);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      settle.failed(answer);
    }
  }
}
