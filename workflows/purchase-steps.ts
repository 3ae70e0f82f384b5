/** How a purchase follows its table: which row a wish leads along, and which activities carry that row out. */
import { ApplicationFailure, patched } from '@temporalio/workflow';
import type { Deal, PaymentStep, PurchaseStanding, StepCommand } from '../activities/purchase.ts';
import type { Actor } from '../contracts/actor.ts';
import type { PaymentHint, PurchaseInput } from '../contracts/purchase.ts';
import { isOthers, type Unfinished } from '../services/transactions/begun-rules.ts';
import {
  allowedActions,
  type Circumstances,
  type Overlays,
  standsStill,
  stopOf,
  stopText,
  transitions,
} from '../services/transactions/rules.ts';
import {
  asksFinance,
  type FollowedTimer,
  isStoppedByInquiry,
  rulingCondition,
  timerOf,
} from '../services/transactions/timer-rules.ts';
import type { Party, PurchaseEvent, StepName, Transition } from '../services/transactions/transition-rules.ts';
import { answerOf, databaseStep, moneyStep } from './support/steps.ts';

/** What was agreed, and how it stands now. */
export interface Story {
  readonly deal: Deal;
  standing: PurchaseStanding;
}

/** What somebody wants to happen. */
export interface Wish {
  readonly event: PurchaseEvent;
  readonly party: Party | undefined;
  readonly actor: Actor;
  /** When it was begun, if it is gone through with only now; milliseconds since 1970. */
  readonly atMs?: number;
  /** What the party said with it. */
  readonly command?: StepCommand;
}

export const PROVIDER = { party: 'provider', actor: { type: 'provider', id: 'stripe' } } as const;
export const CLOCK = { party: 'clock', actor: { type: 'system', id: 'clock' } } as const;

/** The wired rows that a wish can lead along: one, or one for each outcome of the policy. */
export function rowsOf({ standing, deal }: Story, { event, party, atMs }: Omit<Wish, 'actor'>): Transition[] {
  const circumstances = circumstancesOf(standing, atMs ?? Date.now());
  return transitions(standing.state, { on: event, by: party, kind: deal.kind, circumstances });
}

const circumstancesOf = ({ startsAtMs, proposal }: PurchaseStanding, nowMs: number): Circumstances => ({
  nowMs,
  startsAtMs: startsAtMs ?? null,
  proposal: proposal ?? null,
});

/** What lies over it and may stop its money. */
export const overlaysOf = ({ pause, chargeback }: PurchaseStanding): Overlays => ({
  paused: pause !== undefined,
  chargeback: chargeback ?? 'none',
});

/** The deadline that runs, with the row it leads along: in a dispute that of its decision, or else of the default ruling. */
export const timerIn = ({ standing: { state, deadlineEvent, dispute }, deal }: Story): FollowedTimer | undefined =>
  timerOf(state, deal.kind, deadlineEvent, dispute && rulingCondition(dispute));

/**
 * Whether finance are asked when it passes, instead.
 * @param isNew whether a change of the code holds for this history
 */
export function financeIsAsked(
  { standing }: Story,
  followed: FollowedTimer,
  isNew: (change: string) => boolean = patched,
): boolean {
  const overlays = overlaysOf(standing);
  if (!asksFinance(followed, overlays)) return false;
  if (!isStoppedByInquiry(overlays)) return true;
  // Before, the default ruling was asked about, whatever was decided.
  const { dispute } = standing;
  const isOfDecision = dispute?.decided === true && !dispute.defaultLeaves;
  return isNew(isOfDecision ? 'finance-is-asked-of-a-decision' : 'finance-is-asked-in-an-inquiry');
}

/** Whether every row that a wish can lead along is stopped at the moment. */
export const isStopped = (story: Story, wish: Omit<Wish, 'actor'>): boolean => stopIn(story, wish) !== undefined;

function stopIn(story: Story, wish: Omit<Wish, 'actor'>) {
  const stops = rowsOf(story, wish).map((row) => stopOf(row, overlaysOf(story.standing)));
  return stops.includes(undefined) ? undefined : stops[0];
}

/** What parties and clock cannot have while the money stands still. @throws ApplicationFailure MONEY_PAUSED, CHARGEBACK_OPEN */
export function refuseStopped(story: Story, wish: Omit<Wish, 'actor'>): void {
  const stop = stopIn(story, wish);
  if (stop === undefined) return;
  const { chargeback, evidenceDueMs } = story.standing;
  throw ApplicationFailure.nonRetryable(stopText(stop, chargeback ?? 'none', evidenceDueMs ?? null), stop);
}

/** What a party can do now, for whoever asks: less while the money stands still. */
export const nowOf = (standing: PurchaseStanding): Circumstances => ({
  ...circumstancesOf(standing, Date.now()),
  ...overlaysOf(standing),
});

