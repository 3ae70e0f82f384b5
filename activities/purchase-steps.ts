/** What all steps of a purchase share: their input, what they answer, and which row of the table they follow. */
import { type ApplicationFailure, activityInfo } from '@temporalio/activity';
import type { Actor } from '../contracts/actor.ts';
import type { ChargebackWork } from '../contracts/chargeback.ts';
import type { DisputeReason, NewDispute } from '../contracts/dispute.ts';
import type { DisputeId, PurchaseId } from '../contracts/ids.ts';
import type { Chargeback, PaymentStatus, PurchaseState, TransferStatus } from '../contracts/purchase.ts';
import type { Database } from '../platform/database.ts';
import type { Payments } from '../providers/payments.ts';
import type { TaxRates } from '../providers/tax.ts';
import { SLOT_REFUSALS, type SlotRefusal } from '../services/marketplace/slot-rules.ts';
import { isHalfDone, isOthers } from '../services/transactions/begun-rules.ts';
import { givenBack } from '../services/transactions/discount-rules.ts';
import {
  commandStep,
  endBeginning,
  findPurchase,
  isTopUpBlocked,
  isTopUpDue,
  type OpenDispute,
  type Pause,
  type Policy,
  type Purchase,
  type StepKey,
  type Unfinished,
} from '../services/transactions/index.ts';
import { type Plan, planFor } from '../services/transactions/plan-rules.ts';
import { leftOf, leftToSeller, REFUND_TOO_SMALL, refundTooLargeText } from '../services/transactions/refund-rules.ts';
import { type Reminder, remindersOf } from '../services/transactions/reminder-rules.ts';
import { type Stop, type Stoppable, stopOf, stopText } from '../services/transactions/rules.ts';
import type { Kind } from '../services/transactions/terms-rules.ts';
import type { Party, PurchaseEvent, StepName } from '../services/transactions/transition-rules.ts';
import { refusal } from './failures.ts';

export interface PurchaseDeps {
  readonly database: Database;
  readonly payments: Payments;
  readonly policy: Policy;
  readonly taxes: TaxRates;
}

/** Which step to take, and on whose behalf. */
export interface PurchaseStep {
  readonly purchaseId: PurchaseId;
  /** The state from which the workflow takes the step. When the row is elsewhere by now, the step does nothing. */
  readonly from: PurchaseState;
  /** What happened: with the state it names the row of the transition table to follow. */
  readonly event: PurchaseEvent;
  readonly actor: Actor;
  /** The workflow's time, milliseconds since 1970. */
  readonly atMs: number;
  /** The command behind it, of what a party can ask for more than once. */
  readonly command?: StepCommand;
}

export interface StepCommand {
  /** The same for every repeat of the command. */
  readonly id: string;
  /** Which time it is about, ISO 8601. */
  readonly startsAt?: string;
  /** How much it is about, minor units. */
  readonly amount?: number;
  /** Why staff want it, for staff alone. */
  readonly reason?: string;
  /** What it opens. */
  readonly dispute?: NewDispute;
}

/** A step that may have to begin the payment, or to learn what became of its beginning. */
export interface PaymentStep extends PurchaseStep {
  readonly paymentMethod: string | undefined;
  readonly returnUrl: string;
}

/**
 * How a purchase stands after a step: what the workflow has to know to go on. What is optional is left out where there is
 * nothing to say, and is missing in histories of before.
 */
