/**
 * The steps that settle a purchase: money goes back to the buyer, to the seller, or back from the seller. A row of the
 * table can take several of them; each carries out its share of the row's moves, and the one that leaves nothing to do
 * completes the row. Until then the purchase is marked as unfinished, and nothing else happens to it.
 */
import type { Tx } from '../platform/database.ts';
import type { Made } from '../providers/payments.ts';
import { ProviderError } from '../providers/provider-error.ts';
import { giveBackUse } from '../services/discounts/index.ts';
import { closeDispute } from '../services/disputes/index.ts';
import { releaseSlot, releaseStock } from '../services/marketplace/index.ts';
import {
  commandStep,
  commitStep,
  giveBackReservation,
  insertReceivable,
  MAX_REFUNDS,
  type OpenDispute,
  type Purchase,
  REFUND_STEP,
  refundsOf,
  reserveRecovery,
  type StepChange,
  type StepKey,
  takeStep,
  type Unfinished,
  unblocked,
  wasTaken,
  writeStaffWords,
} from '../services/transactions/index.ts';
import { applyMoves, MOVES, type Move } from '../services/transactions/money.ts';
import type { Plan } from '../services/transactions/plan-rules.ts';
import { stopText } from '../services/transactions/rules.ts';
import { backMoves, noteMade } from './came-back.ts';
import { refusal } from './failures.ts';
import { makeOnce } from './once.ts';
import {
  begunBy,
  intentOf,
  isOvertaken,
  type PurchaseDeps,
  type PurchaseStanding,
  type PurchaseStep,
  planOf,
  purchaseToAct,
  refuseStopped,
  rowKey,
  standing,
  standingWithout,
} from './purchase-steps.ts';
import { closeBlocked, sendToSeller } from './purchase-transfers.ts';
import { isRefusedForTheSeller } from './reversals.ts';

export function createSettlementActivities(deps: PurchaseDeps) {
  const { database, payments } = deps;
  return {
    /** Refunds the buyer's share of the row. */
    async refundBuyer(step: PurchaseStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, step);
      const key = rowKey(step, partOf(purchase, step, REFUND_STEP));
      if (isOvertaken(purchase, step)) return standing(purchase);
      if (await isDone(deps, purchase, step, key)) return standingWithout(database, purchase, key);
      const plan = planOf(purchase, step);
      refuseStopped(purchase, 'refundBuyer', plan.row);
      await refuseTooMany(deps, step);
      const shares = plan.moves.filter(isRefund);
      // What went back before has its other parts to come; where there are none, there is nothing to go back any more.
      if (shares.length === 0) return plan.moves.length > 0 ? standing(purchase) : giveUpBegun(deps, key, purchase);
      const amount = total(shares.filter(isBuyers));
      // Of a part so small nothing may be the buyer's: then it is the discount's alone.
      if (amount === 0) return carryOut(deps, key, step, isRefund, (current) => unblockedBy(current, step));
      const ref = { purchaseId: purchase.id, step: key.step, paymentId: intentOf(purchase) };
      const refund = await unlessDisputed(() =>
        makeOnce(database, purchase, key, {
          amount,
          make: (idempotencyKey) => payments.refund({ ...ref, amount }, idempotencyKey),
          find: () => payments.findRefund(ref),
        }),
      );
      const noted = { step: key.step, providerId: refund.id, amount, status: refund.status, at: new Date(step.atMs) };
      const note = (tx: Tx, current: Purchase): Promise<void> => noteMade(tx, deps, current, noted);
      const change = (current: Purchase): StepChange => ({
        refund: { id: refund.id, status: refund.status },
        moves: backMoves(refund, amount),
        reference: refund.id,
        ...unblockedBy(current, step),
      });
      return carryOut(deps, key, step, isRefund, change, note);
    },

    /**
     * Takes back from the seller what they were sent. When nothing is to be had from them, nothing is taken, and the
     * next part advances it: the buyer's refund does not wait for the seller.
     */
    reverseTransfer: (step: PurchaseStep): Promise<PurchaseStanding> => takeBackFromSeller(deps, step, BY_CHARGE),

    /** The same of what came from Wellpact's own balance: it comes first, and is often enough. */
    reverseTopUp: (step: PurchaseStep): Promise<PurchaseStanding> => takeBackFromSeller(deps, step, BY_TOP_UP),

    /**
     * Releases the seller's share of the row, keeps what they owe of it, and sends the rest. A refused transfer leaves it
     * payable.
     */
    async releaseToSeller(step: PurchaseStep): Promise<PurchaseStanding> {
      const key = rowKey(step, 'releaseToSeller');
      const purchase = await purchaseToAct(database, key);
      if (isOvertaken(purchase, step)) return standing(purchase);
      const plan = planOf(purchase, step);
      refuseStopped(purchase, 'releaseToSeller', plan.row);
      const { moves } = plan;
      // A dispute after the release that leaves the seller everything moves nothing.
      if (moves.length === 0) {
        return carryOut(deps, rowKey(step, partOf(purchase, step, 'moveNothing')), step, isRelease, () => ({}));
      }
      const most = total(moves.filter((move) => isTransfer(move) || isTopUp(move) || isRecovery(move)));
      const recovers = await reserveRecovery(database, purchase.id, step.from, most);
      const sent = planOf({ ...purchase, recovers }, step).moves.filter(isTransfer);
      const transfer = await sendToSeller(deps, purchase, key, total(sent));
      return carryOut(deps, key, step, transfer.status === 'blocked' ? isReleaseOnly : isRelease, () => ({
        transfer,
        reference: transfer.id,
      }));
    },
  };
}

