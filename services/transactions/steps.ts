/** Taking the steps of a purchase: row, ledger, audit entry and event in one transaction, once. */
import type { PurchaseId } from '../../contracts/ids.ts';
import type { Chargeback, PurchaseState } from '../../contracts/purchase.ts';
import type { Actor } from '../../platform/audit.ts';
import { audit } from '../../platform/audit.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { emit } from '../../platform/outbox.ts';
import { closeCase } from '../cases/index.ts';
import { archive } from './archive.ts';
import { isOthers, type Unfinished } from './begun-rules.ts';
import type { ChargebackSheet } from './chargeback-rules.ts';
import { type LedgerEntry, type Posting, postAll } from './ledger.ts';
import { isAtStripe, type LedgerAccount } from './ledger-accounts.ts';
import { applyMoves, EMPTY_BOOKS, MOVES, type Move } from './money.ts';
import type {
  KeyEpochs,
  OpenDispute,
  Pause,
  PaymentRecord,
  Proposal,
  Purchase,
  RefundRecord,
  Slot,
  Standstill,
  TopUpRecord,
  TransferRecord,
} from './purchase-record.ts';
import { type RefusedStep, refusedAfter } from './refused-rules.ts';
import type { Reminder } from './reminder-rules.ts';
import { isFinal, standsStill } from './rules.ts';
import { endBeginning, insertPurchase, lockPurchase, takeStep, updatePurchase } from './store.ts';
import { deadlineOf } from './timer-rules.ts';

/** The step of a workflow, as it is named in the ledger, in the audit trail and towards the providers. */
export interface StepKey {
  readonly purchaseId: PurchaseId;
  /** Unique within the purchase: `capturePayment`. */
  readonly step: string;
  /** The state from which the step is taken; undefined for the one that opens the purchase; any for a fact. */
  readonly from: PurchaseState | 'any' | undefined;
  readonly actor: Actor;
  /** The workflow run that takes the step. */
  readonly cause: string;
  /** The workflow whose run that is; undefined outside one. */
  readonly workflowId?: string;
  /** What made it happen: the update of a person, the event of a provider, a deadline. */
  readonly causedBy?: string;
  /** What happened, in the word of the table; undefined for a step that follows no row of it. */
  readonly event?: string;
  /** The workflow's time when it decided on the step, milliseconds since 1970: deadlines are counted from it. */
  readonly atMs: number;
  /** What is begun with the step, of one that follows a row of the table: where something else was begun, it is not taken. */
  readonly begun?: Unfinished;
}

/** What a step changes. What is left out stays as it is. */
export interface StepChange {
  readonly to?: PurchaseState;
  readonly moves?: readonly Move[];
  /** The provider's object that the moves stand for: the charge, the refund, the transfer, its reversal. */
  readonly reference?: string | undefined;
  readonly payment?: Partial<PaymentRecord>;
  readonly transfer?: Partial<TransferRecord>;
  readonly topUp?: TopUpRecord;
  readonly refund?: Partial<RefundRecord>;
  readonly slot?: Slot;
  /** Null when it is settled; any other state settles it, too. */
  readonly proposal?: Proposal | null;
  readonly refundCap?: number;
  /** What was begun with this step and is gone through with by the next ones; null when it is done. */
  readonly unfinished?: Unfinished | null;
  readonly keyEpochs?: KeyEpochs;
  /** The dispute that is opened with this step, or what is new about it; it ends with the state. */
  readonly dispute?: OpenDispute;
  /** What the provider refuses; {@link refusedAfter} says when that is over. */
  readonly refusedStep?: RefusedStep;
  /** Null when money moves again. */
  readonly pause?: Pause | null;
  /** The hold limit came while its money stood still, and finance is asked. */
  readonly limitReached?: true;
  readonly chargeback?: Chargeback;
  readonly chargebackSheet?: ChargebackSheet;
  /** What the buyer's bank costs us, or gives back of it: once for each of Stripe's balance transactions. */
  readonly disputeFees?: readonly DisputeFee[];
  /** What Stripe kept for the payment, when it is known: minor units, in the currency of our balance. */
  readonly stripeFee?: { readonly amount: number; readonly currency: string };
}

