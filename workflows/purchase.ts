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
  condition,
  continueAsNew,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Deal, PurchaseStanding, PurchaseStep } from '../activities/purchase.ts';
import type { Actor } from '../contracts/actor.ts';
import {
  acceptPurchaseUpdate,
  cancelPurchaseUpdate,
  confirmPurchaseUpdate,
  declinePurchaseUpdate,
  deliverPurchaseUpdate,
  openPurchaseUpdate,
  type PaymentHint,
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

export async function purchase(input: PurchaseInput & Resumed): Promise<PurchaseResult> {
  const desk = openDesk<Wish, PurchaseState, PaymentHint>(input.resume?.seen);
  const board = createNoticeBoard(input);
  let story: Story | undefined = input.resume?.story;
  let refusal: ApplicationFailure | undefined;
  let trouble: Trouble | undefined;
  listen();

  story ??= await open();
  if (story === undefined) {
    await condition(allHandlersFinished);
    return { state: 'not_opened' };
  }

  while (!isFinal(story.standing.state)) {
    const deadlineMs = deadlineOf(story, trouble);
    board.tell(story, deadlineMs, trouble);
    if (workflowInfo().continueAsNewSuggested && desk.empty && allHandlersFinished()) {
      await continueAsNew<typeof purchase>({ ...input, resume: { story, seen: desk.seen } });
    }
    const waitMs = deadlineMs === undefined ? undefined : deadlineMs - Date.now();
    const cameIn = await desk.wait(waitMs, board.timerText(story));
    story.standing = cameIn ? await takeUp(story) : await followTheClock(story);
  }
  board.tell(story, undefined, trouble);
  await condition(allHandlersFinished);
  return { state: story.standing.state };

  /** Lays what comes from outside on the desk, or refuses it at once. */
  function listen(): void {
    setHandler(openPurchaseUpdate, async () => {
      await condition(() => story !== undefined || refusal !== undefined);
      if (refusal !== undefined || story === undefined) throw refusal;
      return { state: story.standing.state };
    });
    for (const [update, event] of WISHES) {
      setHandler(update, async (command) => ({ state: await desk.ask(wishOf(input, event, command)) }), {
        validator: (command) => refuseUnlessAllowed(story, desk.busy, wishOf(input, event, command)),
      });
    }
    setHandler(paymentHintSignal, (hint) => desk.tell(hint.eventId, hint));
  }

  /**
   * Reserves what is bought, writes the purchase and begins its payment. What says no is the answer of the update that
   * came with the start; a purchase whose payment cannot even begin is cancelled at once.
   */
  async function open(): Promise<Story | undefined> {
    let opened: Story | undefined;
    try {
      opened = await databaseStep('openPurchase', { ...input, atMs: Date.now() }, 'Reserve and open the purchase');
      return { ...opened, standing: await beginPayment(input) };
    } catch (error) {
      refusal = answerOf(error);
      if (refusal === undefined) throw error;
      if (opened === undefined) return undefined;
      return { ...opened, standing: await follow(input, opened, { ...PROVIDER, event: 'payment_refused' }) };
    }
  }

  /** Takes up what came first: a wish is followed and answered, a hint makes us look for ourselves. */
  async function takeUp(current: Story): Promise<PurchaseStanding> {
    const item = desk.take();
    if (item === undefined) return current.standing;
    if (item.kind === 'hint') return unlessRefused(current, look(input, current, item.hint));
    try {
      current.standing = await follow(input, current, item.wish);
      item.settle.done(current.standing.state);
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      item.settle.failed(answer);
    }
    return current.standing;
  }

  /** The deadline passed and nobody did anything. */
  async function followTheClock(current: Story): Promise<PurchaseStanding> {
    const event = timerOf(current.standing.state, current.deal.kind)?.timer.event;
    if (event === undefined) return current.standing;
    return unlessRefused(
      current,
      follow(input, current, { event, party: 'clock', actor: { type: 'system', id: 'clock' } }),
    );
  }

  /** A step that nobody asked for was refused, so nobody gets the answer: staff are told, and it is tried again. */
  async function unlessRefused(current: Story, step: Promise<PurchaseStanding>): Promise<PurchaseStanding> {
    try {
      const standing = await step;
      trouble = undefined;
      return standing;
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      log.error('a step was refused', { type: answer.type, message: answer.message });
      trouble = { reason: answer.message, tryAgainMs: Date.now() + TRY_AGAIN_AFTER_MS };
      return current.standing;
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

/** A wish is refused before it is recorded when it comes at the wrong time, from the wrong party, or during another. */
function refuseUnlessAllowed(story: Story | undefined, busy: boolean, { event, party }: Wish): void {
  if (story === undefined || busy) {
    throw ApplicationFailure.nonRetryable('Another change is in progress. Try again in a moment.', 'IN_PROGRESS');
  }
  if (rowOf(story, { event, party }) === undefined) throw notAllowed(story, event);
}

function notAllowed({ standing: { state }, deal: { kind } }: Story, event: PurchaseEvent): ApplicationFailure {
  const allowed = { buyer: allowedActions(state, kind, 'buyer'), seller: allowedActions(state, kind, 'seller') };
  const message = `"${event}" is not possible for this party while the purchase is ${state}.`;
  return ApplicationFailure.nonRetryable(message, 'NOT_ALLOWED_NOW', { state, allowed });
}

const rowOf = ({ standing, deal }: Story, { event, party }: Pick<Wish, 'event' | 'party'>) =>
  transition(standing.state, { on: event, by: party, kind: deal.kind });

/** Takes the step that stands in the table for what happened. */
async function follow(input: PurchaseInput, story: Story, wish: Wish): Promise<PurchaseStanding> {
  const step = STEPS[rowOf(story, wish)?.step ?? 'none'];
  if (step === undefined) throw notAllowed(story, wish.event);
  return step(stepOf(input, wish));
}

const STEPS: Readonly<Partial<Record<StepName | 'none', (step: PurchaseStep) => Promise<PurchaseStanding>>>> = {
  cancelPayment: (step) => moneyStep('cancelPayment', step, 'Cancel the payment'),
  capturePayment: (step) => moneyStep('capturePayment', step, 'Capture the payment'),
  recordDelivery: (step) => databaseStep('recordDelivery', step, 'Note the delivery'),
  releaseToSeller: (step) => moneyStep('releaseToSeller', step, 'Release the money and send it to the seller'),
  completePurchase: (step) => databaseStep('completePurchase', step, 'Complete the purchase'),
};

function beginPayment(input: PurchaseInput): Promise<PurchaseStanding> {
  const step = {
    ...stepOf(input, { event: 'payment_authorised', actor: { type: 'user', id: input.buyerId } }),
    paymentMethod: input.paymentMethod,
    returnUrl: `${input.publicUrl}/v1/purchases/${input.purchaseId}`,
  };
  return moneyStep('beginPayment', step, 'Begin the payment');
}

/** Stripe reported something. Only a payment that is still open can have become authorised. */
async function look(input: PurchaseInput, { standing }: Story, { eventId }: PaymentHint): Promise<PurchaseStanding> {
  if (standing.state !== 'payment_pending') return standing;
  const step = { ...stepOf(input, { ...PROVIDER, event: 'payment_authorised' }), hintId: eventId };
  return moneyStep('refreshPayment', step, 'Look at the payment');
}

function stepOf({ purchaseId }: PurchaseInput, { event, actor }: Pick<Wish, 'event' | 'actor'>): PurchaseStep {
  return { purchaseId, event, actor, atMs: Date.now() };
}

const TRY_AGAIN_AFTER_MS = 60 * 60 * 1_000;

/** Until when the purchase waits for somebody; a transfer that is blocked keeps it open without end. */
function deadlineOf({ standing }: Story, trouble: Trouble | undefined): number | undefined {
  if (standing.deadlineMs === null || standing.transfer === 'blocked') return undefined;
  return Math.max(standing.deadlineMs, trouble?.tryAgainMs ?? 0);
}
