/**
 * What happens to a purchase's money after its own workflow has ended: a refund that was sent comes back, arrives at last, or
 * is sent once more; the buyer's bank takes the payment back. A story of its own, begun by what comes in and over when nothing
 * is left to do. As long as the purchase lives, its workflow does all of this itself: never do two write.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type AftercareInput, type RefundHint, refundHintSignal } from '../contracts/aftercare.ts';
import { type ChargebackHint, type ChargebackWork, chargebackHintSignal } from '../contracts/chargeback.ts';
import type { PurchaseState } from '../contracts/purchase.ts';
import {
  type ChargebackWish,
  doChargebackWork,
  followChargebackOrder,
  isSameWork,
  listenForChargebackOrders,
  noteChargeback,
  putOff,
  worksOf,
  workText,
  workTimeOf,
} from './purchase-chargeback.ts';
import { listenForRefundAgain, noteRefund, type RefundAgainWish, refundAgain } from './purchase-refunds.ts';
import { askFinance, CHARGEBACK_STEPS } from './purchase-refused.ts';
import { type Item, openDesk } from './support/desk.ts';
import { tellStaff, timeText } from './support/notices.ts';
import { answerOf } from './support/steps.ts';

/** What comes first now: what was put off has another time than it had. */
const firstOf = (works: readonly ChargebackWork[]): ChargebackWork =>
  works.reduce((first, one) => (workTimeOf(one) < workTimeOf(first) ? one : first));

type Hint = RefundHint | ChargebackHint;
type AnyWish = ChargebackWish | RefundAgainWish;

const objectOf = (hint: Hint): string => ('refundId' in hint ? hint.refundId : hint.chargebackId);

/** Of one purchase at once: more is a provider gone mad, and looked at when it tells again. */
const MAX_HINTS = 20;

/** What failed is tried again after this long. */
const TRY_AGAIN_AFTER_MS = 60 * 60 * 1_000;

/** What staff read while that waits for its time. */
const ATTENDED: Readonly<Record<ChargebackWork['what'], { readonly title: string; readonly due: string }>> = {
  answer: {
    title: "The buyer's bank takes evidence about the payment",
    due: 'the evidence is submitted, unless finance does it earlier',
  },
  settle: { title: "The buyer's bank keeps what it took of the payment", due: '' },
  awaitFunds: {
    title: "The buyer's bank has decided, and the money has still to move: about the payment",
    due: 'finance is told that it has not',
  },
};
/** The last hints of a refund or a chargeback come about together. */
const KEEP_MS = 1_000;