export interface DisputeFee {
  /** The balance transaction. */
  readonly id: string;
  /** Minor units, in the currency of our balance; below zero when it comes back. */
  readonly amount: number;
  readonly currency: string;
}

/**
 * Takes one step of a purchase: row, ledger, audit entry and event in one transaction, once. A repeated step changes
 * nothing and answers with the purchase as it stands; so does one that comes when the purchase is elsewhere by now, as a
 * try that was given up but went on all the same, or when something else was begun.
 * @param decide what the step changes, given the purchase as it is now; called with the row locked, in the transaction.
 *   Undefined when it changes nothing: then nothing is noted either
 * @param also what changes in other services together with it
 * @throws Error when there is no such purchase
 */
export async function commitStep(
  db: Database,
  key: StepKey,
  decide: (purchase: Purchase, tx: Tx) => StepChange | undefined | Promise<StepChange | undefined>,
  also: (tx: Tx, purchase: Purchase) => Promise<unknown> = async () => {},
): Promise<Purchase> {
  return db.transaction(async (tx) => {
    const before = await lockPurchase(tx, key.purchaseId);
    if (before === undefined) throw new Error(`there is no purchase ${key.purchaseId}`);
    const isElsewhere =
      (key.from !== 'any' && before.state !== key.from) ||
      (key.begun !== undefined && isOthers(before.unfinished, key.begun));
    if (isElsewhere) return before;
    if (!(await takeStep(tx, key.purchaseId, key.step))) return repeated(tx, before, key);
    const change = await decide(before, tx);
    if (change === undefined) return before;
    // Whoever sent it is told that it was carried out, whatever becomes of the answer on the way.
    if (key.causedBy?.startsWith(COMMAND)) await takeStep(tx, key.purchaseId, key.causedBy);
    const after = changed(before, change, key.atMs);
    await updatePurchase(tx, after);
    await postMoves(tx, key, after, change);
    await also(tx, after);
    if (before.refusedStep !== null && after.refusedStep === null) {
      await closeCase(tx, 'step_refused', after.id, { decision: 'resolved', actor: key.actor });
    }
    await record(tx, key, before, after, change);
    if (isFinal(after.state) && !isFinal(before.state)) await archive(tx, after);
    return after;
  });
}

/** It was taken before: a beginning that was noted for it once more is over with that. */
async function repeated(tx: Tx, before: Purchase, { begun }: StepKey): Promise<Purchase> {
  if (begun === undefined || before.unfinished?.asked !== true) return before;
  await endBeginning(tx, before.id, begun);
  return { ...before, unfinished: null };
}

const COMMAND = 'update/';

/** The name under which is kept that a command of a person was carried out, or begun, beside the steps that it led to. */
export const commandStep = (commandId: string): string => `${COMMAND}${commandId}`;

/** What a purchase is opened with; the rest begins empty. */
export type NewPurchase = Pick<
  Purchase,
  | 'id'
  | 'buyerId'
  | 'sellerId'
  | 'listingId'
  | 'quantity'
  | 'currency'
  | 'terms'
  | 'acceptedDisclaimers'
  | 'state'
  | 'stateSince'
  | 'slot'
>;

/**
 * Opens a purchase, once: its row, audit entry and event, in the transaction that reserved what is bought.
 * @returns the purchase, also when it was opened before
 */
export async function openPurchase(tx: Tx, key: StepKey, opened: NewPurchase): Promise<Purchase> {
  const empty = {
    payment: NO_PAYMENT,
    transfer: { status: 'none', id: null },
    topUp: null,
    refund: { status: 'none', id: null },
    proposal: null,
    refundCap: 10_000,
    unfinished: null,
    keyEpochs: {},
    chargeback: 'none',
    chargebackSheet: null,
    dispute: null,
    refusedStep: null,
    pause: null,
    standstill: null,
    stoodStillMs: 0,
    recovers: null,
    books: EMPTY_BOOKS,
    createdAt: opened.stateSince,
    updatedAt: opened.stateSince,
  } as const;
  const purchase: Purchase = { ...opened, ...empty, ...deadlineColumns({ ...opened, ...empty }) };
  if (!(await insertPurchase(tx, purchase))) throw new Error(`the purchase ${purchase.id} exists already`);
  await takeStep(tx, purchase.id, key.step);
  await record(tx, key, undefined, purchase, {});
  return purchase;
}

