/**
 * The face of the payouts service: what Stripe sends from the sellers' accounts to their banks. It only watches. The money
 * left our ledger with its transfer, so nothing that happens to a payout moves any of ours.
 */
import type { UserId } from '../../contracts/ids.ts';
import type { PayoutStatus } from '../../contracts/payout.ts';
import { audit } from '../../platform/audit.ts';
import type { Database } from '../../platform/database.ts';
import { emit } from '../../platform/outbox.ts';
import { closeCase, latestCase, openCase } from '../cases/index.ts';
import { canFollow } from './rules.ts';
import { failedBefore, isMended, lockPayout, type PayoutRecord, putPayout } from './store.ts';

export { type ListedPayout, listPayouts, type PayoutRecord } from './store.ts';

/** A payout as Stripe shows it now. */
export interface SeenPayout {
  readonly id: string;
  readonly status: PayoutStatus;
  readonly amount: number;
  readonly currency: string;
  readonly createdMs: number;
  readonly arrivalMs: number;
  readonly failureCode: string | null;
  readonly automatic: boolean;
}

export interface PayoutOwner {
  readonly sellerId: UserId;
  readonly accountId: string;
}

const STRIPE = { type: 'provider', id: 'stripe' } as const;

/**
 * Notes how a payout stands: row, audit entry and event in one transaction. What cannot follow on what is known is older
 * than that, and changes nothing.
 * @returns the payout as it is known then
 */
export async function notePayout(
  db: Database,
  { sellerId, accountId }: PayoutOwner,
  seen: SeenPayout,
  atMs: number,
): Promise<PayoutRecord> {
  return db.transaction(async (tx) => {
    const before = await lockPayout(tx, seen.id);
    if (before !== undefined && before.accountId !== accountId) throw new Error(`${seen.id} is of another account`);
    if (before !== undefined && !canFollow(before.status, seen.status)) return before;
    const { id, status, amount, currency, automatic, failureCode } = seen;
    const at = new Date(atMs);
    const after: PayoutRecord = {
      id,
      sellerId,
      accountId,
      status,
      amount,
      currency,
      automatic,
      failureCode,
      createdAt: new Date(seen.createdMs),
      arrivalAt: new Date(seen.arrivalMs),
      paidAt: status === 'paid' ? at : (before?.paidAt ?? null),
      failedAt: status === 'failed' ? at : null,
    };
    await putPayout(tx, after);
    const change = { from: before?.status ?? null, to: status, amount, currency, failureCode };
    await audit(tx, { subjectType: 'payout', subjectId: id, actor: STRIPE, action: `payout.${status}`, change });
    const data = { payoutId: id, userId: sellerId, amount, currency };
    await emit(tx, { type: `payout.${status}`, key: id, data });
    if (status === 'paid') {
      for (const failed of await failedBefore(tx, after)) {
        await closeCase(tx, 'payout_failed', failed, { decision: 'resolved', actor: STRIPE });
      }
    }
    return after;
  });
}

/**
 * Opens a case about a payout that failed, unless a later one reached the bank.
 * @returns whether there is something for finance to do
 */
export async function reportFailedPayout(
  db: Database,
  payoutId: string,
  { atMs, dueMs }: { readonly atMs: number; readonly dueMs: number },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const payout = await lockPayout(tx, payoutId);
    if (payout?.status !== 'failed' || (await isMended(tx, payoutId))) return false;
    // Finance has seen to it already: it is told once.
    if ((await latestCase(tx, 'payout_failed', payoutId)) !== undefined) return false;
    const { amount, currency, failureCode, sellerId } = payout;
    const details = { sellerId, amount, currency, failureCode };
    const dueAt = new Date(atMs + dueMs);
    await openCase(tx, { kind: 'payout_failed', subjectType: 'payout', subjectId: payoutId, dueAt, details });
    return true;
  });
}