export async function aftercare({ purchaseId, work: first, more = [] }: AftercareInput): Promise<void> {
  const hints: Hint[] = [];
  const desk = openDesk<AnyWish, PurchaseState, never>();
  let works: readonly ChargebackWork[] = first === undefined ? [] : [first, ...more];
  setHandler(refundHintSignal, hint);
  setHandler(chargebackHintSignal, hint);
  listenForChargebackOrders(desk);
  listenForRefundAgain(desk);
  // It is only ever started together with a hint or an order, which is a moment away, or with work that is left.
  if (works.length === 0) await condition(cameIn, '1 minute');
  for (let isKept = false; !isKept; ) {
    const item = desk.take();
    const told = item === undefined ? hints.shift() : undefined;
    if (item?.kind === 'wish') await obey(item);
    else if (told !== undefined) await hear(told);
    else if (works.length > 0) await attend(firstOf(works));
    else if (allHandlersFinished()) isKept = await keep();
    else await condition(() => allHandlersFinished() || cameIn());
  }
  tellStaff({ title: `All that is known about the money of ${purchaseId} is noted.`, lines: ['It has ended.'] });

  /** What is waited to be looked at already is looked at once. */
  function hint(given: Hint): void {
    const known = hints.some((waiting) => objectOf(waiting) === objectOf(given));
    if (!known && hints.length < MAX_HINTS) hints.push(given);
  }

  /**
   * The server refuses an end that something has overtaken, and with it all that was said in the same breath: the answer of
   * an order, and that its step was taken. So a moment lies between the two. @returns false when something came in meanwhile
   */
  async function keep(): Promise<boolean> {
    if (!patched('kept-before-the-end')) return true;
    return !(await condition(cameIn, KEEP_MS, { summary: 'keeps what was done, before it ends' }));
  }

  function cameIn(): boolean {
    return hints.length > 0 || !desk.empty;
  }

  async function obey({ wish, settle }: Item<AnyWish, PurchaseState, never> & { kind: 'wish' }): Promise<void> {
    try {
      const standing = await ('again' in wish
        ? refundAgain(purchaseId, wish)
        : followChargebackOrder(purchaseId, wish));
      works = worksOf(standing);
      settle.done(standing.state);
    } catch (error) {
      settle.failed(answerOf(error) ?? error);
    }
  }

  async function hear(hint: Hint): Promise<void> {
    if ('refundId' in hint) return hearOfRefund(hint);
    tell(`The buyer's bank does something about the payment of ${purchaseId}: ${hint.chargebackId}.`);
    return orTryAgain(async () => worksOf(await noteChargeback(purchaseId, hint)));
  }

  async function hearOfRefund(hint: RefundHint): Promise<void> {
    tellStaff({
      title: `The refund ${hint.refundId} of ${purchaseId} has changed at Stripe.`,
      lines: [
        'Waits for Stripe: we look what became of it, and note it.',
        'If it came back, the money is owed to the buyer, and finance gets a case about it.',
      ],
    });
    // It changes nothing of what is left to do about a chargeback.
    await orTryAgain(async () => {
      await noteRefund(purchaseId, hint);
      return works;
    });
  }

  /** Waits until its time has come, unless something comes in first. */
  async function attend(next: ChargebackWork): Promise<void> {
    const { title, due } = ATTENDED[next.what];
    tell(`${title} of ${purchaseId}.`, due === '' ? '' : `**Until ${timeText(next.atMs)}**: then ${due}.`);
    const waitMs = workTimeOf(next) - Date.now();
    // What is refused for months is tried again all that time.
    const isLong = workflowInfo().continueAsNewSuggested && !cameIn() && allHandlersFinished();
    if (isLong && patched('begins-afresh')) {
      const others = works.filter((one) => one !== next);
      await continueAsNew<typeof aftercare>({ purchaseId, work: next, more: others });
    }
    if (cameIn() || (waitMs > 0 && (await condition(cameIn, waitMs, { summary: workText(next) })))) return;
    await orTryAgain(async () => unlessTheSame(next, worksOf(await doChargebackWork(purchaseId, next))), next);
  }

  /** What is due and was done, and is left to do all the same, is not done again at once: that would never end. */
  function unlessTheSame(done: ChargebackWork, left: typeof works): typeof works {
    if (!left.some((one) => isSameWork(one, done) && workTimeOf(one) <= Date.now())) return left;
    log.error('what was due was done, and nothing has changed by it', { what: done.what });
    return patched('nothing-is-done-without-end') ? putOffIn(left, done) : left;
  }

  /** What has just come to nothing waits; nothing else does. */
  function putOffIn(left: typeof works, tried: ChargebackWork): typeof works {
    const againMs = Date.now() + TRY_AGAIN_AFTER_MS;
    return left.map((one) => (isSameWork(one, tried) ? putOff(one, againMs) : one));
  }

  /**
   * What is refused is nobody's to hear: finance is asked, and it is tried again later, if there is still something to do.
   * @param attended the work whose time has come; what is only looked at moves none
   */
  async function orTryAgain(act: () => Promise<typeof works>, attended?: ChargebackWork): Promise<void> {
    try {
      works = await act();
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      log.error('a step was refused', { type: answer.type, message: answer.message });
      await askFinance(purchaseId, attended && CHARGEBACK_STEPS[attended.what], answer);
      if (works.length === 0) return;
      // Before, whatever was refused had the work done an hour later: also evidence that had days.
      if (!patched('work-keeps-its-time')) {
        works = works.map((one) => ({ ...one, atMs: Date.now() + TRY_AGAIN_AFTER_MS }));
      } else if (attended !== undefined) works = putOffIn(works, attended);
    }
  }

  function tell(title: string, line = ''): void {
    const more = 'It is looked at, and what the bank took or gave back is booked. Finance has a case about it.';
    tellStaff({ title, lines: [...(line === '' ? [] : [line]), more] });
  }
}