const NO_PAYMENT: PaymentRecord = {
  status: 'requires_payment_method',
  problem: null,
  intentId: null,
  chargeId: null,
  captureBefore: null,
  capturedAt: null,
  returnedAt: null,
};

/**
 * Reminds the parties of what is coming, once, as long as the purchase stands as it did when the reminder was set.
 * @returns the purchase as it stands
 */
export async function remind(db: Database, key: StepKey, { name, dueMs }: Reminder): Promise<Purchase> {
  return db.transaction(async (tx) => {
    const purchase = await lockPurchase(tx, key.purchaseId);
    if (purchase === undefined) throw new Error(`there is no purchase ${key.purchaseId}`);
    if (purchase.state !== key.from || !(await takeStep(tx, key.purchaseId, key.step))) return purchase;
    const { id, buyerId, sellerId, slot } = purchase;
    const startsAt = slot === null ? {} : { startsAt: slot.startsAt.toISOString() };
    const dueAt = new Date(dueMs).toISOString();
    const data = { purchaseId: id, buyerId, sellerId, reminder: name, dueAt, ...startsAt };
    await emit(tx, { type: 'purchase.reminder', key: id, data });
    return purchase;
  });
}

function changed(before: Purchase, change: StepChange, atMs: number): Purchase {
  const at = new Date(atMs);
  const to = change.to ?? before.state;
  const moves = change.moves ?? [];
  const capturedNow = moves.some(({ name }) => name === 'capture');
  const returnedNow = before.books.held === 0 && moves.some(({ name }) => name === 'chargebackWon');
  const overlaid: Purchase = {
    ...before,
    state: to,
    stateSince: to === before.state ? before.stateSince : at,
    slot: change.slot ?? before.slot,
    proposal: proposalAfter(before, change, to),
    refundCap: change.refundCap ?? before.refundCap,
    payment: {
      ...before.payment,
      ...change.payment,
      ...(capturedNow && { capturedAt: at }),
      ...(returnedNow && { returnedAt: at }),
    },
    transfer: { ...before.transfer, ...change.transfer },
    topUp: change.topUp ?? before.topUp,
    refund: { ...before.refund, ...change.refund },
    unfinished: change.unfinished === undefined ? before.unfinished : change.unfinished,
    keyEpochs: { ...before.keyEpochs, ...change.keyEpochs },
    dispute: to === 'disputed' ? (change.dispute ?? before.dispute) : null,
    refusedStep: refusedAfter(before, change),
    // With the last state the pause is over: nothing is left that could move.
    pause: isFinal(to) ? null : change.pause === undefined ? before.pause : change.pause,
    chargeback: change.chargeback ?? before.chargeback,
    chargebackSheet: change.chargebackSheet ?? before.chargebackSheet,
    books: applyMoves(before.books, moves),
    updatedAt: at,
  };
  const standstill = standstillAfter(before, overlaid, change, atMs);
  const stoodStillMs = to === before.state ? before.stoodStillMs + endedMs(before, standstill, atMs) : 0;
  const moved = { ...overlaid, standstill, stoodStillMs };
  const { slot, pause, unfinished, chargeback, limitReached } = change;
  const staysAsItWas =
    to === before.state && [slot, pause, unfinished, chargeback, limitReached].every((one) => one === undefined);
  return staysAsItWas ? moved : { ...moved, ...deadlineColumns(moved) };
}

/** It begins with what first stops the money, and ends with the last of it. With its last state a purchase has none. */
function standstillAfter(
  before: Purchase,
  { state, pause, chargeback }: Purchase,
  { limitReached }: StepChange,
  atMs: number,
): Standstill | null {
  if (isFinal(state) || !standsStill({ paused: pause !== null, chargeback })) return null;
  return { ...(before.standstill ?? { sinceMs: atMs }), ...(limitReached && { limitReached }) };
}

