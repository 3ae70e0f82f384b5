/**
 * The steps about chargebacks. Each looks at Stripe's dispute itself: whoever told us of it told us only where to look. They
 * are the same for a purchase and for its aftercare, and taken in any state: what a bank did is a fact.
 */
import type { Actor } from '../contracts/actor.ts';
import type { PurchaseId } from '../contracts/ids.ts';
import type { Tx } from '../platform/database.ts';
import type { Dispute } from '../providers/payments.ts';
import { amendCase, type Case, closeCase, escalateCase, openCase, postponeCase } from '../services/cases/index.ts';
import { closeDispute } from '../services/disputes/index.ts';
import {
  acceptSteps,
  answerSteps,
  type ChargebackTimes,
  closedText,
  isAnswered,
  isLive,
  overlayOfOne,
  overlayOfStatus,
} from '../services/transactions/chargeback-rules.ts';
import {
  type ChargebackAnswer,
  type ChargebackEnd,
  type ChargebackOutcome,
  chargebacksOf,
  chargebackToSettle,
  commandStep,
  commitStep,
  giveBackReservation,
  giveUpEvidence,
  noteAnswer,
  noteChargeback,
  noteFunds,
  noteTopUpReversed,
  type Purchase,
  remindOfEvidence,
  type StepKey,
  settleChargeback,
  wasAccepted,
  wasAsked,
  wasSubmittedFor,
  wasTaken,
} from '../services/transactions/index.ts';
import { keepOwedCase } from './came-back.ts';
import { closeForUs, submitEvidence } from './chargeback-at-stripe.ts';
import { refusal } from './failures.ts';
import { makeOnce } from './once.ts';
import { freeReserved } from './purchase-settlement.ts';
import {
  type PurchaseDeps,
  type PurchaseStanding,
  purchaseToAct,
  standing,
  stepKey,
  stopped,
} from './purchase-steps.ts';
import { isRefusedForTheSeller } from './reversals.ts';

export interface ChargebackStep {
  readonly purchaseId: PurchaseId;
  readonly chargebackId: string;
  readonly actor: Actor;
  /** The workflow's time, milliseconds since 1970. */
  readonly atMs: number;
  /** The same for every repeat of an order of staff; nobody else gives any. Missing in histories of before. */
  readonly updateId?: string;
  /** What staff tell the bank besides the facts. */
  readonly statement?: string;
}

const STRIPE: Actor = { type: 'provider', id: 'stripe' };
const CLOCK: Actor = { type: 'system', id: 'clock' };

