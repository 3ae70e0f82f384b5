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
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { PurchaseStanding, PurchaseStep } from '../activities/purchase.ts';
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
  type PurchaseOutcome,
  type PurchaseResult,
  type PurchaseState,
  paymentHintSignal,
} from '../contracts/purchase.ts';
import { DEADLINE_AT, PURCHASE_STATE } from '../contracts/search-attributes.ts';
import {
  allowedActions,
  isFinal,
  type Party,
  type PurchaseEvent,
  type Transition,
  timerOf,
  transition,
} from '../services/transactions/rules.ts';
import { openDesk } from './support/desk.ts';
import { moneyText, tellStaff, timeText } from './support/notices.ts';
import { answerOf, databaseStep, moneyStep } from './support/steps.ts';

export async function purchase(input: PurchaseInput & Resumed): Promise<PurchaseResult> {
  const desk = openDesk<Wish, PurchaseState, PaymentHint>(input.resume?.seen);
  let standing = input.resume?.standing;
  let refusal: ApplicationFailure | undefined;
  let trouble: Trouble | undefined;
  listen();

  standing ??= await open();
  if (standing === undefined) {
    await condition(allHandlersFinished);
    return { state: 'not_opened' };
  }

  while (!isFinal(standing.state)) {
    announce(input, standing, trouble);
    if (workflowInfo().continueAsNewSuggested && desk.empty && allHandlersFinished()) {
      await continueAsNew<typeof purchase>({ ...input, resume: { standing, seen: desk.seen } });
    }
    const deadlineMs = deadlineOf(standing, trouble);
    const cameIn = await desk.wait(deadlineMs === undefined ? undefined : deadlineMs - Date.now(), timerText(standing));
    standing = cameIn ? await takeUp(standing) : await followTheClock(standing);
  }
  announce(input, standing, trouble);
  await condition(allHandlersFinished);
  return { state: standing.state };

  /** Lays what comes from outside on the desk, or refuses it at once. */
  function listen(): void {
    setHandler(openPurchaseUpdate, async (): Promise<PurchaseOutcome> => {
      await condition(() => standing !== undefined || refusal !== undefined);
      if (refusal !== undefined) throw refusal;
      return { state: standing?.state ?? 'payment_pending' };
    });
    for (const [update, event] of WISHES) {
      setHandler(
        update,
        async (command: PurchaseCommand): Promise<PurchaseOutcome> => {
          return { state: await desk.ask(wishOf(input, event, command)) };
        },
        { validator: (command) => refuseUnlessAllowed(wishOf(input, event, command), standing, desk.busy) },
      );
    }
    setHandler(paymentHintSignal, (hint) => desk.tell(hint.eventId, hint));
  }

  /** Opens the purchase and begins its payment. What says no is the answer of the update that came with the start. */
  async function open(): Promise<PurchaseStanding | undefined> {
    let opened: PurchaseStanding | undefined;
    try {
      opened = await databaseStep('openPurchase', { ...input, atMs: Date.now() }, 'Reserve and open the purchase');
      return await beginPayment(input);
    } catch (error) {
      refusal = answerOf(error);
      if (refusal === undefined) throw error;
      // A purchase whose payment could not begin is there all the same: it waits, and expires.
      return opened;
    }
  }

  /** Takes up what came first: a wish is followed and answered, a hint makes us look for ourselves. */
  async function takeUp(current: PurchaseStanding): Promise<PurchaseStanding> {
    const item = desk.take();
    if (item === undefined) return current;
    if (item.kind === 'hint') return orAskStaff(current, look(input, current, item.hint));
    try {
      standing = await follow(input, current, item.wish);
      item.settle.done(standing.state);
      return standing;
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      item.settle.failed(answer);
      return current;
    }
  }

  async function followTheClock(current: PurchaseStanding): Promise<PurchaseStanding> {
    const event = timerOf(current.state, current.terms.kind)?.timer.event;
    if (event === undefined) return current;
    return orAskStaff(
      current,
      follow(input, current, { event, party: 'clock', actor: { type: 'system', id: 'clock' } }),
    );
  }

  /** Nobody waits for the answer when a step that nobody asked for is refused: staff are told, and it is tried again. */
  async function orAskStaff(current: PurchaseStanding, step: Promise<PurchaseStanding>): Promise<PurchaseStanding> {
    try {
      trouble = undefined;
      return await step;
    } catch (error) {
      const answer = answerOf(error);
      if (answer === undefined) throw error;
      log.error('a step was refused', { type: answer.type, message: answer.message });
      trouble = { reason: answer.message, tryAgainMs: Date.now() + TRY_AGAIN_AFTER_MS };
      return current;
    }
  }
}