export interface PurchaseStanding {
  readonly state: PurchaseState;
  /** When the clock moves it on, milliseconds since 1970; null when it does not. */
  readonly deadlineMs: number | null;
  /** What happens then. */
  readonly deadlineEvent?: PurchaseEvent;
  readonly payment: PaymentStatus;
  readonly transfer: TransferStatus;
  /** What the buyer's charge does not cover of the seller's part is to be sent now. */
  readonly topUpDue?: true;
  /** It was refused: Wellpact's own balance does not cover it. */
  readonly topUpBlocked?: true;
  /** Minor units that were sent from Wellpact's own balance, less what was taken back. */
  readonly toppedUp?: number;
  /** Minor units that are held for it. */
  readonly held: number;
  /** Minor units that could still be refunded; missing in histories of before. */
  readonly left?: number;
  /** When a booking begins, milliseconds since 1970. */
  readonly startsAtMs?: number;
  /** Where a party wants to move it, until the other one accepts. */
  readonly proposal?: ProposalStanding;
  /** The reminders that come while it stands so, the next one first. */
  readonly reminders?: readonly Reminder[];
  /** What was begun and has to be gone through with before anything else. */
  readonly unfinished?: Unfinished;
  /** Staff have paused the money. */
  readonly pause?: Pause;
  /** What the buyer's bank does, or did. */
  readonly chargeback?: Exclude<Chargeback, 'none'>;
  /** Until when it takes evidence, milliseconds since 1970. */
  readonly evidenceDueMs?: number;
  /** What has to be done about it. */
  readonly chargebackWork?: ChargebackWork;
  /** What has to be done about it, or about other ones, besides. */
  readonly moreChargebackWork?: readonly ChargebackWork[];
  /** The hold limit came while its money stood still, and finance was asked. */
  readonly limitReached?: true;
  /** The dispute that is open about it. */
  readonly dispute?: DisputeStanding;
}

export interface DisputeStanding {
  readonly id: DisputeId;
  readonly n: number;
  readonly reason: DisputeReason;
  /** Whether it is decided, and waits to be carried out. */
  readonly decided: boolean;
  /** Whether that gives the buyer everything; missing before it is decided, and in histories of before. */
  readonly givesAll?: boolean;
  /** Whether the default ruling leaves the seller something. */
  readonly defaultLeaves: boolean;
}

export interface ProposalStanding {
  readonly by: 'buyer' | 'seller';
  /** Milliseconds since 1970. */
  readonly startsAtMs: number;
}

/** What the workflow has to know of what was agreed: it never changes. */
export interface Deal {
  readonly kind: Kind;
  /** What the buyer pays, minor units: the price less a discount. */
  readonly price: number;
  readonly currency: string;
  /** How often a refused transfer is tried again, milliseconds; missing in histories of before. */
  readonly transferRetryMs?: number;
}

export interface Opened {
  readonly deal: Deal;
  readonly standing: PurchaseStanding;
}

export function standing(purchase: Purchase): PurchaseStanding {
  const { state, deadlineAt, deadlineEvent, payment, transfer, books, slot, proposal, unfinished, pause } = purchase;
  const { chargeback, chargebackSheet: sheet, standstill, dispute, topUp } = purchase;
  const reminders = remindersAhead(purchase);
  return {
    state,
    deadlineMs: deadlineAt?.getTime() ?? null,
    ...(deadlineEvent !== null && { deadlineEvent }),
    payment: payment.status,
    transfer: transfer.status,
    ...(isTopUpDue(purchase) && { topUpDue: true }),
    ...(isTopUpBlocked(purchase) && { topUpBlocked: true }),
    ...(topUp !== null && topUp.amount > 0 && { toppedUp: topUp.amount }),
    held: books.held,
    left: leftOf(books),
    ...(slot !== null && { startsAtMs: slot.startsAt.getTime() }),
    ...(proposal !== null && { proposal: { by: proposal.by, startsAtMs: proposal.startsAt.getTime() } }),
    ...(reminders.length > 0 && { reminders }),
    ...(unfinished !== null && { unfinished }),
    ...(pause !== null && { pause }),
    ...(chargeback !== 'none' && { chargeback }),
    ...(sheet !== null && sheet.dueMs !== null && { evidenceDueMs: sheet.dueMs }),
    ...(sheet !== null && sheet.next !== null && { chargebackWork: sheet.next }),
    ...(sheet?.more !== undefined && { moreChargebackWork: sheet.more }),
    ...(standstill?.limitReached === true && { limitReached: true }),
    ...(dispute !== null && { dispute: disputeStanding(dispute) }),
  };
}