export function createChargebackActivities(deps: PurchaseDeps) {
  const { database, payments } = deps;
  return {
    /** Notes how a chargeback stands, and the money it moved. @throws ApplicationFailure OTHER_PAYMENT, CHARGEBACK_UNCLEAR */
    async noteChargeback(step: ChargebackStep): Promise<PurchaseStanding> {
      const seen = await payments.getDispute(step.chargebackId);
      const after = await note(deps, step, seen);
      // Stripe may tell of what the clock had it do before the clock comes to say so: then that never comes again.
      await claim(deps, { ...step, actor: CLOCK }, seen);
      return after;
    },

    /**
     * Submits the evidence, once: what was submitted before stays as it is. The clock that comes too late gives it up, and the
     * case of finance says so loudly; what Stripe refuses it before the time of the bank is over is a refusal. @throws ApplicationFailure NOT_ANSWERABLE to staff, and as {@link noteChargeback}
     */
    async answerChargeback(step: ChargebackStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, step);
      const before = await payments.getDispute(step.chargebackId);
      await refuseForeign(deps, step, purchase, before);
      const key = keyOf(step, answerSteps(before).atStripe);
      const answer = { ...answerIn(step, before), statement: step.statement, atMs: step.atMs };
      const after = isAnswered(before) ? before : await submitEvidence(deps, purchase, key, answer);
      const noted = await note(deps, step, after);
      const isOurs = await claim(deps, step, after);
      if (step.actor.type === 'staff' && !isOurs) throw refusal('NOT_ANSWERABLE', notAnswerable(after));
      if (after.submissions > 0 || !isLive(overlayOfStatus(after.status))) return noted;
      const late = { ...key, step: `${key.step}/late` };
      const given = await giveUpEvidence(database, late, before.id, timesOf(deps), (tx) =>
        escalateCase(tx, 'chargeback', purchase.id),
      );
      return standing(given);
    },

    /** Reminds finance and the seller that the evidence is submitted soon: once for an inquiry, and once for what it becomes. */
    async remindOfEvidence(step: ChargebackStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, step);
      const known = (await chargebacksOf(database, purchase.id)).find(({ id }) => id === step.chargebackId);
      if (known === undefined) return standing(purchase);
      const key = keyOf(step, `remindOfEvidence/${known.id}/${overlayOfStatus(known.status)}`);
      return standing(await remindOfEvidence(database, key, known.id, timesOf(deps)));
    },

    /**
     * Gives a chargeback up: the bank keeps what it took. One that is closed already stays as it is, and what has not moved as
     * the bank decided is waited for no longer. @throws ApplicationFailure CHARGEBACK_CLOSED when it was won in this moment
     */
    async acceptChargeback(step: ChargebackStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, step);
      const before = await payments.getDispute(step.chargebackId);
      await refuseForeign(deps, step, purchase, before);
      const key = keyOf(step, acceptSteps(before.id).atStripe);
      const asked = { id: before.id, purchaseId: purchase.id };
      if (!isLive(overlayOfStatus(before.status))) {
        const isOurs = before.status === 'lost' && (await wasAsked(database, asked));
        if (isOurs && !(await wasTaken(database, purchase.id, key.step))) {
          // We have asked for that ourselves, and did not come to say so: Stripe was heard first.
          await commitStep(database, key, () => ({}));
          return note(deps, step, before);
        }
        await note(deps, step, before);
        await refuseWon(deps, step);
        return acceptAsItStands(deps, step);
      }
      const after = await closeForUs(deps, purchase, key, asked);
      // The bank may have decided in this very moment, and for us: that is nothing to give up.
      if (after.status !== 'won') await commitStep(database, key, () => ({}));
      const noted = await note(deps, step, after);
      await refuseWon(deps, step);
      return noted;
    },

    /** The money of a chargeback that was decided should have moved by now: looks again, and tells finance when it has not. */
    async awaitFunds(step: ChargebackStep): Promise<PurchaseStanding> {
      const { chargebackId } = step;
      await note(deps, step, await payments.getDispute(chargebackId));
      const key = keyOf(step, `awaitFunds/${chargebackId}`);
      const overdue = { chargebackId, funds: 'overdue', ...timesOf(deps) } as const;
      const after = await noteFunds(database, key, overdue, async (tx, outcome) => {
        const { id: subjectId } = outcome.purchase;
        const about = { kind: 'chargeback', subjectType: 'purchase', subjectId } as const;
        const details = detailsOf(outcome);
        const opened = await openCase(tx, { ...about, dueAt: new Date(step.atMs), details });
        await amendCase(tx, opened, details);
        await escalateCase(tx, 'chargeback', subjectId);
      });
      return standing(after);
    },

    /**
     * Takes back what the seller was sent from Wellpact's own balance, before the chargeback is settled: what comes back so
     * repays the bank's part with the rest. A refused reversal is left to {@link settleChargeback}. @throws ApplicationFailure MONEY_PAUSED
     */
    async settleTopUp(step: ChargebackStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, step);
      const key = keyOf(step, `settleTopUp/${step.chargebackId}`);
      const recovery = await chargebackToSettle(database, purchase, step.chargebackId);
      const amount = recovery?.topUpReversal ?? 0;
      if (amount === 0) return standing(purchase);
      if (purchase.pause !== null) throw stopped(purchase, 'MONEY_PAUSED');
      const reversalId = await takeBack(deps, purchase, key, purchase.topUp?.id ?? null, amount);
      if (reversalId === undefined) return standing(purchase);
      return standing(await noteTopUpReversed(database, key, { amount, reversalId }));
    },

    /**
     * Settles a chargeback that the bank keeps after the release: the seller's part is taken back, and Wellpact gives its
     * commission on it. What Stripe does not get from the seller's balance, the seller owes. @throws ApplicationFailure MONEY_PAUSED
     */
    async settleChargeback(step: ChargebackStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, step);
      const key = keyOf(step, `settleChargeback/${step.chargebackId}`);
      const recovery = await chargebackToSettle(database, purchase, step.chargebackId);
      if (recovery === undefined) return standing(purchase);
      if (purchase.pause !== null) throw stopped(purchase, 'MONEY_PAUSED');
      const reversalId = await takeBack(deps, purchase, key, purchase.transfer.id, recovery.reversal);
      const settled = { chargebackId: step.chargebackId, recovery, reversalId, times: timesOf(deps) };
      const after = await settleChargeback(database, key, settled, async (tx, outcome) => {
        const { purchase: current } = outcome;
        await freeOvertaken(tx, outcome, step);
        if (current.transfer.status !== 'blocked') {
          await closeCase(tx, 'transfer_blocked', current.id, { decision: 'resolved', actor: STRIPE });
        }
        if (recovery.fromOwed > 0) await keepOwedCase(tx, current, STRIPE);
        if (recovery.loss > 0) await reportRemainder(deps, tx, current, step, { loss: recovery.loss });
      });
      return standing(after);
    },
  };
}

