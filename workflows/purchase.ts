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
  currentUpdateInfo,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type RefundAgainOrder, type RefundHint, refundAgainUpdate, refundHintSignal } from '../contracts/aftercare.ts';
import {
  openPurchaseUpdate,
  type PaymentHint,
  PURCHASE_REFUSALS,
  type PurchaseInput,
  type PurchaseOutcome,
  type PurchaseResult,
  type PurchaseState,
  paymentHintSignal,
} from '../contracts/purchase.ts';
import { isFinal } from '../services/transactions/rules.ts';
import type { StaffOrderKind } from '../services/transactions/support-rules.ts';
import { timerOf } from '../services/transactions/timer-rules.ts';
import type { PurchaseEvent } from '../services/transactions/transition-rules.ts';
import { type AgendaItem, deadlineOf, nextItem, nextReminder, remindedUpTo, type Trouble } from './purchase-agenda.ts';
import { createNoticeBoard } from './purchase-notices.ts';
import { noteRefund, type RefundAgainWish, refundAgain, refuseUnlessOrder } from './purchase-refunds.ts';
import {
  beginPayment,
  CLOCK,
  follow,
  look,
  notAllowed,
  PROVIDER,
  refuseInPause,
  retryTransfer,
  type Story,
  stepOf,
  type Wish,
} from './purchase-steps.ts';
import {
  followOrder,
  inputText,
  orderIn,
  refuseOrder,
  STAFF_UPDATES,
  type StaffCounts,
  type StaffWish,
  staffStepOf,
} from './purchase-support.ts';
import { inProgress, refuseUnlessAllowed, WISHES, wishOf } from './purchase-wishes.ts';
import { answersGiven, type Item, openDesk, type Settle } from './support/desk.ts';
import { answerOf, databaseStep } from './support/steps.ts';
import { because } from './support/tracing.ts';
import { GUARDED } from './support/updates.ts';

export function purchase(input: PurchaseInput & Resumed): Promise<PurchaseResult> {
  // Anybody with the Temporal UI can ask for a cancellation. Money may be held: the story goes on to one of its own ends.
  return CancellationScope.nonCancellable(() => tell(input));
}

