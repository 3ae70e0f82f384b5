/**
 * Sending the seller's part: what Stripe refused to send is tried again, and what the buyer's charge does not cover of a
 * discounted purchase comes from Wellpact's own balance, by a transfer and a reversal of its own.
 */
import type { Tx } from '../platform/database.ts';
import { ProviderError } from '../providers/provider-error.ts';
import { amendCase, closeCase, openCase, postponeCase } from '../services/cases/index.ts';
import { isOthers } from '../services/transactions/begun-rules.ts';
import { transferMoves } from '../services/transactions/discount-rules.ts';
import {
  commitStep,
  isTopUpDue,
  type Purchase,
  type StepChange,
  type StepKey,
  takeFromReceivables,
} from '../services/transactions/index.ts';
import { type Move, nonZero } from '../services/transactions/money.ts';
import { payoutAccountOf } from '../services/users/index.ts';
import { makeOnce } from './once.ts';
import {
  type PurchaseDeps,
  type PurchaseStanding,
  type PurchaseStep,
  purchaseToAct,
  refuseStopped,
  standing,
  standingWithout,
  stepKey,
} from './purchase-steps.ts';

export function createTransferActivities(deps: PurchaseDeps) {
  const { database } = deps;
  return {
    /** Sends what a refused transfer left payable, now that the seller's account, or Wellpact's balance, may have been mended. */
    async retryTransfer(step: PurchaseStep): Promise<PurchaseStanding> {
      const key = sendingKey(step, 'releaseToSeller', 'transfer');
      const purchase = await purchaseToAct(database, key);
      // What is payable in the middle of a refund was taken back for the buyer.
      if (purchase.state !== step.from || isSomethingElse(purchase, key)) return standing(purchase);
      if (purchase.transfer.status !== 'blocked') return standingWithout(database, purchase, key);
      refuseStopped(purchase, 'releaseToSeller');
      const sending = purchase.topUp === null ? key : sendingKey(step, TOP_UP, 'transfer');
      const { books } = await recoverFromPayable(deps, purchase, sending);
      if (purchase.topUp !== null) return topUp(deps, purchase, step, sending, books.payable);
      const moves = transferMoves(books, books.payable, 0).filter(({ name }) => name === 'transfer');
      const transfer = await sendToSeller(deps, purchase, key, moves[0]?.amount ?? 0);
      if (transfer.status === 'blocked') {
        await reportBlocked(deps, purchase, step);
        // What was begun is over with the refusal.
        return standing(await purchaseToAct(database, key));
      }
      const sent = { ...key, step: 'retryTransfer' };
      const after = await commitStep(
        database,
        sent,
        () => ({ transfer, moves, reference: transfer.id, unfinished: null }),
        (tx) => closeBlocked(tx, sent),
      );
      return standing(after);
    },

    /**
     * Sends what the buyer's charge does not cover of the seller's part, from Wellpact's own balance. What that does not cover
     * either stays payable, and is tried again; finance, whose balance it is, have a case at once.
     */
    async topUpSeller(step: PurchaseStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, step);
      const key = sendingKey(step, TOP_UP, 'topUp');
      if (purchase.state !== step.from || isSomethingElse(purchase, key)) return standing(purchase);
      if (!isTopUpDue({ ...purchase, unfinished: null })) return standingWithout(database, purchase, key);
      refuseStopped(purchase, 'releaseToSeller');
      return topUp(deps, purchase, step, key, purchase.books.payable);
    },
  };
}

/** What is sent belongs to no row: it is begun all the same, before Stripe is asked. */
function sendingKey(step: PurchaseStep, name: string, sends: 'transfer' | 'topUp'): StepKey {
  const { event, actor, atMs } = step;
  return { ...stepKey(step, name), begun: { event, actor, atMs, sends } };
}

const isSomethingElse = ({ unfinished }: Purchase, { begun }: StepKey): boolean =>
  begun !== undefined && isOthers(unfinished, begun);

async function topUp(
  deps: PurchaseDeps,
  purchase: Purchase,
  step: PurchaseStep,
  key: StepKey,
  amount: number,
): Promise<PurchaseStanding> {
  const { status, id } = await sendToSeller(deps, purchase, key, amount, null);
  const moves: Move[] = nonZero([{ name: 'topUp', amount }]);
  const change: StepChange =
    status === 'sent'
      ? { transfer: { status }, topUp: { id: id ?? null, amount }, moves, reference: id, unfinished: null }
      : { transfer: { status }, topUp: { id: null, amount: 0 } };
  const taken = status === 'sent' ? key : { ...key, step: 'topUp/refused' };
  const after = await commitStep(
    deps.database,
    taken,
    () => change,
    (tx) => (status === 'sent' ? closeBlocked(tx, taken) : askForBalance(deps, tx, purchase, step, amount)),
  );
  // Refused once more: what is told with time is told as of any blocked transfer.
  if (after.transfer.status === 'blocked') await reportBlocked(deps, after, step);
  return standing(after);
}