const disputeStanding = ({ id, n, reason, gross, defaultRefund, refund }: OpenDispute): DisputeStanding => ({
  id,
  n,
  reason,
  decided: refund !== null,
  ...(refund !== null && { givesAll: refund >= gross }),
  defaultLeaves: defaultRefund < gross,
});

function remindersAhead({ state, terms, stateSince, deadlineAt, slot, standstill }: Purchase): Reminder[] {
  return remindersOf(state, terms.reminders, {
    knownSinceMs: Math.max(stateSince.getTime(), slot?.since.getTime() ?? 0),
    // The deadline that people are reminded of stands still, too.
    deadlineMs: standstill === null ? (deadlineAt?.getTime() ?? null) : null,
    startsAtMs: slot?.startsAt.getTime() ?? null,
  });
}

/** @throws ApplicationFailure NO_PURCHASE */
export async function purchaseToAct(
  database: Database,
  { purchaseId }: Pick<StepKey, 'purchaseId'>,
): Promise<Purchase> {
  const purchase = await findPurchase(database, purchaseId);
  if (purchase === undefined) throw refusal('NO_PURCHASE', `There is no purchase ${purchaseId}.`);
  return purchase;
}

/**
 * The last look before money moves. @param part what moves it now, of the row that the step follows
 * @throws ApplicationFailure MONEY_PAUSED, CHARGEBACK_OPEN
 */
export function refuseStopped(purchase: Purchase, part: StepName, row: Stoppable = { step: part }): void {
  const overlays = { paused: purchase.pause !== null, chargeback: purchase.chargeback };
  const stop = stopOf(row, overlays) ?? stopOf({ step: part }, overlays);
  if (stop !== undefined) throw stopped(purchase, stop);
}

export const stopped = ({ chargeback, chargebackSheet }: Purchase, stop: Stop): ApplicationFailure =>
  refusal(stop, stopText(stop, chargeback, chargebackSheet?.dueMs ?? null));

type PlannedStep = Pick<PurchaseStep, 'event' | 'actor' | 'atMs' | 'command'>;

/** The row that a step follows. @throws ApplicationFailure NOT_ALLOWED_NOW when the table leads nowhere; REFUND_TOO_LARGE, REFUND_TOO_SMALL */
export function planOf(purchase: Purchase, step: PlannedStep): Plan {
  const { slot, unfinished, state } = purchase;
  const planned = {
    ...purchase,
    startsAtMs: slot?.startsAt.getTime() ?? null,
    reversalRefused: unfinished?.reversalRefused === true,
  };
  const by = partyOf(purchase, step);
  const plan = planFor(planned, { event: step.event, by, atMs: step.atMs, forSeller: decidedFor(purchase, step) });
  if (plan === undefined) throw refusal('NOT_ALLOWED_NOW', `"${step.event}" leads nowhere from ${state}.`);
  return plan;
}

/** What the seller keeps where somebody decided that. @throws ApplicationFailure REFUND_TOO_LARGE, REFUND_TOO_SMALL */
function decidedFor(purchase: Purchase, { event, command }: PlannedStep): number | undefined {
  const { dispute, state, unfinished, books } = purchase;
  if (state === 'disputed' && dispute !== null) {
    const decided = (event === 'dispute_decided' ? dispute.refund : null) ?? dispute.defaultRefund;
    return leftToSeller(books, dispute.gross, decided);
  }
  if (event === 'refund_in_part') return leftAfter(purchase, command?.amount ?? 0);
  // The buyer's part of the division has gone back already: what is held now is the seller's.
  const isDivided = isHalfDone(unfinished) && unfinished?.event === 'cancel';
  return state === 'held' && event === 'cancel' && isDivided ? books.held : undefined;
}

/** A part is less than what is left: all of it is another row of the table, which ends the purchase. */
function leftAfter({ books, currency, terms, unfinished }: Purchase, amount: number): number {
  const left = leftOf(books);
  // What was begun was not too much then: what the bank has taken since, the buyer has.
  if (unfinished?.event === 'refund_in_part') return Math.max(left - amount, 0);
  if (amount >= left || amount <= 0) throw refundTooLarge(left, currency);
  if (givenBack(books, amount, terms.discount?.amount ?? 0).buyer === 0)
    throw refusal('REFUND_TOO_SMALL', REFUND_TOO_SMALL);
  return left - amount;
}