/** One of the two transfers of a purchase, as it is taken back. */
interface Reversible {
  readonly step: 'reverseTransfer' | 'reverseTopUp';
  readonly idOf: (purchase: Purchase) => string | null;
  /** What it changes about the purchase that so much was taken back. */
  readonly change: (purchase: Purchase, amount: number) => StepChange;
}

const BY_CHARGE: Reversible = {
  step: 'reverseTransfer',
  idOf: ({ transfer }) => transfer.id,
  change: ({ books, transfer }, amount) => ({
    transfer: { status: amount === books.transferred ? 'reversed' : transfer.status },
  }),
};

const BY_TOP_UP: Reversible = {
  step: 'reverseTopUp',
  idOf: ({ topUp }) => topUp?.id ?? null,
  change: ({ topUp }, amount) => (topUp === null ? {} : { topUp: { ...topUp, amount: topUp.amount - amount } }),
};

async function takeBackFromSeller(
  deps: PurchaseDeps,
  step: PurchaseStep,
  { step: name, idOf, change }: Reversible,
): Promise<PurchaseStanding> {
  const { database, payments } = deps;
  const purchase = await purchaseToAct(database, step);
  const first = rowKey(step, partOf(purchase, step, name));
  if (isOvertaken(purchase, step)) return standing(purchase);
  const last = rowKey(step, partOf(purchase, step, REFUND_STEP));
  if (await isDone(deps, purchase, step, last)) return standingWithout(database, purchase, last);
  const plan = planOf(purchase, step);
  refuseStopped(purchase, 'refundReleased', plan.row);
  await refuseTooMany(deps, step);
  const isShare: Share = (move) => move.name === name;
  const amount = total(plan.moves.filter(isShare));
  const transferId = idOf(purchase);
  if (amount === 0 || transferId === null) return standing(purchase);
  // A chargeback that was settled meanwhile has used what came back first: what is missing again is another reversal.
  const isAnother = await wasTaken(database, purchase.id, first.step);
  const key = isAnother ? { ...first, step: `${first.step}/${purchase.books.transferred}` } : first;
  const ref = { purchaseId: purchase.id, step: key.step, transferId };
  let reversal: Made;
  try {
    reversal = await makeOnce(database, purchase, key, {
      amount,
      make: (idempotencyKey) => payments.reverseTransfer({ ...ref, amount }, idempotencyKey),
      find: () => payments.findReversal(ref),
    });
  } catch (error) {
    if (!isRefusedForTheSeller(error)) throw error;
    return noteRefusedReversal(deps, key, step);
  }
  return carryOut(deps, key, step, isShare, (current) => ({ ...change(current, amount), reference: reversal.id }));
}

/**
 * The name of a step that can be taken more than once, since a party can ask for it again, or a dispute can come after it:
 * that of the command, or of the dispute, is in it.
 */