/** For how long a standstill that is over lay over the state. */
function endedMs({ standstill, stateSince }: Purchase, now: Standstill | null, atMs: number): number {
  if (standstill === null || now !== null) return 0;
  return Math.max(atMs - Math.max(standstill.sinceMs, stateSince.getTime()), 0);
}

/** A proposal to move a booking is of the state in which it was made. */
function proposalAfter({ state, proposal }: Purchase, change: StepChange, to: PurchaseState): Proposal | null {
  if (to !== state) return null;
  return change.proposal === undefined ? proposal : change.proposal;
}

type Deadlined = Pick<
  Purchase,
  'state' | 'terms' | 'stateSince' | 'payment' | 'slot' | 'standstill' | 'stoodStillMs' | 'unfinished' | 'books'
>;

/** The deadline that runs for a purchase as it stands, by its terms; in a standstill one of those that do not wait. */
function deadlineColumns(purchase: Deadlined): Pick<Purchase, 'deadlineAt' | 'deadlineEvent'> {
  const { state, terms, stateSince, payment, slot, standstill, stoodStillMs, unfinished, books } = purchase;
  const none = { deadlineAt: null, deadlineEvent: null };
  if (standstill?.limitReached === true) return none;
  const heldSince = payment.returnedAt ?? payment.capturedAt;
  const deadline = deadlineOf(state, terms, {
    paused: standstill !== null,
    unfinished: unfinished !== null,
    enteredAtMs: stateSince.getTime(),
    stoodStillMs,
    captureBeforeMs: payment.captureBefore?.getTime(),
    // What the bank has, or what is disputed after its release, is held by nobody here.
    capturedAtMs: books.held > 0 ? heldSince?.getTime() : undefined,
    startsAtMs: slot?.startsAt.getTime(),
    endsAtMs: slot?.endsAt.getTime(),
  });
  return deadline === undefined ? none : { deadlineAt: new Date(deadline.atMs), deadlineEvent: deadline.event };
}

/** One ledger transaction for the moves of a step, and one of its own for Stripe's fee. */
async function postMoves(tx: Tx, key: StepKey, purchase: Purchase, change: StepChange): Promise<void> {
  const { cause, workflowId, causedBy } = key;
  const common = {
    source: `purchase/${purchase.id}`,
    ordinal: 1,
    purchaseId: purchase.id,
    cause,
    workflowId,
    causedBy,
  };
  const entries = (change.moves ?? []).flatMap(({ name, amount, reference = change.reference }): LedgerEntry[] => [
    entry(MOVES[name].debit, amount, reference),
    entry(MOVES[name].credit, -amount, reference),
  ]);
  const postings: Posting[] = [];
  if (entries.length > 0) postings.push({ ...common, step: key.step, currency: purchase.currency, entries });
  for (const { id, amount, currency } of change.disputeFees ?? []) {
    if (amount === 0) continue;
    const cost = [entry('disputeFees', amount, undefined), entry('stripeFeesPaid', -amount, change.reference)];
    // Each balance transaction costs once, whichever step learns of it.
    postings.push({ ...common, step: `disputeFee/${id}`, currency, entries: cost });
  }
  const { stripeFee } = change;
  if (stripeFee !== undefined && stripeFee.amount > 0) {
    const { amount, currency } = stripeFee;
    const charge = purchase.payment.chargeId ?? undefined;
    const fee = [entry('stripeFees', amount, charge), entry('stripeFeesPaid', -amount, charge)];
    // Under a key of its own: whichever step learns of the fee first posts it, and no other does again.
    postings.push({ ...common, step: 'stripeFee', currency, entries: fee });
  }
  await postAll(tx, postings);
}

/** An entry says which object of the provider it answers to where it is part of our balance there. */
function entry(account: LedgerAccount, amount: number, reference: string | undefined): LedgerEntry {
  return { account, amount, ...(reference !== undefined && isAtStripe(account) && { reference }) };
}

