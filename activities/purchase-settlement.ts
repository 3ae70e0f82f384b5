/**
 * The steps that settle a purchase: money goes back to the buyer, to the seller, or back from the seller. A row of the
 * table can take several of them; each carries out its share of the row's moves, and the one that leaves nothing to do
 * completes the row. Until then the purchase is marked as unfinished, and nothing else happens to it.
 */
import type { Tx } from '../platform/database.ts';
import { ProviderError } from '../providers/provider-error.ts';
import { closeCase, openCase } from '../services/cases/index.ts';
import { closeDispute } from '../services/disputes/index.ts';
import { releaseSlot, releaseStock } from '../services/marketplace/index.ts';
import {
  commitStep,
  type OpenDispute,
  type Purchase,
  type StepChange,
  type StepKey,
} from '../services/transactions/index.ts';
import { MOVES, type Move } from '../services/transactions/money.ts';
import { payoutAccountOf } from '../services/users/index.ts';
import { refusal } from './failures.ts';
import { makeOnce } from './once.ts';
import {
  intentOf,
  type Plan,
  type PurchaseDeps,
  type PurchaseStanding,
  type PurchaseStep,
  planOf,
  purchaseToAct,
  refuseInPause,
  standing,
  stepKey,
} from './purchase-steps.ts';

export function createSettlementActivities(deps: PurchaseDeps) {
  const { database, payments } = deps;
  return {
    /** Refunds the buyer's share of the row. */
    async refundBuyer(step: PurchaseStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, step);
      const key = stepKey(step, partOf(purchase, 'refundBuyer'));
      if (purchase.state !== step.from) return standing(purchase);
      refuseInPause(purchase);
      const amount = total(planOf(purchase, step).moves.filter(isRefund));
      if (amount === 0) return standing(purchase);
      const ref = { purchaseId: purchase.id, step: key.step, paymentId: intentOf(purchase) };
      const refund = await makeOnce(database, purchase, key, {
        make: (idempotencyKey) => payments.refund({ ...ref, amount }, idempotencyKey),
        find: () => payments.findRefund(ref),
      });
      return carryOut(deps, key, step, isRefund, (current) => ({
        refund,
        // What was blocked is the seller's no longer: there is nothing left to be sent.
        ...(current.transfer.status === 'blocked' &&
          leavesNothingPayable(current, step) && { transfer: { status: 'none' } }),
      }));
    },

    /** Takes the transfer back from the seller. @throws ApplicationFailure SELLER_BALANCE_TOO_LOW */
    async reverseTransfer(step: PurchaseStep): Promise<PurchaseStanding> {
      const purchase = await purchaseToAct(database, step);
      const key = stepKey(step, partOf(purchase, 'reverseTransfer'));
      if (purchase.state !== step.from) return standing(purchase);
      refuseInPause(purchase);
      const amount = total(planOf(purchase, step).moves.filter(isReversal));
      const transferId = purchase.transfer.id;
      if (amount === 0 || transferId === null) return standing(purchase);
      const ref = { purchaseId: purchase.id, step: key.step, transferId };
      try {
        await makeOnce(database, purchase, key, {
          make: (idempotencyKey) => payments.reverseTransfer({ ...ref, amount }, idempotencyKey),
          find: () => payments.findReversal(ref),
        });
      } catch (error) {
        if (!(error instanceof ProviderError) || error.code !== 'balance_insufficient') throw error;
        const message = 'The Stripe balance of the seller does not cover what would go back. Nothing was refunded.';
        throw refusal('SELLER_BALANCE_TOO_LOW', message);
      }
      return carryOut(deps, key, step, isReversal, ({ books }) =>
        books.transferred > amount ? {} : { transfer: { status: 'reversed' } },
      );
    },

    /** Releases the seller's share of the row and sends it. A refused transfer leaves it payable. */
    async releaseToSeller(step: PurchaseStep): Promise<PurchaseStanding> {
      const key = stepKey(step, 'releaseToSeller');
      const purchase = await purchaseToAct(database, key);
      if (purchase.state !== step.from) return standing(purchase);
      refuseInPause(purchase);
      const { moves } = planOf(purchase, step);
      // A dispute after the release that leaves the seller everything moves nothing.
      if (moves.length === 0) {
        return carryOut(deps, stepKey(step, partOf(purchase, 'moveNothing')), step, isRelease, () => ({}));
      }
      const transfer = await sendToSeller(deps, purchase, key, total(moves.filter(isTransfer)));
      return carryOut(deps, key, step, transfer.status === 'blocked' ? isReleaseOnly : isRelease, () => ({ transfer }));
    },

    /** Sends what a refused transfer left payable, now that the seller's account may have been mended. */
    async retryTransfer(step: PurchaseStep): Promise<PurchaseStanding> {
      const key = stepKey(step, 'releaseToSeller');
      const purchase = await purchaseToAct(database, key);
      if (purchase.state !== step.from || purchase.transfer.status !== 'blocked') return standing(purchase);
      refuseInPause(purchase);
      const amount = purchase.books.payable;
      const transfer = await sendToSeller(deps, purchase, key, amount);
      if (transfer.status === 'blocked') {
        await reportBlocked(deps, purchase, step);
        return standing(purchase);
      }
      const moves: Move[] = [{ name: 'transfer', amount }];
      const sent = { ...key, step: 'retryTransfer' };
      const after = await commitStep(
        database,
        sent,
        () => ({ transfer, moves }),
        (tx) => closeBlocked(tx, sent),
      );
      return standing(after);
    },
  };
}

