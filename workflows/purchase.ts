/**
 * The story of one purchase, from the wish to buy to the money being where it belongs.
 *
 * The purchase is opened and its payment begun. From then on it does one thing at a time: it takes up what a party
 * asked, what Stripe reported, or what its agenda demands, looks that up in the table of
 * `services/transactions/transition-rules.ts`, takes the steps that stand there, and tells staff how things stand now.
 */

import {
  type ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  log,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import type { DisputeStanding } from '../activities/purchase-steps.ts';
import type { RefundHint } from '../contracts/aftercare.ts';
import type { ChargebackHint } from '../contracts/chargeback.ts';
import type { PurchaseInput, PurchaseOutcome, PurchaseResult, PurchaseState } from '../contracts/purchase.ts';
import { isBegunBy } from '../services/transactions/begun-rules.ts';
import { isLive } from '../services/transactions/chargeback-rules.ts';
import { isFinal, standsStill } from '../services/transactions/rules.ts';
import type { StaffOrderKind } from '../services/transactions/support-rules.ts';
import type { PurchaseEvent } from '../services/transactions/transition-rules.ts';
import {
  type AgendaItem,
  type AgendaMemory,
  isBegunStopped,
  openAgenda,
  TRY_AGAIN_AFTER_MS,
} from './purchase-agenda.ts';
import {
  type ChargebackOrderKind,
  type ChargebackWish,
  doChargebackWork,
  followChargebackOrder,
  noteChargeback,
  worksOf,
} from './purchase-chargeback.ts';
import { beginDispute, DISPUTE, decideInTime, endDispute, freezeDispute, noteDecision } from './purchase-dispute.ts';
import { forward, handOver } from './purchase-handover.ts';
import { type AnyWish, type Hint, listen, type Now } from './purchase-inbox.ts';
import { createNoticeBoard } from './purchase-notices.ts';
import { noteRefund, type RefundAgainWish, refundAgain } from './purchase-refunds.ts';
import { askFinance, stepOfItem } from './purchase-refused.ts';
import {
  beginPayment,
  CLOCK,
  financeIsAsked,
  follow,
  goThroughWith,
  look,
  notAllowed,
  overlaysOf,
  PROVIDER,
  readAgain,
  retryTransfer,
  type Story,
  stepOf,
  timerIn,
  topUpSeller,
} from './purchase-steps.ts';
import { followOrder, type StaffCounts, type StaffWish, staffStepOf } from './purchase-support.ts';
import { isAlarm } from './purchase-wishes.ts';
import { answersGiven, type Item, openDesk, type Settle } from './support/desk.ts';
import { answerOf, databaseStep } from './support/steps.ts';
import { because } from './support/tracing.ts';

export function purchase(input: PurchaseInput & Resumed): Promise<PurchaseResult> {
  // Anybody with the Temporal UI can ask for a cancellation. Money may be held: the story goes on to one of its own ends.
  return CancellationScope.nonCancellable(() => tell(input));
}

async function tell(input: PurchaseInput & Resumed): Promise<PurchaseResult> {
  const desk = openDesk<AnyWish, PurchaseState, Hint>(input.resume?.seen);
  const board = createNoticeBoard(input);
  const agenda = openAgenda(input.resume, patched);
  let story: Story | undefined = input.resume?.story;
  let begun = story !== undefined;
  let refusal: ApplicationFailure | undefined;
  let disputeBegun: number | undefined = input.resume?.disputeBegun;
  let disputeFrozen: number | undefined = input.resume?.disputeFrozen;
  let orders: StaffCounts = input.resume?.orders ?? { notes: 0, pauses: 0 };
  let doing: PurchaseEvent | StaffOrderKind | ChargebackOrderKind | 'refundAgain' | 'open' | 'handOver' | undefined =
    begun ? undefined : 'open';
  const now: Now = {
    get story() {
      return story;
    },
    get doing() {
      return doing;
    },
    get orders() {
      return orders;
    },
  };
  listen(input, desk, now, { opened, keepNote });

  story ??= await open();
  if (story === undefined) {
    await condition(allHandlersFinished);
    return { state: 'not_opened' };
  }
  if (!begun) await begin(story);

  while (!isFinal(story.standing.state)) {
    const { standing } = story;
    const { state, dispute } = standing;
    if (dispute !== undefined) await begunDispute(dispute);
    await tellOfBank(story);
    board.tell(story, agenda.ahead(story));
    if (workflowInfo().continueAsNewSuggested && desk.empty && (await answersGiven(desk))) {
      const resume = { story, seen: desk.seen, orders, disputeBegun, disputeFrozen, ...agenda.memory };
      await continueAsNew<typeof purchase>({ ...input, resume });
    }
    const next = agenda.next(story);
    if (await waitFor(next)) await takeUp(story);
    else if (next !== undefined) {
      await because(undefined, attend, story, next);
      agenda.attended(next, standing, story);
    }
    if (story.standing.state !== state) agenda.movedOn();
    if (dispute !== undefined && story.standing.dispute === undefined) await endDispute(input, dispute);
  }
  board.tell(story, { ...agenda.ahead(story), deadlineMs: undefined, reminder: undefined });
  await windUp(story);
  return { state: story.standing.state };

  /** The answer of the update that came with the start. */
  async function opened(): Promise<PurchaseOutcome> {
    await condition(() => begun || refusal !== undefined);
    if (refusal !== undefined || story === undefined) throw refusal;
    return { state: story.standing.state };
  }

  async function keepNote(current: Story, wish: StaffWish): Promise<PurchaseOutcome> {
    try {
      const step = staffStepOf(input.purchaseId, current, wish);
      orders = { ...orders, notes: await databaseStep('addStaffNote', step, 'Keep a note of staff') };
    } catch (error) {
      throw answerOf(error) ?? error;
    }
    // Meanwhile the purchase has gone on.
    return { state: (story ?? current).standing.state };
  }

  /** Reserves what is bought and writes the purchase, or says why not: the answer of the update that came with the start. */
  async function open(): Promise<Story | undefined> {
    try {
      return await databaseStep('openPurchase', { ...input, atMs: Date.now() }, 'Reserve and open the purchase');
    } catch (error) {
      refusal = answerOf(error);
      if (refusal === undefined) throw error;
      return undefined;
    }
  }

  /** Begins the payment. A purchase whose payment cannot even begin, or not in time, is cancelled at once. */
  async function begin(current: Story): Promise<void> {
    try {
      current.standing = await beginPayment(input, current);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      await unlessRefused(current, () => follow(input, current, { ...PROVIDER, event: 'payment_refused' }));
      refusal = answer;
    }
    begun = true;
    doing = undefined;
  }

  /** Waits for what is next, or for something to come in. What is unfinished goes before everything that came in. */
  function waitFor(next: AgendaItem | undefined): boolean | Promise<boolean> {
    const waitMs = next === undefined ? undefined : next.atMs - Date.now();
    if ((next?.kind === 'unfinished' || next?.kind === 'topUp') && next.atMs <= Date.now()) return false;
    return desk.wait(waitMs, board.timerText(story, next));
  }

  /** Takes up what came first: a wish is followed and answered, a hint makes us look for ourselves. */
  async function takeUp(current: Story): Promise<void> {
    const item = desk.take();
    if (item === undefined) return;
    return because(item.cause, deal, current, item);
  }

  async function deal(current: Story, item: Item<AnyWish, PurchaseState, Hint>): Promise<void> {
    if (item.kind === 'hint') return hear(current, item.hint);
    if ('chargeback' in item.wish || 'again' in item.wish) return obeyFinance(current, item.wish, item.settle);
    if ('order' in item.wish) return obey(current, item.wish, item.settle);
    try {
      doing = item.wish.event;
      await follow(input, current, item.wish);
      const { dispute } = current.standing;
      if (dispute !== undefined) await begunDispute(dispute);
      item.settle.done(current.standing.state);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      if (answer.type === 'AUTHORISATION_LOST') {
        await unlessRefused(current, () => follow(input, current, { ...PROVIDER, event: 'authorisation_lost' }));
      } else if (isAlarm(answer)) agenda.refused(undefined, { reason: answer.message, tryAgainMs: undefined }, current);
      // Who came in the middle, a bank or Stripe itself, does not make undone what was begun: that is gone through with.
      const isBegun = isBegunBy(current.standing.unfinished, item.wish);
      if (isBegun && (answer.type === 'CHARGEBACK_OPEN' || patched('begun-goes-on')))
        item.settle.done(current.standing.state);
      else item.settle.failed(answer);
    } finally {
      doing = undefined;
    }
  }

  /** The dispute stands still for as long as a chargeback lies over what it is about. */
  async function tellOfBank({ standing: { dispute, chargeback } }: Story): Promise<void> {
    const frozen = dispute !== undefined && isLive(chargeback ?? 'none') ? dispute.n : undefined;
    if (frozen === disputeFrozen) return;
    if (dispute !== undefined) await freezeDispute(input, dispute, frozen !== undefined);
    disputeFrozen = frozen;
  }

  /** The dispute that is open runs, whoever asks for it next. */
  async function begunDispute(dispute: DisputeStanding): Promise<void> {
    if (dispute.n === disputeBegun) return;
    await beginDispute(input, dispute);
    disputeBegun = dispute.n;
  }

  /** Staff pause the money, or let it go: then everything that waited for it is due. */
  async function obey(current: Story, wish: StaffWish, settle: Settle<PurchaseState>): Promise<void> {
    try {
      doing = wish.order.kind;
      if (wish.order.kind === 'pause') await goThroughWithLost(current);
      if (isFinal(current.standing.state)) throw notAllowed(current, wish.order.kind);
      await followOrder(input.purchaseId, current, wish);
      if (wish.order.kind === 'pause') orders = { ...orders, pauses: orders.pauses + 1 };
      else agenda.letGo();
      settle.done(current.standing.state);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      settle.failed(answer);
    } finally {
      doing = undefined;
    }
  }

  /** A provider said that something is new. When nothing stops the money any more, all that waited for that is due. */
  async function hear(current: Story, hint: Hint): Promise<void> {
    if ('n' in hint) return unlessRefused(current, () => noteDecision(input, current, hint.n));
    if ('refundId' in hint) {
      return unlessRefused(current, async () => {
        current.standing = await noteRefund(input.purchaseId, hint);
      });
    }
    if (!('chargebackId' in hint)) return unlessRefused(current, () => look(input, current, hint));
    await goThroughWithLost(current);
    const stoodStill = standsStill(overlaysOf(current.standing));
    await unlessRefused(current, async () => {
      current.standing = await noteChargeback(input.purchaseId, hint);
    });
    if (stoodStill && !standsStill(overlaysOf(current.standing))) agenda.letGo();
  }

  /**
   * What was begun, and lost with its worker, came before what a bank did, or staff who pause: once the money stands still it
   * could not be gone through with, and what Stripe has done of it would be in nobody's books.
   */
  async function goThroughWithLost(current: Story): Promise<void> {
    // What the story knows of is on its agenda.
    const isKnown = current.standing.unfinished !== undefined;
    if (isKnown || !patched('what-was-begun-goes-before-it-stands-still')) return;
    await readAgain(input, current);
    const { unfinished: begun, pause } = current.standing;
    if (begun === undefined || pause !== undefined || isBegunStopped(current, begun)) return;
    await attend(current, { kind: 'unfinished', begun, atMs: begun.atMs });
  }

  /** Finance answers a chargeback, or gives it up; or sends a refund that came back once more. */
  async function obeyFinance(
    current: Story,
    wish: ChargebackWish | RefundAgainWish,
    settle: Settle<PurchaseState>,
  ): Promise<void> {
    try {
      doing = 'again' in wish ? 'refundAgain' : wish.kind;
      current.standing = await ('again' in wish
        ? refundAgain(input.purchaseId, wish)
        : followChargebackOrder(input.purchaseId, wish));
      settle.done(current.standing.state);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      settle.failed(answer);
    } finally {
      doing = undefined;
    }
  }

  /** The story has ended: nothing that came in is left behind, and what is left to do about a chargeback is handed over. */
  async function windUp(current: Story): Promise<void> {
    for (let handedOver = false; ; ) {
      await turnAway(current, handedOver);
      await condition(() => allHandlersFinished() || !desk.empty);
      if (!allHandlersFinished() || !desk.empty) continue;
      const [first, ...more] = worksOf(current.standing);
      if (first === undefined || handedOver) return;
      // Who orders something now is asked to try again in a moment, when the aftercare hears it.
      doing = 'handOver';
      await handOver(input.purchaseId, [first, ...more]);
      handedOver = true;
    }
  }

  /**
   * Whoever still asks for something is told that it has ended. What a bank did, and what concerns refunds, is done all the
   * same: the aftercare is the writer only once it was handed over to.
   */
  async function turnAway(current: Story, handedOver: boolean): Promise<void> {
    for (let item = desk.take(); item !== undefined; item = desk.take()) {
      if (item.kind === 'hint') {
        if ('chargebackId' in item.hint || 'refundId' in item.hint) await passOn(current, item.hint, handedOver);
      } else if ('chargeback' in item.wish || 'again' in item.wish) await obeyFinance(current, item.wish, item.settle);
      else item.settle.failed(notAllowed(current, 'order' in item.wish ? item.wish.order.kind : item.wish.event));
    }
  }

  /** Never do two write: what was handed over is the aftercare's, and so is what comes in about it. */
  async function passOn(current: Story, hint: ChargebackHint | RefundHint, handedOver: boolean): Promise<void> {
    const isTheirs = handedOver && patched('hints-follow-the-hand-over');
    if (!isTheirs || !(await forward(input.purchaseId, hint))) await hear(current, hint);
  }

  /** What the purchase does by itself, now that its time has come. */
  async function attend(current: Story, item: AgendaItem): Promise<void> {
    const tryAgainMs = Date.now() + TRY_AGAIN_AFTER_MS;
    agenda.begin(current, item);
    switch (item.kind) {
      case 'unfinished':
        return unlessRefused(current, () => goThroughWith(input, current, item.begun), { item, tryAgainMs });
      case 'decision': {
        const decided = { ...DISPUTE, event: 'dispute_decided' } as const;
        return unlessRefused(current, () => follow(input, current, decided), { item, tryAgainMs });
      }
      case 'deadline':
        return unlessRefused(current, () => followTheClock(current), { item, tryAgainMs });
      case 'transfer':
        return unlessRefused(current, () => retryTransfer(input, current), { item });
      case 'topUp':
        return unlessRefused(current, () => topUpSeller(input, current), { item, tryAgainMs });
      case 'chargeback':
        return unlessRefused(current, () => work(current, item), { item, tryAgainMs });
      case 'reminder':
        return remind(current, item);
    }
  }

  /** The deadline passed and nobody did anything. */
  async function followTheClock(current: Story): Promise<void> {
    const found = timerIn(current);
    if (found === undefined) return;
    const wish = { ...CLOCK, event: found.timer.event };
    if (!financeIsAsked(current, found)) {
      await decideInTime(input, current);
      // What the dispute has decided after all is carried out as ever, next.
      return current.standing.dispute?.decided === true ? undefined : follow(input, current, wish);
    }
    const step = stepOf(input, current, wish);
    current.standing = await databaseStep('reportHoldLimit', step, 'Ask finance about money that stands still');
  }

  async function work(current: Story, { work: next }: AgendaItem & { kind: 'chargeback' }): Promise<void> {
    current.standing = await doChargebackWork(input.purchaseId, next);
  }

  async function remind(current: Story, { reminder }: AgendaItem & { kind: 'reminder' }): Promise<void> {
    const step = { ...stepOf(input, current, { ...CLOCK, event: 'deliver' }), reminder };
    current.standing = await databaseStep('remindParties', step, `Remind of ${reminder.name.replaceAll('_', ' ')}`);
  }

  /** A step that nobody asked for was refused, so nobody gets the answer: staff are told, and finance is asked. */
  async function unlessRefused(
    current: Story,
    act: () => Promise<void>,
    { item, tryAgainMs }: Again = {},
  ): Promise<void> {
    const { state } = current.standing;
    const step = item && stepOfItem(current, item);
    try {
      await act();
      if (item !== undefined) agenda.goneThrough(item, step);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      // It was refused because the purchase is further than this story was: now both are.
      if (current.standing.state !== state) return;
      // What Stripe was asked for and has refused has never happened: whoever wanted it was not heard, and asks again.
      if (item?.kind === 'unfinished' && item.begun.asked === true) {
        await readAgain(input, current);
        if (current.standing.unfinished === undefined) return;
      }
      log.error('a step was refused', { type: answer.type, message: answer.message });
      const trouble = { reason: answer.message, tryAgainMs };
      agenda.refused(item, trouble, current);
      const asked = await askFinance(input.purchaseId, step, answer);
      if (asked === undefined) return;
      current.standing = asked;
      agenda.refused(item, { ...trouble, asked: step }, current);
    }
  }
}

/** What comes by itself. */
interface Again {
  readonly item?: AgendaItem;
  /** When it is tried again, milliseconds since 1970; undefined when somebody has to ask for it. */
  readonly tryAgainMs?: number;
}

/** Where the story goes on when the history was started afresh. */
interface Resumed {
  readonly resume?: AgendaMemory & {
    readonly story: Story;
    readonly seen: readonly string[];
    readonly orders?: StaffCounts;
    /** Which dispute was begun last. */
    readonly disputeBegun?: number | undefined;
    /** Which one was told that a chargeback lies over it. */
    readonly disputeFrozen?: number | undefined;
  };
}
