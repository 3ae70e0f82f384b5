/**
 * What happens to a purchase's money after its own steps: a refund that was sent comes back, or arrives at last. The
 * purchase may have ended long ago, so this is a story of its own, begun by the hint and over when nothing is left to do.
 */
import { condition, setHandler } from '@temporalio/workflow';
import { type AftercareInput, type RefundHint, refundHintSignal } from '../contracts/aftercare.ts';
import { tellStaff } from './support/notices.ts';
import { moneyStep } from './support/steps.ts';

/** Of one purchase at once: more is a provider gone mad, and looked at when it tells again. */
const MAX_HINTS = 20;

export async function aftercare({ purchaseId }: AftercareInput): Promise<void> {
  const hints: RefundHint[] = [];
  setHandler(refundHintSignal, (hint) => {
    const known = hints.some(({ refundId }) => refundId === hint.refundId);
    if (!known && hints.length < MAX_HINTS) hints.push(hint);
  });
  // It is only ever started together with a hint, which is a moment away.
  await condition(() => hints.length > 0, '1 minute');
  for (let hint = hints.shift(); hint !== undefined; hint = hints.shift()) {
    tellStaff({
      title: `The refund ${hint.refundId} of ${purchaseId} has changed at Stripe.`,
      lines: [
        'Waits for Stripe: we look what became of it, and note it.',
        'If it came back, the money is owed to the buyer, and finance gets a case about it.',
      ],
    });
    const step = { purchaseId, refundId: hint.refundId, eventId: hint.eventId, atMs: Date.now() };
    await moneyStep('noteRefund', step, 'Look what became of the refund');
  }
  tellStaff({ title: `All that is known about refunds of ${purchaseId} is noted.`, lines: ['It has ended.'] });
}
