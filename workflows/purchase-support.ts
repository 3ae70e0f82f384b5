/** What staff may do about a purchase, in its workflow: what they send is read, refused or followed here. */
import type { UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure } from '@temporalio/workflow';
import type { PurchaseStanding } from '../activities/purchase.ts';
import type { StaffStep } from '../activities/purchase-support.ts';
import type { PurchaseId } from '../contracts/ids.ts';
import type { PurchaseOutcome } from '../contracts/purchase.ts';
import { addStaffNoteUpdate, pauseMoneyUpdate, resumeMoneyUpdate } from '../contracts/purchase-support.ts';
import {
  MAX_NOTES,
  MAX_PAUSES,
  readStaffOrder,
  STAFF_ORDERS,
  type StaffOrder,
  type StaffOrderKind,
} from '../services/transactions/support-rules.ts';
import type { Story } from './purchase-steps.ts';
import { databaseStep } from './support/steps.ts';

/** An order that lies on the desk. */
export interface StaffWish {
  readonly order: StaffOrder;
  readonly updateId: string;
}

/** How many orders of staff a purchase has taken, to be carried on when the history is started afresh. */
export interface StaffCounts {
  readonly notes: number;
  readonly pauses: number;
}

/** Which update is which order, and what the Temporal UI says of it. */
export const STAFF_UPDATES: readonly (readonly [
  UpdateDefinition<PurchaseOutcome, [unknown]>,
  StaffOrderKind,
  string,
])[] = [
  [addStaffNoteUpdate, 'note', 'Keep a note about this purchase for staff. Changes nothing.'],
  [pauseMoneyUpdate, 'pause', 'Stop the money of this purchase: nothing is captured, released or refunded.'],
  [resumeMoneyUpdate, 'resume', 'Let the money of this purchase go that was paused from here.'],
];

/** How the input of an update has to look, for the list of updates in the Temporal UI. */
export const inputText = (kind: StaffOrderKind, purchase: PurchaseId): string =>
  `Input: {"purchase": "${purchase}", "staff": "usr_…", "${STAFF_ORDERS[kind].member}": "…"}`;

/** @throws ApplicationFailure WRONG_ORDER, saying everything that is wrong with it */
export function orderIn(kind: StaffOrderKind, given: unknown, purchase: PurchaseId): StaffOrder {
  const order = readStaffOrder(kind, given, purchase);
  if (typeof order === 'string') throw ApplicationFailure.nonRetryable(order, 'WRONG_ORDER');
  return order;
}

/** Refuses what cannot be followed before it is recorded. @throws ApplicationFailure */
export function refuseOrder({ kind, seal }: StaffOrder, { pause }: PurchaseStanding, taken: StaffCounts): void {
  const refuse = (type: string, message: string): never => {
    throw ApplicationFailure.nonRetryable(message, type);
  };
  if (kind === 'note' && taken.notes >= MAX_NOTES) refuse('TOO_MANY_ORDERS', tooMany(MAX_NOTES, 'notes'));
  if (kind === 'pause') {
    if (pause !== undefined) refuse('ALREADY_PAUSED', 'The money of this purchase is paused already.');
    if (taken.pauses >= MAX_PAUSES) refuse('TOO_MANY_ORDERS', tooMany(MAX_PAUSES, 'pauses'));
  }
  if (kind === 'resume') {
    if (pause === undefined) refuse('NOT_PAUSED', 'The money of this purchase is not paused.');
    if (pause?.verified === true && seal !== undefined) {
      refuse('PAUSED_BY_VERIFIED', 'This pause was set through the API, and is let go through it, by finance.');
    }
  }
}

const tooMany = (most: number, of: string): string =>
  `A purchase takes ${most} ${of} at the most. Open a case for what is left.`;

export const staffStepOf = (purchaseId: PurchaseId, { standing }: Story, wish: StaffWish): StaffStep => ({
  purchaseId,
  from: standing.state,
  atMs: Date.now(),
  ...wish,
});

/** Pauses the money, or lets it go. @throws ApplicationFailure when it is refused, or the purchase is elsewhere by now */
export async function followOrder(purchaseId: PurchaseId, story: Story, wish: StaffWish): Promise<void> {
  const pauses = wish.order.kind === 'pause';
  const step = staffStepOf(purchaseId, story, wish);
  story.standing = pauses
    ? await databaseStep('pauseMoney', step, 'Staff pause the money')
    : await databaseStep('resumeMoney', step, 'Staff let the money go');
  if ((story.standing.pause !== undefined) === pauses) return;
  const message = 'The purchase had just changed, and nothing was done. Look at it, and try again.';
  throw ApplicationFailure.nonRetryable(message, 'IN_PROGRESS');
}