async function tell(input: PurchaseInput & Resumed): Promise<PurchaseResult> {
  const desk = openDesk<AnyWish, PurchaseState, AnyHint>(input.resume?.seen);
  const board = createNoticeBoard(input);
  let story: Story | undefined = input.resume?.story;
  let begun = story !== undefined;
  let refusal: ApplicationFailure | undefined;
  let trouble: Trouble | undefined = input.resume?.trouble;
  let reminded: readonly string[] = input.resume?.reminded ?? [];
  let transferTriedMs: number | undefined = input.resume?.transferTriedMs;
  let orders: StaffCounts = input.resume?.orders ?? { notes: 0, pauses: 0 };
  let doing: PurchaseEvent | StaffOrderKind | 'open' | undefined = begun ? undefined : 'open';
  listen();

  story ??= await open();
  if (story === undefined) {
    await condition(allHandlersFinished);
    return { state: 'not_opened' };
  }
  if (!begun) await begin(story);

  while (!isFinal(story.standing.state)) {
    const { state, transfer } = story.standing;
    const done = { reminded, transferTriedMs };
    board.tell(story, {
      deadlineMs: deadlineOf(story, trouble),
      trouble,
      reminder: nextReminder(story, done)?.reminder,
    });
    if (workflowInfo().continueAsNewSuggested && desk.empty && (await answersGiven(desk))) {
      const resume = { story, seen: desk.seen, reminded, orders, trouble, transferTriedMs };
      await continueAsNew<typeof purchase>({ ...input, resume });
    }
    if (transfer === 'blocked') transferTriedMs ??= Date.now();
    const next = nextItem(story, trouble, { reminded, transferTriedMs });
    const cameIn = await waitFor(next);
    await (cameIn ? takeUp(story) : next && because(undefined, attend, story, next));
    if (story.standing.state !== state) trouble = undefined;
  }
  board.tell(story, { deadlineMs: undefined, trouble, reminder: undefined });
  do {
    await windUp(story);
    await condition(() => allHandlersFinished() || !desk.empty);
    // What came just now is ours, too: only of a workflow that has ended is the aftercare the writer.
  } while (!allHandlersFinished() || !desk.empty);
  return { state: story.standing.state };

  /** Lays what comes from outside on the desk, or refuses it at once. */
  function listen(): void {
    // First, so that they stand first in the list of the Temporal UI.
    for (const [update, kind, about] of STAFF_UPDATES) {
      setHandler(update, (given) => takeOrder(kind, given), {
        description: `${about} ${inputText(kind, input.purchaseId)}`,
        validator: (given) => {
          if (story === undefined) throw inProgress('open');
          refuseOrder(orderIn(kind, given, input.purchaseId), story.standing, orders);
        },
      });
    }
    const opened = async (): Promise<PurchaseOutcome> => {
      await condition(() => begun || refusal !== undefined);
      if (refusal !== undefined || story === undefined) throw refusal;
      return { state: story.standing.state };
    };
    setHandler(openPurchaseUpdate, opened, GUARDED);
    for (const [update, event] of WISHES) {
      setHandler(update, async (command) => ({ state: await desk.ask(wishOf(input, story, event, command)) }), {
        validator: (command) => {
          const wish = wishOf(input, story, event, command);
          if (story !== undefined) refuseInPause(story, wish);
          const unfinished = story?.standing.unfinished?.event;
          if (desk.busy || doing !== undefined || unfinished !== undefined) throw inProgress(doing ?? unfinished);
          refuseUnlessAllowed(story, wish);
        },
      });
    }
    setHandler(paymentHintSignal, (hint) => desk.tell(hint.eventId, hint));
    setHandler(refundHintSignal, (hint) => desk.tell(hint.eventId, hint));
    const again = async (order: RefundAgainOrder): Promise<PurchaseOutcome> => ({
      state: await desk.ask({ again: order, updateId: currentUpdateInfo()?.id ?? '' }),
    });
    setHandler(refundAgainUpdate, again, {
      validator: (order) => {
        refuseUnlessOrder(order);
        if (desk.busy || doing !== undefined) throw inProgress(doing);
      },
    });
  }

  /** An order of staff. A note changes nothing, so it does not wait its turn behind what may take long. */
  async function takeOrder(kind: StaffOrderKind, given: unknown): Promise<PurchaseOutcome> {
    const wish = { order: orderIn(kind, given, input.purchaseId), updateId: currentUpdateInfo()?.id ?? '' };
    if (story === undefined) throw inProgress('open');
    if (kind !== 'note') return { state: await desk.ask(wish) };
    try {
      const step = staffStepOf(input.purchaseId, story, wish);
      orders = { ...orders, notes: await databaseStep('addStaffNote', step, 'Keep a note of staff') };
    } catch (error) {
      throw answerOf(error) ?? error;
    }
    return { state: story.standing.state };
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
    if (next?.kind === 'unfinished' && next.atMs <= Date.now()) return false;
    return desk.wait(waitMs, board.timerText(story, next));
  }

  /** Takes up what came first: a wish is followed and answered, a hint makes us look for ourselves. */
  async function takeUp(current: Story): Promise<void> {
    const item = desk.take();
    if (item === undefined) return;
    return because(item.cause, deal, current, item);
  }

  async function deal(current: Story, item: Item<AnyWish, PurchaseState, AnyHint>): Promise<void> {
    if (item.kind === 'hint') return unlessRefused(current, () => lookAt(current, item.hint));
    if ('order' in item.wish) return obey(current, item.wish, item.settle);
    if ('again' in item.wish) return payAgain(current, item.wish, item.settle);
    try {
      doing = item.wish.event;
      await follow(input, current, item.wish);
      item.settle.done(current.standing.state);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      if (answer.type === 'AUTHORISATION_LOST') {
        await unlessRefused(current, () => follow(input, current, { ...PROVIDER, event: 'authorisation_lost' }));
      } else if (isAlarm(answer)) trouble = { reason: answer.message, tryAgainMs: undefined };
      item.settle.failed(answer);
    } finally {
      doing = undefined;
    }
  }

  /** Staff pause the money, or let it go: then everything that waited for it is due. */
  async function obey(current: Story, wish: StaffWish, settle: Settle<PurchaseState>): Promise<void> {
    try {
      doing = wish.order.kind;
      await followOrder(input.purchaseId, current, wish);
      if (wish.order.kind === 'pause') orders = { ...orders, pauses: orders.pauses + 1 };
      else [trouble, transferTriedMs] = [undefined, 0];
      settle.done(current.standing.state);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      settle.failed(answer);
    } finally {
      doing = undefined;
    }
  }

  /** Stripe said something: of the payment, or of a refund that has gone out. */
  async function lookAt(current: Story, hint: AnyHint): Promise<void> {
    if (!('refundId' in hint)) return look(input, current, hint);
    current.standing = await noteRefund(input.purchaseId, hint);
  }

  async function payAgain(current: Story, wish: RefundAgainWish, settle: Settle<PurchaseState>): Promise<void> {
    try {
      current.standing = await refundAgain(input.purchaseId, wish);
      settle.done(current.standing.state);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      settle.failed(answer);
    }
  }

  /** The story has ended: whoever still asks for something is told so, but what concerns refunds is still done here. */
  async function windUp(current: Story): Promise<void> {
    for (let item = desk.take(); item !== undefined; item = desk.take()) {
      if (item.kind === 'hint') {
        if ('refundId' in item.hint) await deal(current, item);
      } else if ('again' in item.wish) await deal(current, item);
      else item.settle.failed(notAllowed(current, 'order' in item.wish ? item.wish.order.kind : item.wish.event));
    }
  }

  /** What the purchase does by itself, now that its time has come. */
  async function attend(current: Story, item: AgendaItem): Promise<void> {
    const againMs = Date.now() + TRY_AGAIN_AFTER_MS;
    switch (item.kind) {
      case 'unfinished':
        return unlessRefused(current, () => follow(input, current, item.wish), againMs);
      case 'deadline':
        return unlessRefused(current, () => followTheClock(current), againMs);
      case 'transfer':
        transferTriedMs = Date.now();
        return unlessRefused(current, () => retryTransfer(input, current));
      case 'reminder':
        reminded = remindedUpTo(current, item.reminder);
        return remind(current, item);
    }
  }

  /** The deadline passed and nobody did anything. */
  async function followTheClock(current: Story): Promise<void> {
    const { state, deadlineEvent, pause } = current.standing;
    const timer = timerOf(state, current.deal.kind, deadlineEvent)?.timer;
    if (timer === undefined) return;
    const wish = { ...CLOCK, event: timer.event };
    if (pause === undefined || timer.inPause !== 'finance is asked') return follow(input, current, wish);
    const step = stepOf(input, current, wish);
    current.standing = await databaseStep('reportHoldLimit', step, 'Ask finance about money that is paused');
  }

  async function remind(current: Story, { reminder }: AgendaItem & { kind: 'reminder' }): Promise<void> {
    const step = { ...stepOf(input, current, { ...CLOCK, event: 'deliver' }), reminder };
    current.standing = await databaseStep('remindParties', step, `Remind of ${reminder.name.replaceAll('_', ' ')}`);
  }

  /** A step that nobody asked for was refused, so nobody gets the answer: staff are told. */
  async function unlessRefused(current: Story, step: () => Promise<void>, tryAgainMs?: number): Promise<void> {
    const { state } = current.standing;
    try {
      await step();
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      // It was refused because the purchase is further than this story was: now both are.
      if (current.standing.state !== state) return;
      log.error('a step was refused', { type: answer.type, message: answer.message });
      trouble = { reason: answer.message, tryAgainMs };
    }
  }
}

/** What is laid on the desk. */
type AnyWish = Wish | StaffWish | RefundAgainWish;
type AnyHint = PaymentHint | RefundHint;

/** Where the story goes on when the history was started afresh. */
interface Resumed {
  readonly resume?: {
    readonly story: Story;
    readonly seen: readonly string[];
    readonly reminded?: readonly string[];
    readonly orders?: StaffCounts;
    readonly trouble?: Trouble | undefined;
    readonly transferTriedMs?: number | undefined;
  };
}

/** What neither the rules nor a provider answer: staff have to know of it, whoever asked. */
const isAlarm = ({ type }: ApplicationFailure): boolean =>
  !PURCHASE_REFUSALS.some((refusal) => refusal === type) && type?.startsWith('PROVIDER_') !== true;

const TRY_AGAIN_AFTER_MS = 60 * 60 * 1_000;