/** The audit entry and the event of a step. */
async function record(
  tx: Tx,
  key: StepKey,
  before: Purchase | undefined,
  after: Purchase,
  change: StepChange,
): Promise<void> {
  const stateChanged = before?.state !== after.state;
  const ofPause = newsOfPause(before, after);
  const ofBooking = newsOfBooking(before, after);
  const ofBank = (before?.chargeback ?? 'none') !== after.chargeback ? CHARGEBACK_CHANGED : undefined;
  await audit(tx, {
    subjectType: 'purchase',
    subjectId: after.id,
    actor: key.actor,
    action: `purchase.${stateChanged ? after.state : (ofPause ?? ofBooking ?? ofBank ?? 'updated')}`,
    change: {
      step: key.step,
      ...(key.event !== undefined && { event: key.event, atMs: key.atMs }),
      ...(before === undefined && { slot: after.slot }),
      ...(after.dispute !== null && after.dispute !== before?.dispute && { dispute: after.dispute }),
      ...(stateChanged && { from: before?.state ?? null, to: after.state }),
      ...(ofBooking !== undefined && !stateChanged && { slot: after.slot, proposal: after.proposal }),
      ...(ofPause !== undefined &&
        !stateChanged && { verified: key.actor.type !== 'unverified_staff', deadlineAt: after.deadlineAt }),
      ...(ofBank !== undefined && { chargeback: after.chargeback }),
      ...(before?.payment.status !== after.payment.status && { payment: after.payment.status }),
      ...(after.payment.problem !== null && { paymentProblem: after.payment.problem }),
      ...(before !== undefined &&
        before.transfer.status !== after.transfer.status && { transfer: after.transfer.status }),
      ...(before !== undefined &&
        (before.refund.id !== after.refund.id || before.refund.status !== after.refund.status) && {
          refund: after.refund.status,
        }),
      ...(change.moves !== undefined && change.moves.length > 0 && { moves: change.moves, currency: after.currency }),
    },
  });
  const event = { purchaseId: after.id, buyerId: after.buyerId, sellerId: after.sellerId, state: after.state };
  if (stateChanged) await emit(tx, { type: `purchase.${after.state}`, key: after.id, data: event });
  else if (ofPause !== undefined) await emit(tx, { type: `purchase.${ofPause}`, key: after.id, data: event });
  else if (ofBooking !== undefined) {
    const startsAt = (after.proposal ?? after.slot)?.startsAt.toISOString();
    const data = { ...event, startsAt, ...(after.proposal !== null && { proposedBy: after.proposal.by }) };
    await emit(tx, { type: `purchase.${ofBooking}`, key: after.id, data });
  }
  const refunded = after.books.refunded - (before?.books.refunded ?? 0);
  // One that has come back already, when it is noted, is nothing to tell: finance is asked.
  if (!stateChanged && before?.refund.id !== after.refund.id && refunded > 0) {
    const data = { ...event, amount: refunded, currency: after.currency };
    await emit(tx, { type: 'purchase.refunded_in_part', key: after.id, data });
  }
  if (ofBank !== undefined) {
    const data = { ...event, chargeback: after.chargeback };
    await emit(tx, { type: `purchase.${ofBank}`, key: after.id, data });
  }
  // What Wellpact's own balance does not cover is no matter of the seller's account.
  if (before?.transfer.status !== 'blocked' && after.transfer.status === 'blocked' && after.topUp === null) {
    await emit(tx, { type: 'purchase.transfer_blocked', key: after.id, data: event });
  }
}

const CHARGEBACK_CHANGED = 'chargeback_changed';

/** What happened to the pause of a purchase, or to its standstill. */
function newsOfPause(
  before: Purchase | undefined,
  { pause, standstill }: Purchase,
): 'money_paused' | 'money_resumed' | 'paused_at_hold_limit' | undefined {
  const was = before?.pause ?? null;
  if ((was === null) !== (pause === null)) return pause === null ? 'money_resumed' : 'money_paused';
  if (before?.standstill?.limitReached === true || standstill?.limitReached !== true) return undefined;
  return 'paused_at_hold_limit';
}

/** What happened to a booking that stays in its state. */
function newsOfBooking(
  before: Purchase | undefined,
  after: Purchase,
): 'rescheduled' | 'reschedule_proposed' | undefined {
  if (before?.slot?.startsAt.getTime() !== after.slot?.startsAt.getTime()) return 'rescheduled';
  return after.proposal !== null && after.proposal !== before?.proposal ? 'reschedule_proposed' : undefined;
}