/** A transfer that was refused for too long becomes a case, for finance to speak with the seller. */
async function reportBlocked(
  { database, policy }: PurchaseDeps,
  { id, stateSince, terms, books, currency }: Purchase,
  { atMs }: PurchaseStep,
): Promise<void> {
  const caseFromMs = stateSince.getTime() + (terms.transferCaseMs ?? policy.transferCase);
  if (atMs < caseFromMs) return;
  const dueAt = new Date(caseFromMs + policy.transferCaseDue);
  const details = { amount: books.payable, currency };
  await database.transaction((tx) =>
    openCase(tx, { kind: 'transfer_blocked', subjectType: 'purchase', subjectId: id, dueAt, details }),
  );
}

const closeBlocked = (tx: Tx, { purchaseId, actor }: StepKey): Promise<unknown> =>
  closeCase(tx, 'transfer_blocked', purchaseId, { decision: 'resolved', actor });

type Share = (move: Move) => boolean;
const isRefund: Share = ({ name }) => MOVES[name].credit === 'refunded';
const isReversal: Share = ({ name }) => name === 'reverseTransfer';
const isTransfer: Share = ({ name }) => name === 'transfer';
const isReleaseOnly: Share = ({ name }) => name === 'release' || name === 'earnCommission';
const isRelease: Share = (move) => isReleaseOnly(move) || isTransfer(move);

const total = (moves: readonly Move[]): number => moves.reduce((sum, { amount }) => sum + amount, 0);

/** Of what several disputes of a purchase may come to, each has steps of its own. */
const partOf = ({ state, dispute }: Purchase, name: string): string =>
  state === 'disputed' && dispute !== null ? `${name}/dispute/${dispute.n}` : name;

const leavesNothingPayable = (current: Purchase, step: PurchaseStep): boolean =>
  total(planOf(current, step).moves.filter(({ name }) => name === 'refundPayable')) === current.books.payable;

/** Commits a share of a row, and completes the row when the others are done. */
async function carryOut(
  { database }: PurchaseDeps,
  key: StepKey,
  step: PurchaseStep,
  share: Share,
  change: (current: Purchase) => StepChange,
): Promise<PurchaseStanding> {
  let plan: Plan | undefined;
  let dispute: OpenDispute | null = null;
  const after = await commitStep(
    database,
    key,
    (current) => {
      plan = planOf(current, step);
      dispute = current.dispute;
      const { event, actor, atMs } = step;
      // Money that is released but could not be sent waits as payable: that is the end of the row, too.
      const left = plan.moves.filter((move) => !share(move) && !isTransfer(move));
      return {
        ...change(current),
        moves: plan.moves.filter(share),
        ...(left.length === 0 ? { to: plan.row.to, unfinished: null } : { unfinished: { event, actor, atMs } }),
      };
    },
    async (tx, purchase) => {
      if (plan !== undefined && purchase.state === plan.row.to) {
        await freeReserved(tx, plan.row, purchase);
        await closeDisputeOf(tx, dispute, step);
      }
      if (purchase.transfer.status !== 'blocked') await closeBlocked(tx, key);
    },
  );
  return standing(after);
}

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
export async function freeReserved(tx: Tx, { frees }: Plan['row'], purchase: Purchase): Promise<void> {
  if (frees !== true) return;
  const { id, slot, listingId, quantity } = purchase;
  await (slot === null ? releaseStock(tx, listingId, quantity) : releaseSlot(tx, id));
}

/** Transfers to the seller; zero is not transferred at all. */
async function sendToSeller(
  { database, payments }: PurchaseDeps,
  purchase: Purchase,
  key: StepKey,
  amount: number,
): Promise<{ readonly status: 'sent' | 'blocked'; readonly id?: string }> {
  if (amount === 0) return { status: 'sent' };
  const destination = await payoutAccountOf(database, purchase.sellerId);
  const sourceCharge = purchase.payment.chargeId;
  if (destination === undefined || sourceCharge === null) return { status: 'blocked' };
  const ref = { purchaseId: purchase.id, step: key.step };
  try {
    const { id } = await makeOnce(database, purchase, key, {
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
