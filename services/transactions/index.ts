/** The face of the transactions service: opening a purchase, taking its steps, reading it. */

import type { PurchaseId } from '../../contracts/ids.ts';
import type { PurchaseState } from '../../contracts/purchase.ts';
import type { Actor } from '../../platform/audit.ts';
import { audit } from '../../platform/audit.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { emit } from '../../platform/outbox.ts';
import { type LedgerEntry, post } from './ledger.ts';
import { applyMoves, MOVES, type Move } from './money.ts';
import { deadlineOf } from './rules.ts';
import {
  insertPurchase,
  lockPurchase,
  type PaymentRecord,
  type Purchase,
  type TransferRecord,
  takeStep,
  updatePurchase,
} from './store.ts';

export { type Explanation, explain } from './explain.ts';
export { type Posting, PostingConflict, post, purchaseBalances } from './ledger.ts';
export { loadPolicy, type Policy } from './policy.ts';
export {
  findPurchase,
  findPurchaseOfIntent,
  listPurchases,
  overduePurchases,
  type Purchase,
  type Side,
} from './store.ts';
export { type TimelineEntry, timelineOf } from './timeline.ts';

/** The step of a workflow, as it is named in the ledger, in the audit trail and towards the providers. */
export interface StepKey {
  readonly purchaseId: PurchaseId;
  /** Unique within the purchase: `capturePayment`. */
  readonly step: string;
  /** The state from which the step is taken; undefined for the one that opens the purchase. */
  readonly from: PurchaseState | undefined;
  readonly actor: Actor;
  /** The workflow run that takes the step. */
  readonly cause: string;
  /** The workflow's time when it decided on the step, milliseconds since 1970: deadlines are counted from it. */
  readonly atMs: number;
}

/** What a step changes. What is left out stays as it is. */
export interface StepChange {
  readonly to?: PurchaseState;
  readonly moves?: readonly Move[];
  readonly payment?: Partial<PaymentRecord>;
  readonly transfer?: Partial<TransferRecord>;
  /** What Stripe kept for the payment, when it is known: minor units, in the currency of our balance. */
  readonly stripeFee?: { readonly amount: number; readonly currency: string };
}

/**
 * Takes one step of a purchase: row, ledger, audit entry and event in one transaction, once. A repeated step changes
 * nothing and answers with the purchase as it stands; so does one that comes when the purchase is elsewhere by now, as a
 * try that was given up but went on all the same.
 * @param decide what the step changes, given the purchase as it is now; called with the row locked
 * @param also what changes in other services together with it
 * @throws Error when there is no such purchase
 */
export async function commitStep(
  db: Database,
  key: StepKey,
  decide: (purchase: Purchase) => StepChange,
  also: (tx: Tx, purchase: Purchase) => Promise<void> = async () => {},
): Promise<Purchase> {
  return db.transaction(async (tx) => {
    const before = await lockPurchase(tx, key.purchaseId);
    if (before === undefined) throw new Error(`there is no purchase ${key.purchaseId}`);
    if (before.state !== key.from || !(await takeStep(tx, key.purchaseId, key.step))) return before;
    const change = decide(before);
    const after = changed(before, change, key.atMs);
    await updatePurchase(tx, after);
    await postMoves(tx, key, after, change);
    await also(tx, after);
    await record(tx, key, before, after, change);
    return after;
  });
}

/**
 * Opens a purchase, once: its row, audit entry and event, in the transaction that reserved what is bought.
 * @returns the purchase, also when it was opened before
 */
export async function openPurchase(tx: Tx, key: StepKey, purchase: Purchase): Promise<Purchase> {
  if (!(await insertPurchase(tx, purchase))) throw new Error(`the purchase ${purchase.id} exists already`);
  await takeStep(tx, purchase.id, key.step);
  await record(tx, key, undefined, purchase, {});
  return purchase;
}

function changed(before: Purchase, change: StepChange, atMs: number): Purchase {
  const at = new Date(atMs);
  const moved: Purchase = {
    ...before,
    payment: { ...before.payment, ...change.payment },
    transfer: { ...before.transfer, ...change.transfer },
    books: applyMoves(before.books, change.moves ?? []),
    updatedAt: at,
  };
  if (change.to === undefined || change.to === before.state) return moved;
  const deadlineMs = deadlineOf(change.to, before.terms, {
    enteredAtMs: atMs,
    captureBeforeMs: moved.payment.captureBefore?.getTime(),
  });
  return {
    ...moved,
    state: change.to,
    stateSince: at,
    deadlineAt: deadlineMs === undefined ? null : new Date(deadlineMs),
  };
}

/** One ledger transaction for the moves of a step, and one of its own for Stripe's fee. */
async function postMoves(tx: Tx, key: StepKey, purchase: Purchase, change: StepChange): Promise<void> {
  const common = {
    source: `purchase/${purchase.id}`,
    step: key.step,
    currency: purchase.currency,
    cause: key.cause,
  };
  const entries = (change.moves ?? []).flatMap(({ name, amount }): LedgerEntry[] => [
    { account: MOVES[name].debit, amount },
    { account: MOVES[name].credit, amount: -amount },
  ]);
  if (entries.length > 0) await post(tx, { ...common, ordinal: 1, purchaseId: purchase.id, entries });
  const { stripeFee } = change;
  if (stripeFee === undefined || stripeFee.amount <= 0) return;
  const fee: LedgerEntry[] = [
    { account: 'stripeFees', amount: stripeFee.amount },
    { account: 'stripeFeesPaid', amount: -stripeFee.amount },
  ];
  // Under a key of its own: whichever step learns of the fee first posts it, and no other does again.
  const { currency } = stripeFee;
  await post(tx, { ...common, currency, step: 'stripeFee', ordinal: 1, purchaseId: purchase.id, entries: fee });
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
  await audit(tx, {
    subjectType: 'purchase',
    subjectId: after.id,
    actor: key.actor,
    action: stateChanged ? `purchase.${after.state}` : 'purchase.updated',
    change: {
      step: key.step,
      ...(stateChanged && { from: before?.state ?? null, to: after.state }),
      ...(before?.payment.status !== after.payment.status && { payment: after.payment.status }),
      ...(after.payment.problem !== null && { paymentProblem: after.payment.problem }),
      ...(before !== undefined &&
        before.transfer.status !== after.transfer.status && { transfer: after.transfer.status }),
      ...(change.moves !== undefined && change.moves.length > 0 && { moves: change.moves, currency: after.currency }),
    },
  });
  if (!stateChanged) return;
  await emit(tx, {
    type: `purchase.${after.state}`,
    key: after.id,
    data: { purchaseId: after.id, buyerId: after.buyerId, sellerId: after.sellerId, state: after.state },
  });
}