/** What somebody asked for. */
interface Wish {
  readonly event: PurchaseEvent;
  readonly party: Party;
  readonly actor: Actor;
}

/** Where the story went on when the history was started afresh. */
interface Resumed {
  readonly resume?: { readonly standing: PurchaseStanding; readonly seen: readonly string[] };
}

/** Which update asks for what. */
const WISHES = [
  [acceptPurchaseUpdate, 'accept'],
  [declinePurchaseUpdate, 'decline'],
  [cancelPurchaseUpdate, 'cancel'],
  [deliverPurchaseUpdate, 'deliver'],
  [confirmPurchaseUpdate, 'confirm'],
] as const;

/** The wish behind a command: its party is the one its actor is. Strangers are nobody, and get nothing. */
function wishOf(input: PurchaseInput, event: PurchaseEvent, { actorId }: PurchaseCommand): Wish {
  const party = actorId === input.buyerId ? 'buyer' : actorId === input.sellerId ? 'seller' : undefined;
  if (party === undefined) throw ApplicationFailure.nonRetryable('This is not your purchase.', 'NOT_A_PARTY');
  return { event, party, actor: { type: 'user', id: actorId } };
}

function beginPayment(input: PurchaseInput): Promise<PurchaseStanding> {
  return moneyStep(
    'beginPayment',
    {
      ...stepOf(input, { event: 'payment_authorised', actor: { type: 'user', id: input.buyerId } }),
      paymentMethod: input.paymentMethod,
      returnUrl: `${input.publicUrl}/v1/purchases/${input.purchaseId}`,
    },
    'Begin the payment',
  );
}

/** Takes the step that stands in the table for what happened. */
async function follow(input: PurchaseInput, standing: PurchaseStanding, wish: Wish): Promise<PurchaseStanding> {
  const row = transition(standing.state, { on: wish.event, by: wish.party, kind: standing.terms.kind });
  if (row === undefined) throw notAllowed(standing, wish.event);
  log.info('following', { event: wish.event, from: row.from, to: row.to });
  return STEPS[row.step as WiredStep](stepOf(input, wish));
}

type WiredStep = 'cancelPayment' | 'capturePayment' | 'recordDelivery' | 'releaseToSeller' | 'completePurchase';

const STEPS: Readonly<Record<WiredStep, (step: PurchaseStep) => Promise<PurchaseStanding>>> = {
  cancelPayment: (step) => moneyStep('cancelPayment', step, 'Cancel the payment'),
  capturePayment: (step) => moneyStep('capturePayment', step, 'Capture the payment'),
  recordDelivery: (step) => databaseStep('recordDelivery', step, 'Note the delivery'),
  releaseToSeller: (step) => moneyStep('releaseToSeller', step, 'Release the money and send it to the seller'),
  completePurchase: (step) => databaseStep('completePurchase', step, 'Complete the purchase'),
};

/** Stripe reported something. Only a payment that is still open can have become authorised. */
async function look(input: PurchaseInput, standing: PurchaseStanding, hint: PaymentHint): Promise<PurchaseStanding> {
  if (standing.state !== 'payment_pending') return standing;
  const step = stepOf(input, { event: 'payment_authorised', actor: { type: 'provider', id: 'stripe' } });
  return moneyStep('refreshPayment', { ...step, hintId: hint.eventId }, 'Look at the payment');
}