export function notAllowed({ standing, deal: { kind } }: Story, event: string): ApplicationFailure {
  const { state } = standing;
  const circumstances = nowOf(standing);
  const allowed = {
    buyer: allowedActions(state, kind, 'buyer', circumstances),
    seller: allowedActions(state, kind, 'seller', circumstances),
  };
  const message = `"${event}" is not possible for this party while the purchase is ${state}.`;
  return ApplicationFailure.nonRetryable(message, 'NOT_ALLOWED_NOW', { state, allowed });
}

export function inProgress(doing: string | undefined): ApplicationFailure {
  const what = doing === undefined ? 'Another change' : `"${doing}"`;
  return ApplicationFailure.nonRetryable(`${what} is in progress. Try again in a moment.`, 'IN_PROGRESS');
}

/**
 * Takes the steps that stand in the table for what happened. A step finds a purchase that is elsewhere by now when it was
 * taken before and the history lost that: then the story catches up, and the wish is refused if it came too late. A step that
 * was begun before, and lost with its worker, is gone through with first.
 */
export async function follow(input: PurchaseInput, story: Story, wish: Wish, isAgain = false): Promise<void> {
  const rows = rowsOf(story, wish);
  const parts = rows[0] && STEPS[rows[0].step];
  if (parts === undefined) throw notAllowed(story, wish.event);
  refuseStopped(story, wish);
  const step = stepOf(input, story, wish);
  const deadlineMs = story.standing.deadlineMs ?? undefined;
  const wasBegun = story.standing.unfinished !== undefined;
  for (const part of parts) {
    story.standing = await part(step, deadlineMs, story.standing);
    const { unfinished, state } = story.standing;
    if (unfinished !== undefined && isOthers(unfinished, step) && patched('what-was-begun-goes-first')) {
      if (isAgain) throw inProgress(unfinished.event);
      return followAfter(input, story, unfinished, wish);
    }
    if (state !== step.from) break;
  }
  if (rows.some(({ to }) => to === story.standing.state)) return;
  // What was begun is over without the end that its row has: a bank has overtaken it.
  if (wasBegun && story.standing.unfinished === undefined) return;
  throw notAllowed(story, wish.event);
}

/** Goes through with what was begun, then with what is wanted now, which may be the very same. */
async function followAfter(input: PurchaseInput, story: Story, begun: Unfinished, wish: Wish): Promise<void> {
  const isTheSame = begun.event === wish.event && begun.command?.id === wish.command?.id && begun.sends === undefined;
  try {
    await goThroughWith(input, story, begun);
  } catch (error) {
    if (answerOf(error) === undefined) throw error;
    await readAgain(input, story);
    if (isTheSame) throw error;
  }
  if (isTheSame) return;
  if (story.standing.unfinished !== undefined) throw inProgress(begun.event);
  const isRefund = wish.event === 'refund_in_full' || wish.event === 'refund_in_part';
  return follow(input, story, isRefund ? { ...wish, event: refundEvent(story, wish.command?.amount) } : wish, true);
}

/** All that is left is not a part, whoever counted it. */
export const refundEvent = (story: Story | undefined, amount: number | undefined): PurchaseEvent =>
  amount === undefined || amount === story?.standing.left ? 'refund_in_full' : 'refund_in_part';

/** Goes through with what was begun, as it was begun. */
export function goThroughWith(input: PurchaseInput, story: Story, begun: Unfinished): Promise<void> {
  if (begun.sends === 'transfer') return retryTransfer(input, story, begun.atMs);
  if (begun.sends === 'topUp') return topUpSeller(input, story, begun.atMs);
  return follow(input, story, wishOfBegun(begun), true);
}

/** What was begun, as a wish of whoever began it. */
export const wishOfBegun = ({ event, actor, atMs, command }: Unfinished): Wish => ({
  event,
  actor,
  atMs,
  party: undefined,
  ...(command !== undefined && { command }),
});

/** Looks at the row: it may be further than the story is. */
export async function readAgain(input: PurchaseInput, story: Story): Promise<void> {
  const step = stepOf(input, story, { ...PROVIDER, event: 'payment_authorised' });
  story.standing = await databaseStep('readStanding', step, 'Look at the purchase');
}

type Part = (
  step: PaymentStep,
  deadlineMs: number | undefined,
  standing: PurchaseStanding,
) => Promise<PurchaseStanding> | PurchaseStanding;

const refund: Part = (step) => moneyStep('refundBuyer', step, 'Refund the buyer');
/** What was sent from Wellpact's own balance is taken back first. */
const reverseTopUp: Part = (step, _deadlineMs, standing) =>
  standing.toppedUp === undefined
    ? standing
    : moneyStep('reverseTopUp', step, "Take back what was sent beyond the buyer's charge");
const reverse: Part = (step) => moneyStep('reverseTransfer', step, 'Take the transfer back from the seller');
const release: Part = (step) => moneyStep('releaseToSeller', step, 'Release the money and send it to the seller');

