/** What the parties of a purchase, and finance, can wish for: how it is read, and when it is refused at once. */
import { ApplicationFailure, currentUpdateInfo } from '@temporalio/workflow';
import {
  acceptPurchaseUpdate,
  acceptRescheduleUpdate,
  cancelPurchaseUpdate,
  claimNoShowUpdate,
  confirmPurchaseUpdate,
  declinePurchaseUpdate,
  deliverPurchaseUpdate,
  openDisputeUpdate,
  PURCHASE_REFUSALS,
  type PurchaseCommand,
  type PurchaseInput,
  refundPurchaseUpdate,
  reschedulePurchaseUpdate,
} from '../contracts/purchase.ts';
import { refundTooLargeText } from '../services/transactions/refund-rules.ts';
import type { PurchaseEvent } from '../services/transactions/transition-rules.ts';
import { inProgress, notAllowed, refundEvent, rowsOf, type Story, type Wish } from './purchase-steps.ts';

/** Which update asks for what. */
export const WISHES = [
  [acceptPurchaseUpdate, 'accept'],
  [declinePurchaseUpdate, 'decline'],
  [cancelPurchaseUpdate, 'cancel'],
  [deliverPurchaseUpdate, 'deliver'],
  [confirmPurchaseUpdate, 'confirm'],
  [refundPurchaseUpdate, 'refund_in_full'],
  [reschedulePurchaseUpdate, 'reschedule'],
  [acceptRescheduleUpdate, 'accept_reschedule'],
  [openDisputeUpdate, 'open_dispute'],
  [claimNoShowUpdate, 'claim_no_show'],
] as const;

/** The wish behind a command. Its party is the one that its actor is; a stranger is none. */
export function wishOf(
  { buyerId, sellerId }: PurchaseInput,
  story: Story | undefined,
  event: PurchaseEvent,
  { actorId, startsAt, amount, reason, dispute }: PurchaseCommand,
): Wish {
  const command = {
    id: currentUpdateInfo()?.id ?? '',
    ...(startsAt !== undefined && { startsAt }),
    ...(amount !== undefined && { amount }),
    ...(reason !== undefined && { reason }),
    ...(dispute !== undefined && { dispute }),
  };
  const asked = { event: event === 'refund_in_full' ? refundEvent(story, amount) : event, command };
  // The API has looked at who of staff it is: only a refund comes with a reason.
  if (reason !== undefined) return { ...asked, party: 'finance', actor: { type: 'staff', id: actorId } };
  if (actorId !== buyerId && actorId !== sellerId) {
    throw ApplicationFailure.nonRetryable('This is not your purchase.', 'NOT_A_PARTY');
  }
  return { ...asked, party: actorId === buyerId ? 'buyer' : 'seller', actor: { type: 'user', id: actorId } };
}

/** A wish is refused before it is recorded when it comes at the wrong time or from the wrong party. */
export function refuseUnlessAllowed(story: Story | undefined, wish: Wish): void {
  if (story === undefined) throw inProgress('open');
  if (rowsOf(story, wish).length === 0) throw notAllowed(story, wish.event);
  const { left } = story.standing;
  if (wish.event !== 'refund_in_part' || left === undefined || (wish.command?.amount ?? 0) < left) return;
  const { currency } = story.deal;
  const detail = { refundable: { amount: left, currency } };
  throw ApplicationFailure.nonRetryable(refundTooLargeText(left, currency), 'REFUND_TOO_LARGE', detail);
}

/** What neither the rules nor a provider answer: staff have to know of it, whoever asked. */
export const isAlarm = ({ type }: ApplicationFailure): boolean =>
  !PURCHASE_REFUSALS.some((refusal) => refusal === type) && type?.startsWith('PROVIDER_') !== true;