function stepOf({ purchaseId }: PurchaseInput, { event, actor }: Pick<Wish, 'event' | 'actor'>): PurchaseStep {
  return { purchaseId, event, actor, atMs: Date.now() };
}

/** A wish is refused before it is recorded when it comes at the wrong time, from the wrong party, or during another. */
function refuseUnlessAllowed({ event, party }: Wish, standing: PurchaseStanding | undefined, busy: boolean): void {
  if (standing === undefined || busy) {
    throw ApplicationFailure.nonRetryable('Another change is in progress. Try again in a moment.', 'IN_PROGRESS');
  }
  const row = transition(standing.state, { on: event, by: party, kind: standing.terms.kind });
  if (row === undefined) throw notAllowed(standing, event);
}

function notAllowed({ state, terms }: PurchaseStanding, event: PurchaseEvent): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `"${event}" is not possible while the purchase is ${state}.`,
    'NOT_ALLOWED_NOW',
    {
      state,
      allowed: {
        buyer: allowedActions(state, terms.kind, 'buyer'),
        seller: allowedActions(state, terms.kind, 'seller'),
      },
    },
  );
}

/** A step that the clock or a provider called for was refused. */
interface Trouble {
  readonly reason: string;
  readonly tryAgainMs: number;
}

const TRY_AGAIN_AFTER_MS = 60 * 60 * 1_000;

/** Until when the purchase waits; a transfer that is blocked keeps it open. */
function deadlineOf({ deadlineMs, transfer }: PurchaseStanding, trouble: Trouble | undefined): number | undefined {
  if (deadlineMs === null || transfer === 'blocked') return undefined;
  return Math.max(deadlineMs, trouble?.tryAgainMs ?? 0);
}

/** How things stand, for staff: in the search attributes and in the details of the workflow. */
function announce(input: PurchaseInput, standing: PurchaseStanding, trouble: Trouble | undefined): void {
  const { state, terms, held, payment, transfer } = standing;
  const deadlineMs = deadlineOf(standing, trouble);
  upsertSearchAttributes([
    { key: PURCHASE_STATE, value: state },
    { key: DEADLINE_AT, value: deadlineMs === undefined ? null : new Date(deadlineMs) },
  ]);
  const next = timerOf(state, terms.kind);
  tellStaff({
    link: { title: input.purchaseId, url: `${input.publicUrl}/v1/purchases/${input.purchaseId}` },
    title: `${state}: ${moneyText(terms.price, terms.currency)}`,
    lines: [
      ...(trouble === undefined ? [] : [`**Needs a person:** ${trouble.reason}`]),
      ...waitingFor(standing),
      ...(next !== undefined && deadlineMs !== undefined
        ? [`Nothing happens until **${timeText(deadlineMs)}**: then ${next.row.says}.`]
        : []),
      `Held ${moneyText(held, terms.currency)} · payment ${payment} · transfer ${transfer}`,
    ],
  });
}

function waitingFor({ state, terms, payment, transfer }: PurchaseStanding): string[] {
  if (transfer === 'blocked')
    return ["Stripe refused the transfer to the seller: the seller's account has to be mended."];
  if (state === 'payment_pending') return [`Waits for the buyer to pay (${payment}).`];
  return (['buyer', 'seller'] as const).flatMap((party) => {
    const actions = allowedActions(state, terms.kind, party);
    return actions.length === 0 ? [] : [`The ${party} can: ${actions.join(', ')}.`];
  });
}

const timerText = ({ state, terms }: PurchaseStanding): string => {
  const row: Transition | undefined = timerOf(state, terms.kind)?.row;
  return row === undefined ? 'waiting' : `${row.on}: then ${row.says}`;
};