/** Wellpact's own balance is a matter of finance, and of now. */
function askForBalance(
  { policy }: PurchaseDeps,
  tx: Tx,
  { id, currency }: Purchase,
  { atMs }: PurchaseStep,
  amount: number,
): Promise<unknown> {
  const dueAt = new Date(atMs + policy.transferCaseDue);
  const details = { amount, currency, from: 'own_balance' };
  return openCase(tx, { kind: 'transfer_blocked', subjectType: 'purchase', subjectId: id, dueAt, details });
}

/**
 * What the seller has come to owe since the release is kept of what could not be sent: once for each refusal, so that Stripe,
 * asked again before it has answered, hears the same amount.
 * @param key of what is sent then
 */
async function recoverFromPayable({ database }: PurchaseDeps, purchase: Purchase, key: StepKey): Promise<Purchase> {
  const refusals = purchase.keyEpochs[key.step]?.refusals ?? 0;
  // Each of the two transfers counts its own refusals.
  const step = key.step === TOP_UP ? `recover/${TOP_UP}/${refusals}` : `recover/${refusals}`;
  return commitStep(database, { ...key, step }, async (current, tx) => {
    const amount = await takeFromReceivables(tx, purchase, current.books.payable);
    return amount === 0 ? undefined : { moves: [{ name: 'recover', amount }] };
  });
}

const TOP_UP = 'topUp';

/**
 * A transfer that was refused for too long becomes a case, for finance to speak with the seller; at the hold limit at the
 * latest, and then it is due soon.
 */
async function reportBlocked(
  { database, policy }: PurchaseDeps,
  { id, stateSince, terms, books, currency, payment }: Purchase,
  { atMs }: PurchaseStep,
): Promise<void> {
  const caseFromMs = stateSince.getTime() + (terms.transferCaseMs ?? policy.transferCase);
  const capturedAtMs = payment.capturedAt?.getTime() ?? Number.POSITIVE_INFINITY;
  const limitMs = capturedAtMs + (terms.holdLimitMs ?? Number.POSITIVE_INFINITY);
  if (atMs < Math.min(caseFromMs, limitMs)) return;
  const about = { kind: 'transfer_blocked', subjectType: 'purchase', subjectId: id } as const;
  const details = { amount: books.payable, currency };
  await database.transaction(async (tx) => {
    const dueAt = new Date(caseFromMs + policy.transferCaseDue);
    const opened = await openCase(tx, { ...about, dueAt, details });
    if (atMs < limitMs) return;
    // From now on Stripe's own limit is near: finance have as long for it as for money that staff have paused.
    await amendCase(tx, opened, { ...details, heldUntil: new Date(limitMs).toISOString() });
    await postponeCase(tx, about.kind, id, new Date(limitMs + policy.holdLimitCaseDue));
  });
}

export const closeBlocked = (tx: Tx, { purchaseId, actor }: StepKey): Promise<unknown> =>
  closeCase(tx, 'transfer_blocked', purchaseId, { decision: 'resolved', actor });

/**
 * Transfers to the seller; zero is not transferred at all.
 * @param sourceCharge the charge that it comes from, that of the purchase unless told; null for Wellpact's own balance
 */
export async function sendToSeller(
  { database, payments }: PurchaseDeps,
  purchase: Purchase,
  key: StepKey,
  amount: number,
  sourceCharge: string | null | undefined = purchase.payment.chargeId ?? undefined,
): Promise<{ readonly status: 'sent' | 'blocked'; readonly id?: string }> {
  if (amount === 0) return { status: 'sent' };
  const destination = await payoutAccountOf(database, purchase.sellerId);
  if (destination === undefined || sourceCharge === undefined) return { status: 'blocked' };
  const ref = { purchaseId: purchase.id, step: key.step };
  try {
    const { id } = await makeOnce(database, purchase, key, {
      amount,
      make: (idempotencyKey) =>
        payments.transfer({ ...ref, amount, currency: purchase.currency, destination, sourceCharge }, idempotencyKey),
      find: () => payments.findTransfer(ref),
    });
    return { status: 'sent', id };
  } catch (error) {
    if (error instanceof ProviderError && (error.kind === 'refused' || error.kind === 'not_found')) {
      return { status: 'blocked' };
    }
    throw error;
  }
}
