/**
 * The story of one purchase, from the wish to buy to the money being the seller's.
 *
 * The purchase is opened and its payment begun. From then on it does one thing at a time: it takes up what a party
 * asked, what Stripe reported, or what its deadline demands, looks that up in the table of
 * `services/transactions/rules.ts`, takes the step that stands there, and tells staff how things stand now.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Deal, PaymentStep, PurchaseStanding } from '../activities/purchase.ts';
import type { Actor } from '../contracts/actor.ts';
import {
  acceptPurchaseUpdate,
  cancelPurchaseUpdate,
  confirmPurchaseUpdate,
  declinePurchaseUpdate,
  deliverPurchaseUpdate,
  openPurchaseUpdate,
  type PaymentHint,
  PURCHASE_REFUSALS,
  type PurchaseCommand,
  type PurchaseInput,
  type PurchaseResult,
  type PurchaseState,
  paymentHintSignal,
} from '../contracts/purchase.ts';
import {
  allowedActions,
  isFinal,
  type Party,
  type PurchaseEvent,
  type StepName,
  timerOf,
  transition,
} from '../services/transactions/rules.ts';
import { createNoticeBoard, type Trouble } from './purchase-notices.ts';
import { openDesk } from './support/desk.ts';
import { answerOf, databaseStep, moneyStep } from './support/steps.ts';

export function purchase(input: PurchaseInput & Resumed): Promise<PurchaseResult> {
  // Anybody with the Temporal UI can ask for a cancellation. Money may be held: the story goes on to one of its own ends.
  return CancellationScope.nonCancellable(() => tell(input));
}

async function tell(input: PurchaseInput & Resumed): Promise<PurchaseResult> {
  const desk = openDesk<Wish, PurchaseState, PaymentHint>(input.resume?.seen);
  const board = createNoticeBoard(input);
  let story: Story | undefined = input.resume?.story;
  let begun = story !== undefined;
  let refusal: ApplicationFailure | undefined;
  let trouble: Trouble | undefined;
  let doing: PurchaseEvent | 'open' | undefined = begun ? undefined : 'open';
  listen();

  story ??= await open();
  if (story === undefined) {
    await condition(allHandlersFinished);
    return { state: 'not_opened' };
  }
  if (!begun) await begin(story);

  while (!isFinal(story.standing.state)) {
    const { state } = story.standing;
    const deadlineMs = deadlineOf(story, trouble);
    board.tell(story, deadlineMs, trouble);
    if (workflowInfo().continueAsNewSuggested && desk.empty && allHandlersFinished()) {
      await continueAsNew<typeof purchase>({ ...input, resume: { story, seen: desk.seen } });
    }
    const waitMs = deadlineMs === undefined ? undefined : deadlineMs - Date.now();
    const cameIn = await desk.wait(waitMs, board.timerText(story));
    await (cameIn ? takeUp(story) : followTheClock(story));
    if (story.standing.state !== state) trouble = undefined;
  }
  board.tell(story, undefined, trouble);
  await condition(allHandlersFinished);
  return { state: story.standing.state };

  /** Lays what comes from outside on the desk, or refuses it at once. */
  function listen(): void {
    setHandler(openPurchaseUpdate, async () => {
      await condition(() => begun || refusal !== undefined);
      if (refusal !== undefined || story === undefined) throw refusal;
      return { state: story.standing.state };
    });
    for (const [update, event] of WISHES) {
      setHandler(update, async (command) => ({ state: await desk.ask(wishOf(input, event, command)) }), {
        validator: (command) => {
          if (desk.busy || doing !== undefined) throw inProgress(doing);
          refuseUnlessAllowed(story, wishOf(input, event, command));
        },
      });
    }
    setHandler(paymentHintSignal, (hint) => desk.tell(hint.eventId, hint));
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
      const step = paymentStepOf(input, current, { ...PROVIDER, event: 'payment_authorised' });
      current.standing = await moneyStep('beginPayment', step, 'Begin the payment', paymentEndsMs(current));
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      await unlessRefused(current, () => follow(input, current, { ...PROVIDER, event: 'payment_refused' }));
      refusal = answer;
    }
    begun = true;
    doing = undefined;
  }

  /** Takes up what came first: a wish is followed and answered, a hint makes us look for ourselves. */
  async function takeUp(current: Story): Promise<void> {
    const item = desk.take();
    if (item === undefined) return;
    if (item.kind === 'hint') return unlessRefused(current, () => look(input, current, item.hint));
    try {
      doing = item.wish.event;
      await follow(input, current, item.wish);
      item.settle.done(current.standing.state);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      if (isAlarm(answer)) trouble = { reason: answer.message, tryAgainMs: undefined };
      item.settle.failed(answer);
    } finally {
      doing = undefined;
    }
  }

  /** The deadline passed and nobody did anything. */
  async function followTheClock(current: Story): Promise<void> {
    const event = timerOf(current.standing.state, current.deal.kind)?.timer.event;
    if (event === undefined) return;
    const wish: Wish = { event, party: 'clock', actor: { type: 'system', id: 'clock' } };
    await unlessRefused(current, () => follow(input, current, wish), Date.now() + TRY_AGAIN_AFTER_MS);
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

/** What was agreed, and how it stands now. */
interface Story {
  readonly deal: Deal;
  standing: PurchaseStanding;
}

/** Where the story goes on when the history was started afresh. */
interface Resumed {
  readonly resume?: { readonly story: Story; readonly seen: readonly string[] };
}

/** What somebody wants to happen. */
interface Wish {
  readonly event: PurchaseEvent;
  readonly party: Party;
  readonly actor: Actor;
}

const PROVIDER = { party: 'provider', actor: { type: 'provider', id: 'stripe' } } as const;

/** Which update asks for what. */
const WISHES = [
  [acceptPurchaseUpdate, 'accept'],
  [declinePurchaseUpdate, 'decline'],
  [cancelPurchaseUpdate, 'cancel'],
  [deliverPurchaseUpdate, 'deliver'],
  [confirmPurchaseUpdate, 'confirm'],
] as const;

/** The wish behind a command. Its party is the one that its actor is; a stranger is none. */
function wishOf({ buyerId, sellerId }: PurchaseInput, event: PurchaseEvent, { actorId }: PurchaseCommand): Wish {
  if (actorId !== buyerId && actorId !== sellerId) {
    throw ApplicationFailure.nonRetryable('This is not your purchase.', 'NOT_A_PARTY');
  }
  return { event, party: actorId === buyerId ? 'buyer' : 'seller', actor: { type: 'user', id: actorId } };
}

function inProgress(doing: string | undefined): ApplicationFailure {
  const what = doing === undefined ? 'Another change' : `"${doing}"`;
  return ApplicationFailure.nonRetryable(`${what} is in progress. Try again in a moment.`, 'IN_PROGRESS');
}

/** A wish is refused before it is recorded when it comes at the wrong time or from the wrong party. */
function refuseUnlessAllowed(story: Story | undefined, { event, party }: Wish): void {
  if (story === undefined) throw inProgress('open');
  if (rowOf(story, { event, party }) === undefined) throw notAllowed(story, event);
}

function notAllowed({ standing: { state }, deal: { kind } }: Story, event: PurchaseEvent): ApplicationFailure {
  const allowed = { buyer: allowedActions(state, kind, 'buyer'), seller: allowedActions(state, kind, 'seller') };
  const message = `"${event}" is not possible for this party while the purchase is ${state}.`;
  return ApplicationFailure.nonRetryable(message, 'NOT_ALLOWED_NOW', { state, allowed });
}

const rowOf = ({ standing, deal }: Story, { event, party }: Pick<Wish, 'event' | 'party'>) =>
  transition(standing.state, { on: event, by: party, kind: deal.kind });

/**
 * Takes the step that stands in the table for what happened. A step finds a purchase that is elsewhere by now when it was
 * taken before and the history lost that: then the story catches up, and the wish is refused if it came too late.
 */
async function follow(input: PurchaseInput, story: Story, wish: Wish): Promise<void> {
  const row = rowOf(story, wish);
  const step = row && STEPS[row.step];
  if (row === undefined || step === undefined) throw notAllowed(story, wish.event);
  story.standing = await step(paymentStepOf(input, story, wish), story.standing.deadlineMs ?? undefined);
  if (story.standing.state !== row.to) throw notAllowed(story, wish.event);
}

type Step = (step: PaymentStep, deadlineMs: number | undefined) => Promise<PurchaseStanding>;

const STEPS: Readonly<Partial<Record<StepName, Step>>> = {
  cancelPayment: (step) => moneyStep('cancelPayment', step, 'Cancel the payment'),
  // After the deadline the clock gives the authorisation back: no capture goes on beyond it.
  capturePayment: (step, deadlineMs) => moneyStep('capturePayment', step, 'Capture the payment', deadlineMs),
  recordDelivery: (step) => databaseStep('recordDelivery', step, 'Note the delivery'),
  releaseToSeller: (step) => moneyStep('releaseToSeller', step, 'Release the money and send it to the seller'),
  completePurchase: (step) => databaseStep('completePurchase', step, 'Complete the purchase'),
};

/** Stripe reported something: only a payment that is still open can have become authorised. Else we look at the row. */
async function look(input: PurchaseInput, story: Story, { eventId }: PaymentHint): Promise<void> {
  const step = paymentStepOf(input, story, { ...PROVIDER, event: 'payment_authorised' });
  story.standing =
    story.standing.state === 'payment_pending'
      ? await moneyStep('refreshPayment', { ...step, hintId: eventId }, 'Look at the payment', paymentEndsMs(story))
      : await databaseStep('readStanding', step, 'Look at the purchase');
}

function paymentStepOf(
  { purchaseId, paymentMethod, publicUrl }: PurchaseInput,
  { standing }: Story,
  { event, actor }: Pick<Wish, 'event' | 'actor'>,
): PaymentStep {
  const returnUrl = `${publicUrl}/v1/purchases/${purchaseId}`;
  return { purchaseId, from: standing.state, event, actor, atMs: Date.now(), paymentMethod, returnUrl };
}

/** A payment is not begun for a buyer who has long gone. */
const paymentEndsMs = ({ standing }: Story): number | undefined => standing.deadlineMs ?? undefined;

/** What neither the rules nor a provider answer: staff have to know of it, whoever asked. */
const isAlarm = ({ type }: ApplicationFailure): boolean =>
  !PURCHASE_REFUSALS.some((refusal) => refusal === type) && type?.startsWith('PROVIDER_') !== true;

const TRY_AGAIN_AFTER_MS = 60 * 60 * 1_000;

/** Until when the purchase waits for somebody; a transfer that is blocked keeps it open without end. */
function deadlineOf({ standing, deal }: Story, trouble: Trouble | undefined): number | undefined {
  if (standing.deadlineMs === null || standing.transfer === 'blocked') return undefined;
  // Without a timer to follow, a deadline would pass again and again.
  if (timerOf(standing.state, deal.kind) === undefined) return undefined;
  return Math.max(standing.deadlineMs, trouble?.tryAgainMs ?? 0);
}