const keyOf = (step: ChargebackStep, name: string): StepKey & { readonly from: 'any' } => ({
  ...stepKey({ ...step, ...(step.updateId !== undefined && { causedBy: commandStep(step.updateId) }) }, name),
  from: 'any',
});

/** Finance waits no longer for money that has not moved as the bank decided: what has moved counts. */
async function acceptAsItStands(deps: PurchaseDeps, step: ChargebackStep): Promise<PurchaseStanding> {
  const { chargebackId } = step;
  const key = keyOf(step, acceptSteps(chargebackId).asItStands);
  const accepted = { chargebackId, funds: 'accepted', ...timesOf(deps) } as const;
  const after = await noteFunds(deps.database, key, accepted, (tx, outcome) => keepCase(deps, tx, step, outcome));
  return standing(after);
}

/** What we won, whole, nobody has given up: unlike what was lost, it cannot be what an earlier try of this step has done. */
async function refuseWon({ database }: PurchaseDeps, { purchaseId, chargebackId }: ChargebackStep): Promise<void> {
  const one = (await chargebacksOf(database, purchaseId)).find(({ id }) => id === chargebackId);
  if (one === undefined || one.status !== 'won' || isLive(overlayOfOne(one))) return;
  if (!(await wasAccepted(database, one)))
    throw refusal('CHARGEBACK_CLOSED', closedText(one), { chargeback: one.status });
}

/** A dispute says which payment it is about: what anybody tells us of it cannot bring it to another purchase. */
function refuseOtherPayment({ id, payment }: Purchase, { paymentId }: Dispute): void {
  if (paymentId === null || paymentId !== payment.intentId) {
    throw refusal('OTHER_PAYMENT', `This dispute is not about the payment of ${id}.`);
  }
}

/** What cannot be booked to the minor unit is booked by nobody: finance have a case. @throws as {@link noteChargeback} */
async function refuseForeign(
  { database, policy }: PurchaseDeps,
  { atMs }: ChargebackStep,
  purchase: Purchase,
  dispute: Dispute,
): Promise<void> {
  refuseOtherPayment(purchase, dispute);
  const { id: subjectId, currency } = purchase;
  if (dispute.currency === currency && !dispute.hasUnclearPart) return;
  const details = { chargebackId: dispute.id, amount: dispute.amount, currency: dispute.currency, expected: currency };
  const dueAt = new Date(atMs + policy.transferCaseDue);
  await database.transaction((tx) =>
    openCase(tx, { kind: 'chargeback_unclear', subjectType: 'purchase', subjectId, dueAt, details }),
  );
  throw refusal('CHARGEBACK_UNCLEAR', `The money of ${dispute.id} moved in another currency than ${subjectId} is in.`);
}

/** The answer that a step has submitted, if it has. */
const answerIn = (
  { purchaseId, actor, updateId }: Pick<ChargebackStep, 'purchaseId' | 'actor' | 'updateId'>,
  { id, status }: Dispute,
): ChargebackAnswer => ({
  id,
  status,
  purchaseId,
  order: actor.type === 'staff' ? `order/${updateId ?? ''}` : undefined,
});

/** Notes that it was answered by us, if it was for who takes the step. @returns whether it was */
async function claim({ database }: PurchaseDeps, step: ChargebackStep, dispute: Dispute): Promise<boolean> {
  if (dispute.submissions === 0 || !(await wasSubmittedFor(database, answerIn(step, dispute)))) return false;
  await noteAnswer(database, keyOf(step, answerSteps(dispute).atStripe), dispute.id);
  return true;
}

/** When evidence is submitted by itself, when that is reminded of, and how long decided money is waited for. */
const timesOf = ({ policy }: PurchaseDeps): ChargebackTimes => ({
  bufferMs: policy.chargebackEvidenceBuffer,
  reminderMs: policy.chargebackEvidenceReminder,
  fundsMs: policy.chargebackFunds,
});

/** Notes what Stripe shows, with the case of finance that goes with it. */
async function note(deps: PurchaseDeps, step: ChargebackStep, dispute: Dispute): Promise<PurchaseStanding> {
  const { database } = deps;
  await refuseForeign(deps, step, await purchaseToAct(database, step), dispute);
  const { purchaseId, atMs } = step;
  const key = stepKey({ purchaseId, actor: STRIPE, atMs }, 'noteChargeback');
  const after = await noteChargeback(database, key, dispute, timesOf(deps), (tx, outcome) =>
    keepCase(deps, tx, step, outcome),
  );
  return standing(after);
}