function partOf({ state, dispute }: Purchase, { event, from, command }: PurchaseStep, name: string): string {
  if (state === 'disputed' && dispute !== null) return `${name}/dispute/${dispute.n}`;
  return event === 'refund_in_part' || from === 'released' ? `${name}/${command?.id ?? event}` : name;
}

/**
 * Whether it was gone through with before: a row that stays in its state, to its last part; or a command that was lost with its
 * worker, gone through with by whoever came next, and then sent again. What it asks for is read by what was left then, and now.
 */
async function isDone(
  { database }: PurchaseDeps,
  { id, unfinished }: Purchase,
  { event, command }: PurchaseStep,
  refund: StepKey,
): Promise<boolean> {
  if (event === 'refund_in_part' && (await wasTaken(database, id, refund.step))) return true;
  return unfinished === null && command !== undefined && wasTaken(database, id, commandStep(command.id));
}

/** @throws ApplicationFailure TOO_MANY_REFUNDS: the last one that is left is for all of the rest */
async function refuseTooMany({ database }: PurchaseDeps, { event, purchaseId }: PurchaseStep): Promise<void> {
  if (event !== 'refund_in_part') return;
  const made = (await refundsOf(database, [purchaseId])).get(purchaseId)?.length ?? 0;
  if (made < MAX_REFUNDS - 1) return;
  throw refusal(
    'TOO_MANY_REFUNDS',
    `A purchase is refunded in ${MAX_REFUNDS} parts at the most. Refund all that is left.`,
  );
}

/** Why staff want it stands with their other words, once, from the first part that is taken on. */
async function keepReason(tx: Tx, { purchaseId, actor, atMs, command }: PurchaseStep): Promise<void> {
  if (command?.reason === undefined || !(await takeStep(tx, purchaseId, `reason/${command.id}`))) return;
  await writeStaffWords(tx, purchaseId, { kind: 'refund', words: command.reason, actor, atMs });
}

/** The bank was faster, and we have not heard of it yet. @throws ApplicationFailure CHARGEBACK_OPEN */
async function unlessDisputed<T>(refund: () => Promise<T>): Promise<T> {
  try {
    return await refund();
  } catch (error) {
    if (!(error instanceof ProviderError) || error.code !== 'charge_disputed') throw error;
    throw refusal('CHARGEBACK_OPEN', stopText('CHARGEBACK_OPEN', 'open', null));
  }
}

/** Stripe refused to take the transfer back, so Wellpact refunds in the seller's place: noted before money moves. */
async function noteRefusedReversal(
  { database }: PurchaseDeps,
  key: StepKey,
  step: PurchaseStep,
): Promise<PurchaseStanding> {
  const noted = { ...key, step: `${key.step}/refused` };
  const unfinished = { ...begunBy(step), reversalRefused: true } as const;
  return standing(
    await commitStep(
      database,
      noted,
      () => ({ unfinished }),
      (tx) => keepReason(tx, step),
    ),
  );
}

type Share = (move: Move) => boolean;
const isBuyers: Share = ({ name }) => MOVES[name].credit === 'refunded';
/** What goes back: to the buyer, and to Wellpact for its discount. */
const isRefund: Share = (move) => isBuyers(move) || MOVES[move.name].credit === 'platformFunded';
const isAdvance: Share = ({ name }) => MOVES[name].debit === 'advanced';
const isTransfer: Share = ({ name }) => name === 'transfer';
/** Sent by a step of its own, once the rest is released and sent. */
const isTopUp: Share = ({ name }) => name === 'topUp';
const isRecovery: Share = ({ name }) => name === 'recover';
const isReleaseOnly: Share = (move) => move.name === 'release' || move.name === 'earnCommission' || isRecovery(move);
const isRelease: Share = (move) => isReleaseOnly(move) || isTransfer(move);

const total = (moves: readonly Move[]): number => moves.reduce((sum, { amount }) => sum + amount, 0);

/** When a refund leaves nothing that could still be sent, nothing is blocked: it is the seller's no longer. */
function unblockedBy(purchase: Purchase, step: PurchaseStep): Pick<StepChange, 'transfer'> {
  if (purchase.transfer.status !== 'blocked') return {};
  const { payable } = applyMoves(purchase.books, planOf(purchase, step).moves.filter(isRefund));
  return payable === 0 ? { transfer: { status: unblocked(purchase) } } : {};
}