export const refundTooLarge = (left: number, currency: string): ApplicationFailure =>
  refusal('REFUND_TOO_LARGE', refundTooLargeText(left, currency), { refundable: { amount: left, currency } });

/** Which party takes the step; undefined when none of them does. */
export function partyOf({ buyerId, sellerId }: Purchase, { actor }: Pick<PurchaseStep, 'actor'>): Party | undefined {
  if (actor.type === 'staff') return 'finance';
  if (actor.type !== 'user') return undefined;
  return actor.id === buyerId ? 'buyer' : actor.id === sellerId ? 'seller' : undefined;
}

/** What the key of a step is made of. */
type KeyParts = Pick<PurchaseStep, 'purchaseId' | 'actor' | 'atMs' | 'command'> & {
  readonly from?: PurchaseState;
  readonly event?: string;
  /** The event of a provider, or the update, behind a step that is no command of a party. */
  readonly causedBy?: string | undefined;
};

/** The key of a step: by it, its transaction and what it makes at Stripe happen once. */
export function stepKey(parts: KeyParts, step: string): StepKey {
  const { purchaseId, from, actor, atMs, event = step, command } = parts;
  const { workflowExecution } = activityInfo();
  return {
    purchaseId,
    step,
    from,
    actor,
    atMs,
    cause: workflowExecution?.runId ?? 'no workflow',
    ...(workflowExecution !== undefined && { workflowId: workflowExecution.workflowId }),
    ...(parts.event !== undefined && { event: parts.event }),
    causedBy: parts.causedBy ?? (command === undefined ? `${actor.type}/${event}` : commandStep(command.id)),
  };
}

/** The key of a step that follows a row of the table: of two rows only one is begun at a time. */
export const rowKey = (step: PurchaseStep, name: string): StepKey => ({ ...stepKey(step, name), begun: begunBy(step) });

/** What a step begins: kept before its first part, for the parts that follow, and for whoever comes after a worker that died. */
export const begunBy = ({ event, actor, atMs, command }: PurchaseStep): Unfinished => ({
  event,
  actor,
  atMs,
  ...(command !== undefined && {
    command: {
      id: command.id,
      ...(command.amount !== undefined && { amount: command.amount }),
      ...(command.reason !== undefined && { reason: command.reason }),
    },
  }),
});

/** Whether a step comes too late, or too early: the purchase has moved on, or something else was begun and goes first. */
export const isOvertaken = ({ state, unfinished }: Purchase, step: PurchaseStep): boolean =>
  state !== step.from || isOthers(unfinished, step);

/**
 * How a purchase stands of which a step finds that nothing is left to do. A worker that was held up may have noted that it was
 * begun when it was done already: that is over.
 */
export async function standingWithout(
  database: Database,
  purchase: Purchase,
  { begun }: StepKey,
): Promise<PurchaseStanding> {
  if (begun === undefined || purchase.unfinished?.asked !== true || isOthers(purchase.unfinished, begun))
    return standing(purchase);
  await endBeginning(database, purchase.id, begun);
  return standing(await purchaseToAct(database, { purchaseId: purchase.id }));
}

/** Why a time cannot be booked, as a failure that the workflow answers with. */
export function slotRefusal(why: SlotRefusal): ApplicationFailure {
  const { code, message } = SLOT_REFUSALS[why];
  return refusal(code, message);
}

export const beyondHoldLimit = (): ApplicationFailure =>
  refusal('BEYOND_HOLD_LIMIT', 'This is too far ahead: the payment could not be held for so long.');

/** @throws ApplicationFailure NO_PAYMENT */
export function intentOf({ payment }: Purchase): string {
  if (payment.intentId === null) throw refusal('NO_PAYMENT', 'The payment of this purchase was never begun.');
  return payment.intentId;
}
