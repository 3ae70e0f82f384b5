/**
 * The story of one purchase, from the wish to buy to the money being where it belongs.
 *
 * The purchase is opened and its payment begun. From then on it does one thing at a time: it takes up what a party
 * asked, what Stripe reported, or what its agenda demands, looks that up in the table of
 * `services/transactions/transition-rules.ts`, takes the steps that stand there, and tells staff how things stand now.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  currentUpdateInfo,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type ChargebackHint, type ChargebackOrder, chargebackHintSignal } from '../contracts/chargeback.ts';
import {
  acceptPurchaseUpdate,
  acceptRescheduleUpdate,
  cancelPurchaseUpdate,
  confirmPurchaseUpdate,
  declinePurchaseUpdate,
  deliverPurchaseUpdate,
  openPurchaseUpdate,
  type PaymentHint,
  PURCHASE_REFUSALS,
  type PurchaseCommand,
  type PurchaseInput,
  type PurchaseOutcome,
  type PurchaseResult,
  type PurchaseState,
  paymentHintSignal,
  refundPurchaseUpdate,
  reschedulePurchaseUpdate,
} from '../contracts/purchase.ts';
import { refundTooLargeText } from '../services/transactions/refund-rules.ts';
import { isFinal, standsStill } from '../services/transactions/rules.ts';
import type { StaffOrderKind } from '../services/transactions/support-rules.ts';
import { asksFinance, timerOf } from '../services/transactions/timer-rules.ts';
import type { PurchaseEvent } from '../services/transactions/transition-rules.ts';
import { type AgendaItem, deadlineOf, nextItem, nextReminder, remindedUpTo, type Trouble } from './purchase-agenda.ts';
import {
  CHARGEBACK_UPDATES,
  type ChargebackOrderKind,
  type ChargebackWish,
  doChargebackWork,
  followChargebackOrder,
  noteChargeback,
} from './purchase-chargeback.ts';
import { handOver } from './purchase-handover.ts';
import { createNoticeBoard } from './purchase-notices.ts';
import {
  beginPayment,
  CLOCK,
  follow,
  look,
  notAllowed,
  overlaysOf,
  PROVIDER,
  refuseStopped,
  retryTransfer,
  rowsOf,
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
import { answersGiven, type Item, openDesk, type Settle } from './support/desk.ts';
import { answerOf, databaseStep } from './support/steps.ts';
import { because } from './support/tracing.ts';
import { GUARDED } from './support/updates.ts';

export function purchase(input: PurchaseInput & Resumed): Promise<PurchaseResult> {
  // Anybody with the Temporal UI can ask for a cancellation. Money may be held: the story goes on to one of its own ends.
  return CancellationScope.nonCancellable(() => tell(input));
}

async function tell(input: PurchaseInput & Resumed): Promise<PurchaseResult> {
  const desk = openDesk<AnyWish, PurchaseState, Hint>(input.resume?.seen);
  const board = createNoticeBoard(input);
  let story: Story | undefined = input.resume?.story;
  let begun = story !== undefined;
  let refusal: ApplicationFailure | undefined;
  let trouble: Trouble | undefined = input.resume?.trouble;
  let reminded: readonly string[] = input.resume?.reminded ?? [];
  let transferTriedMs: number | undefined = input.resume?.transferTriedMs;
  let orders: StaffCounts = input.resume?.orders ?? { notes: 0, pauses: 0 };
  let doing: PurchaseEvent | StaffOrderKind | ChargebackOrderKind | 'open' | undefined = begun ? undefined : 'open';
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
  await windUp(story);
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
          if (story !== undefined) refuseStopped(story, wish);
          const unfinished = story?.standing.unfinished?.event;
          if (desk.busy || doing !== undefined || unfinished !== undefined) throw inProgress(doing ?? unfinished);
          refuseUnlessAllowed(story, wish);
        },
      });
    }
    for (const [update, kind] of CHARGEBACK_UPDATES) {
      setHandler(update, async (chargeback) => ({ state: await desk.ask({ kind, chargeback }) }), {
        validator: (_order: ChargebackOrder) => {
          if (story === undefined || doing !== undefined) throw inProgress(doing ?? 'open');
        },
      });
    }
    setHandler(paymentHintSignal, (hint) => desk.tell(hint.eventId, hint));
    setHandler(chargebackHintSignal, (hint) => desk.tell(hint.eventId, hint));
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

  async function deal(current: Story, item: Item<AnyWish, PurchaseState, Hint>): Promise<void> {
    if (item.kind === 'hint') return hear(current, item.hint);
    if ('chargeback' in item.wish) return answerBank(current, item.wish, item.settle);
    if ('order' in item.wish) return obey(current, item.wish, item.settle);
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

  /** A provider said that something is new. When nothing stops the money any more, all that waited for that is due. */
  async function hear(current: Story, hint: Hint): Promise<void> {
    if (!('chargebackId' in hint)) return unlessRefused(current, () => look(input, current, hint));
    const stoodStill = standsStill(overlaysOf(current.standing));
    await unlessRefused(current, async () => {
      current.standing = await noteChargeback(input.purchaseId, hint);
    });
    if (stoodStill && !standsStill(overlaysOf(current.standing))) [trouble, transferTriedMs] = [undefined, 0];
  }

  /** Finance answers a chargeback, or gives it up. */
  async function answerBank(current: Story, wish: ChargebackWish, settle: Settle<PurchaseState>): Promise<void> {
    try {
      doing = wish.kind;
      current.standing = await followChargebackOrder(input.purchaseId, wish);
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
      await turnAway(current);
      await condition(() => allHandlersFinished() || !desk.empty);
      if (!allHandlersFinished() || !desk.empty) continue;
      const left = current.standing.chargebackWork;
      if (left === undefined || handedOver) return;
      await handOver(input.purchaseId, left);
      handedOver = true;
    }
  }

  /** Whoever still asks for something is told that it has ended. What a bank did is noted all the same. */
  async function turnAway(current: Story): Promise<void> {
    for (let item = desk.take(); item !== undefined; item = desk.take()) {
      if (item.kind === 'hint') {
        if ('chargebackId' in item.hint) await hear(current, item.hint);
      } else if ('chargeback' in item.wish) await answerBank(current, item.wish, item.settle);
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
      case 'chargeback':
        return unlessRefused(current, () => work(current, item), againMs);
      case 'reminder':
        reminded = remindedUpTo(current, item.reminder);
        return remind(current, item);
    }
  }

  /** The deadline passed and nobody did anything. */
  async function followTheClock(current: Story): Promise<void> {
    const { state, deadlineEvent } = current.standing;
    const timer = timerOf(state, current.deal.kind, deadlineEvent)?.timer;
    if (timer === undefined) return;
    const wish = { ...CLOCK, event: timer.event };
    if (!asksFinance(timer, overlaysOf(current.standing))) return follow(input, current, wish);
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

type AnyWish = Wish | StaffWish | ChargebackWish;
type Hint = PaymentHint | ChargebackHint;

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

/** Which update asks for what. */
const WISHES = [
  [acceptPurchaseUpdate, 'accept'],
  [declinePurchaseUpdate, 'decline'],
  [cancelPurchaseUpdate, 'cancel'],
  [deliverPurchaseUpdate, 'deliver'],
  [confirmPurchaseUpdate, 'confirm'],
  [refundPurchaseUpdate, 'refund_in_full'],
  [reschedulePurchaseUpdate, 'reschedule'],
  [acceptRescheduleUpdate, 'accept_reschedule'],
] as const;

/** The wish behind a command. Its party is the one that its actor is; a stranger is none. */
function wishOf(
  { buyerId, sellerId }: PurchaseInput,
  story: Story | undefined,
  event: PurchaseEvent,
  { actorId, startsAt, amount, reason }: PurchaseCommand,
): Wish {
  const command = {
    id: currentUpdateInfo()?.id ?? '',
    ...(startsAt !== undefined && { startsAt }),
    ...(amount !== undefined && { amount }),
    ...(reason !== undefined && { reason }),
  };
  const asked = { event: event === 'refund_in_full' ? refundEvent(story, amount) : event, command };
  // The API has looked at who of staff it is: only a refund comes with a reason.
  if (reason !== undefined) return { ...asked, party: 'finance', actor: { type: 'staff', id: actorId } };
  if (actorId !== buyerId && actorId !== sellerId) {
    throw ApplicationFailure.nonRetryable('This is not your purchase.', 'NOT_A_PARTY');
  }
  return { ...asked, party: actorId === buyerId ? 'buyer' : 'seller', actor: { type: 'user', id: actorId } };
}

/** All that is left is not a part, whoever counted it. */
const refundEvent = (story: Story | undefined, amount: number | undefined): PurchaseEvent =>
  amount === undefined || amount === story?.standing.left ? 'refund_in_full' : 'refund_in_part';

function inProgress(doing: string | undefined): ApplicationFailure {
  const what = doing === undefined ? 'Another change' : `"${doing}"`;
  return ApplicationFailure.nonRetryable(`${what} is in progress. Try again in a moment.`, 'IN_PROGRESS');
}

/** A wish is refused before it is recorded when it comes at the wrong time or from the wrong party. */
function refuseUnlessAllowed(story: Story | undefined, wish: Wish): void {
  if (story === undefined) throw inProgress('open');
  if (rowsOf(story, wish).length === 0) throw notAllowed(story, wish.event);
  const { left } = story.standing;
  if (wish.event !== 'refund_in_part' || left === undefined || (wish.command?.amount ?? 0) < left) return;
  const { currency } = story.deal;
  const detail = { refundable: { amount: left, currency } };
  throw ApplicationFailure.nonRetryable(refundTooLargeText(left, currency), 'REFUND_TOO_LARGE', detail);
}

/** What neither the rules nor a provider answer: staff have to know of it, whoever asked. */
const isAlarm = ({ type }: ApplicationFailure): boolean =>
  !PURCHASE_REFUSALS.some((refusal) => refusal === type) && type?.startsWith('PROVIDER_') !== true;

const TRY_AGAIN_AFTER_MS = 60 * 60 * 1_000;