/**
 * Nothing is left to go back. Where the refund was begun before, the bank has taken everything meanwhile, and the buyer has it
 * from there: what was begun is over, and what was taken back from the seller for it is theirs as far as the bank leaves it.
 */
async function giveUpBegun({ database }: PurchaseDeps, key: StepKey, purchase: Purchase): Promise<PurchaseStanding> {
  if (purchase.unfinished === null) return standing(purchase);
  const overtaken = { ...key, step: `${key.step}/overtaken` };
  return standing(
    await commitStep(database, overtaken, ({ unfinished, state, books, transfer }) =>
      unfinished === null
        ? undefined
        : {
            unfinished: null,
            ...(state === 'released' && books.payable > 0 && transfer.status !== 'blocked'
              ? { transfer: { status: 'blocked' } }
              : {}),
          },
    ),
  );
}

/** Commits a share of a row, and completes the row when the others are done. */
async function carryOut(
  { database }: PurchaseDeps,
  key: StepKey,
  step: PurchaseStep,
  share: Share,
  change: (current: Purchase) => StepChange,
  also: (tx: Tx, purchase: Purchase) => Promise<unknown> = async () => {},
): Promise<PurchaseStanding> {
  let plan: Plan | undefined;
  let dispute: OpenDispute | null = null;
  const after = await commitStep(
    database,
    key,
    (current) => {
      plan = planOf(current, step);
      dispute = current.dispute;
      // Money that is released but could not be sent waits as payable: that is the end of the row, too.
      const left = plan.moves.filter((move) => !share(move) && !isTransfer(move) && !isTopUp(move));
      const { moves = [], ...changed } = change(current);
      return {
        ...changed,
        moves: [...plan.moves.filter(share), ...moves],
        ...(left.length === 0
          ? { to: plan.row.to, unfinished: null }
          : { unfinished: { ...begunBy(step), ...whatIsKnown(current.unfinished) } }),
      };
    },
    async (tx, purchase) => {
      if (plan === undefined) return;
      await also(tx, purchase);
      await keepReason(tx, step);
      if (purchase.state === plan.row.to) {
        await freeReserved(tx, plan.row, purchase);
        await closeDisputeOf(tx, dispute, step);
      }
      if (purchase.transfer.status !== 'blocked') await closeBlocked(tx, key);
      const advanced = total(plan.moves.filter(isAdvance).filter(share));
      if (advanced > 0) await insertReceivable(tx, purchase, key.step, advanced);
      // A release that was begun and then refused has set something aside: what is left may be less by now.
      if ((purchase.recovers ?? 0) > purchase.books.recovered) await giveBackReservation(tx, purchase);
    },
  );
  return standing(after);
}

/** What a part that is done has found out for those that follow. */
const whatIsKnown = (unfinished: Unfinished | null): Partial<Unfinished> =>
  unfinished?.reversalRefused === true ? { reversalRefused: true } : {};

/** The dispute is over with the row that carried it out. */
async function closeDisputeOf(
  tx: Tx,
  dispute: OpenDispute | null,
  { event, actor, atMs }: PurchaseStep,
): Promise<void> {
  if (dispute === null) return;
  const instead = { refund: dispute.defaultRefund, by: 'default_ruling' } as const;
  await closeDispute(tx, dispute.id, actor, atMs, event === 'hold_limit_reached' ? instead : undefined);
}

/** What was reserved is for sale again, when the row says so. */
export async function freeReserved(tx: Tx, { frees, from }: Plan['row'], purchase: Purchase): Promise<void> {
  if (frees !== true) return;
  const { id, slot, listingId, quantity, terms } = purchase;
  await (slot === null ? releaseStock(tx, listingId, quantity) : releaseSlot(tx, id));
  // A code counts as used from the capture on, whatever becomes of the purchase then.
  if (terms.discount !== undefined && BEFORE_CAPTURE.includes(from)) await giveBackUse(tx, id);
}

const BEFORE_CAPTURE: readonly Purchase['state'][] = ['payment_pending', 'authorised'];
