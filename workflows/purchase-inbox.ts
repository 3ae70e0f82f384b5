/** What comes to a purchase from outside: each thing is laid on its desk, or refused before it is recorded. */
import { currentUpdateInfo, setHandler } from '@temporalio/workflow';
import { type RefundHint, refundHintSignal } from '../contracts/aftercare.ts';
import { type ChargebackHint, chargebackHintSignal } from '../contracts/chargeback.ts';
import { type DisputeDecision, disputeDecidedSignal } from '../contracts/dispute.ts';
import {
  openPurchaseUpdate,
  type PaymentHint,
  type PurchaseInput,
  type PurchaseOutcome,
  type PurchaseState,
  paymentHintSignal,
} from '../contracts/purchase.ts';
import type { StaffOrderKind } from '../services/transactions/support-rules.ts';
import { type ChargebackWish, listenForChargebackOrders } from './purchase-chargeback.ts';
import { listenForRefundAgain, type RefundAgainWish } from './purchase-refunds.ts';
import { inProgress, refuseStopped, type Story, type Wish } from './purchase-steps.ts';
import {
  inputText,
  orderIn,
  refuseOrder,
  STAFF_UPDATES,
  type StaffCounts,
  type StaffWish,
} from './purchase-support.ts';
import { refuseUnlessAllowed, WISHES, wishOf } from './purchase-wishes.ts';
import type { Desk } from './support/desk.ts';
import { GUARDED } from './support/updates.ts';

/** What is laid on the desk. */
export type AnyWish = Wish | StaffWish | ChargebackWish | RefundAgainWish;
/** What comes in without anybody waiting for an answer. */
export type Hint = PaymentHint | ChargebackHint | RefundHint | DisputeDecision;

/** How the purchase stands when something comes in. */
export interface Now {
  /** Undefined until it is opened. */
  readonly story: Story | undefined;
  /** What it is doing, for those who come in the middle. */
  readonly doing: string | undefined;
  readonly orders: StaffCounts;
}

/** What is answered without lying on the desk. */
interface Answers {
  readonly opened: () => Promise<PurchaseOutcome>;
  /** A note changes nothing, so it does not wait its turn behind what may take long. */
  readonly keepNote: (story: Story, wish: StaffWish) => Promise<PurchaseOutcome>;
}

/** From now on whatever comes in finds its place. */
export function listen(
  input: PurchaseInput,
  desk: Desk<AnyWish, PurchaseState, Hint>,
  now: Now,
  { opened, keepNote }: Answers,
): void {
  // First, so that they stand first in the list of the Temporal UI.
  for (const [update, kind, about] of STAFF_UPDATES) {
    setHandler(update, (given) => takeOrder(kind, given), {
      description: `${about} ${inputText(kind, input.purchaseId)}`,
      validator: (given) => {
        desk.refuseRepeat();
        if (now.story === undefined) throw inProgress('open');
        refuseOrder(orderIn(kind, given, input.purchaseId), now.story.standing, now.orders);
      },
    });
  }
  setHandler(openPurchaseUpdate, opened, GUARDED);
  for (const [update, event] of WISHES) {
    setHandler(update, async (command) => ({ state: await desk.ask(wishOf(input, now.story, event, command)) }), {
      validator: (command) => {
        desk.refuseRepeat();
        const { story, doing } = now;
        const wish = wishOf(input, story, event, command);
        if (story !== undefined) refuseStopped(story, wish);
        const unfinished = story?.standing.unfinished?.event;
        if (desk.busy || doing !== undefined || unfinished !== undefined) throw inProgress(doing ?? unfinished);
        refuseUnlessAllowed(story, wish);
      },
    });
  }
  listenForChargebackOrders(desk, () => {
    if (now.story === undefined || now.doing !== undefined) throw inProgress(now.doing ?? 'open');
  });
  setHandler(paymentHintSignal, (hint) => desk.tell(hint.eventId, hint.eventType, hint));
  setHandler(refundHintSignal, (hint) => desk.tell(hint.eventId, hint.refundId, hint));
  listenForRefundAgain(desk, () => {
    if (desk.busy || now.doing !== undefined) throw inProgress(now.doing);
  });
  setHandler(chargebackHintSignal, (hint) => desk.tell(hint.eventId, hint.chargebackId, hint));
  setHandler(disputeDecidedSignal, (decision) => {
    const subject = `dispute/${decision.n}`;
    desk.tell(`${subject}/decided`, subject, decision);
  });

  async function takeOrder(kind: StaffOrderKind, given: unknown): Promise<PurchaseOutcome> {
    const wish = { order: orderIn(kind, given, input.purchaseId), updateId: currentUpdateInfo()?.id ?? '' };
    if (now.story === undefined) throw inProgress('open');
    return kind === 'note' ? keepNote(now.story, wish) : { state: await desk.ask(wish) };
  }
}