/** The parts of each step, in their order; those after the one that completes the row are not needed. */
const STEPS: Readonly<Partial<Record<StepName, readonly Part[]>>> = {
  // A payment that was captured behind our back cannot be cancelled any more: it is refunded.
  cancelPayment: [(step) => moneyStep('cancelPayment', step, 'Cancel the payment'), refund],
  // After the deadline the clock gives the authorisation back: no capture goes on beyond it.
  capturePayment: [(step, deadlineMs) => moneyStep('capturePayment', step, 'Capture the payment', deadlineMs)],
  pauseForDispute: [(step) => databaseStep('pauseForDispute', step, 'Begin a dispute')],
  settleDispute: [reverseTopUp, reverse, refund, release],
  recordDelivery: [(step) => databaseStep('recordDelivery', step, 'Note the delivery')],
  proposeReschedule: [(step) => databaseStep('proposeReschedule', step, 'Propose another time')],
  moveBooking: [(step) => databaseStep('moveBooking', step, 'Move the booking')],
  releaseToSeller: [release],
  refundBuyer: [refund],
  settleCancellation: [refund, release],
  refundReleased: [reverseTopUp, reverse, refund],
  completePurchase: [(step) => databaseStep('completePurchase', step, 'Complete the purchase')],
};

/** Begins the payment. */
export const beginPayment = (input: PurchaseInput, story: Story): Promise<PurchaseStanding> =>
  moneyStep(
    'beginPayment',
    stepOf(input, story, { ...PROVIDER, event: 'payment_authorised' }),
    'Begin the payment',
    paymentEndsMs(story),
  );

/** A provider, or the relay, said that something is new: we look for ourselves, where it can have changed something. */
export async function look(input: PurchaseInput, story: Story, { eventId, eventType }: PaymentHint): Promise<void> {
  const { state, transfer } = story.standing;
  if (state === 'payment_pending' || (state === 'authorised' && eventType === 'payment_intent.canceled')) {
    const lookAt = { ...stepOf(input, story, { ...PROVIDER, event: 'payment_authorised' }), hintId: eventId };
    story.standing = await moneyStep('refreshPayment', lookAt, 'Look at the payment', paymentEndsMs(story));
    const lost = story.standing.payment === 'canceled' && LOST[story.standing.state];
    if (lost) await follow(input, story, whenTimeWasOver(story) ?? { ...PROVIDER, event: lost });
  } else if (
    transfer === 'blocked' &&
    state !== 'disputed' &&
    !standsStill(overlaysOf(story.standing)) &&
    !owes(story)
  ) {
    await retryTransfer(input, story);
  } else await readAgain(input, story);
}

/** Something has to be taken back from the seller: nothing is sent to them before that. */
const owes = ({ standing: { chargebackWork, moreChargebackWork = [] } }: Story): boolean =>
  [chargebackWork, ...moreChargebackWork].some((work) => work?.what === 'settle') &&
  patched('settled-before-it-is-sent');

/** What it means that Stripe shows the payment as cancelled, which we have not asked for. */
const LOST: Readonly<Partial<Record<string, PurchaseEvent>>> = {
  payment_pending: 'payment_refused',
  authorised: 'authorisation_lost',
};

/**
 * What is found cancelled once its time was over was cancelled for that, by us: the step that did it was lost with its worker,
 * and Stripe's word of it came first. Nobody's card has failed then.
 */
function whenTimeWasOver(story: Story): Wish | undefined {
  const found = timerIn(story);
  if (found === undefined || (story.standing.deadlineMs ?? Number.POSITIVE_INFINITY) > Date.now()) return undefined;
  const wish = { ...CLOCK, event: found.timer.event };
  const isCancelled = rowsOf(story, wish).every(({ step }) => step === 'cancelPayment');
  return isCancelled && patched('cancelled-for-its-deadline') ? wish : undefined;
}

/** Tries to send what Stripe refused to send. @param atMs when that was begun, if it is gone through with only now */
export async function retryTransfer(input: PurchaseInput, story: Story, atMs?: number): Promise<void> {
  const step = stepOf(input, story, { ...SENDING, ...(atMs !== undefined && { atMs }) });
  story.standing = await moneyStep('retryTransfer', step, 'Try the transfer again');
}

/** Sends what the buyer's charge does not cover of the seller's part. @param atMs as {@link retryTransfer} */
export async function topUpSeller(input: PurchaseInput, story: Story, atMs?: number): Promise<void> {
  const step = stepOf(input, story, { ...SENDING, ...(atMs !== undefined && { atMs }) });
  story.standing = await moneyStep('topUpSeller', step, "Send what the buyer's charge does not cover");
}

const SENDING = { ...CLOCK, event: 'aftercare_over' } as const;

export function stepOf(
  { purchaseId, paymentMethod, publicUrl }: PurchaseInput,
  { standing }: Story,
  { event, actor, atMs, command }: Omit<Wish, 'party'>,
): PaymentStep {
  const returnUrl = `${publicUrl}/v1/purchases/${purchaseId}`;
  return {
    purchaseId,
    from: standing.state,
    event,
    actor,
    atMs: atMs ?? Date.now(),
    paymentMethod,
    returnUrl,
    ...(command !== undefined && { command }),
  };
}

/** A payment is not begun for a buyer who has long gone. */
const paymentEndsMs = ({ standing }: Story): number | undefined => standing.deadlineMs ?? undefined;