/** Finance has a case as long as a chargeback goes on: until the bank takes no more evidence, then until all is decided. */
async function keepCase(deps: PurchaseDeps, tx: Tx, step: ChargebackStep, outcome: ChargebackOutcome): Promise<void> {
  const { purchase, allClosed, suspenseMoved } = outcome;
  const { id, chargebackSheet: sheet, pause } = purchase;
  const { atMs } = step;
  await freeOvertaken(tx, outcome, step);
  if (suspenseMoved) await reportRemainder(deps, tx, purchase, step, { returned: purchase.books.suspense });
  if (allClosed) {
    await closeCase(tx, 'chargeback', id, { decision: 'resolved', actor: STRIPE });
    if (pause === null) await closeCase(tx, 'hold_limit', id, { decision: 'resolved', actor: STRIPE });
    return;
  }
  const awaitsUntilMs = [sheet?.next, ...(sheet?.more ?? [])].find((work) => work?.what === 'awaitFunds')?.atMs;
  const dueAt = new Date(sheet?.dueMs ?? awaitsUntilMs ?? atMs + deps.policy.chargebackDecision);
  const details = detailsOf(outcome);
  const opened = await openCase(tx, { kind: 'chargeback', subjectType: 'purchase', subjectId: id, dueAt, details });
  // Another one has come to it, one of several is over, or its money has come.
  await amendCase(tx, opened, details);
  await postponeCase(tx, 'chargeback', id, dueAt);
}

/** What a case about chargebacks says. */
const detailsOf = ({ purchase: { chargebackSheet, currency }, overdue }: ChargebackOutcome): Case['details'] => ({
  amount: chargebackSheet?.amount ?? 0,
  currency,
  ...overdue,
});

/** What was kept for an end that does not come any more is free: the bank has decided instead, or taken what it was to come from. */
async function freeOvertaken(
  tx: Tx,
  { purchase, moved, row, overtaken }: ChargebackEnd,
  { atMs }: ChargebackStep,
): Promise<void> {
  if (overtaken !== null) {
    await closeDispute(tx, overtaken.id, STRIPE, atMs, { refund: overtaken.gross, by: 'chargeback' });
  }
  if (row !== undefined) await freeReserved(tx, row, purchase);
  // A release that was begun, and lost or refused, has set something aside for a debt: the next one sets it aside anew.
  const isSetAside = (purchase.recovers ?? 0) > purchase.books.recovered;
  if (isSetAside && (moved || row !== undefined)) await giveBackReservation(tx, purchase);
}

/** Money that no rule gives to anybody, or takes from anybody: finance decides. */
async function reportRemainder(
  { policy }: PurchaseDeps,
  tx: Tx,
  { id, currency }: Purchase,
  { chargebackId, atMs }: ChargebackStep,
  what: { readonly loss: number } | { readonly returned: number },
): Promise<void> {
  const dueAt = new Date(atMs + policy.transferCaseDue);
  const about = { kind: 'chargeback_remainder', subjectType: 'purchase', subjectId: id } as const;
  const opened = await openCase(tx, { ...about, dueAt, details: { chargebackId, currency } });
  const before = opened.details;
  await amendCase(tx, opened, {
    ...before,
    chargebackId,
    ...('loss' in what ? lossesWith(before, chargebackId, what.loss) : what),
  });
}

/** Each chargeback has a loss of its own, and together they are what is lost; what came back is told as all that lies there. */
function lossesWith({ losses = {} }: Case['details'], chargebackId: string, loss: number): Case['details'] {
  const all = { ...(losses as Readonly<Record<string, number>>), [chargebackId]: loss };
  return { losses: all, loss: Object.values(all).reduce((sum, one) => sum + one, 0) };
}

const notAnswerable = ({ status }: Dispute): string =>
  `The bank takes no evidence about it any more: at Stripe it is ${status.replaceAll('_', ' ')}.`;

/** Takes the seller's part back from their balance. @returns the reversal; undefined when nothing is to be had there */
async function takeBack(
  { database, payments }: PurchaseDeps,
  purchase: Purchase,
  key: StepKey,
  transferId: string | null,
  amount: number,
): Promise<string | undefined> {
  if (amount === 0 || transferId === null) return undefined;
  const ref = { purchaseId: purchase.id, step: key.step, transferId };
  try {
    const made = await makeOnce(database, purchase, key, {
      amount,
      make: (idempotencyKey) => payments.reverseTransfer({ ...ref, amount }, idempotencyKey),
      find: () => payments.findReversal(ref),
    });
    return made.id;
  } catch (error) {
    if (isRefusedForTheSeller(error)) return undefined;
    throw error;
  }
}
