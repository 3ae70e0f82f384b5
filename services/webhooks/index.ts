/** The face of the webhooks service: an event is stored first, then the flow that waits for it is told. */
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import type { PayoutInput } from '../../contracts/payout.ts';
import type { Queryable } from '../../platform/database.ts';
import { findPurchase, findPurchaseOfIntent } from '../transactions/index.ts';
import { findOnboarding } from '../users/index.ts';
import { concernOf, isNews } from './rules.ts';
import { postponeEvent, settleEvent, type WebhookEvent, type WebhookStatus } from './store.ts';

export { PROVIDERS, type Provider } from './rules.ts';
export {
  putEvent,
  putOffDelivery,
  type ReceivedEvent,
  type WebhookEvent,
  type WebhookStatus,
  waitingEvents,
  webhookBacklog,
} from './store.ts';

/** Tells the flows. Each resolves to false when the flow has ended. */
export interface FlowSignals {
  payment(purchaseId: PurchaseId, hint: { eventId: string; eventType: string }): Promise<boolean>;
  refund(purchaseId: PurchaseId, hint: { eventId: string; refundId: string }): Promise<boolean>;
  payout(payout: PayoutInput, hint: { eventId: string }): Promise<boolean>;
  chargeback(purchaseId: PurchaseId, hint: { eventId: string; chargebackId: string }): Promise<boolean>;
  account(userId: UserId, hint: { eventId: string }): Promise<boolean>;
  identity(userId: UserId, hint: { eventId: string }): Promise<boolean>;
}

/**
 * Tells the flow that an event concerns, and notes what became of the event. An event about something we do not know, or
 * do not know yet because the provider was faster than our own transaction, is put off and looked at again.
 */
export async function deliverEvent(db: Queryable, signals: FlowSignals, event: WebhookEvent): Promise<WebhookStatus> {
  const status = await tellFlow(db, signals, event);
  if (status === 'unmatched') await postponeEvent(db, event);
  else await settleEvent(db, event, status);
  return status;
}

async function tellFlow(db: Queryable, signals: FlowSignals, event: WebhookEvent): Promise<WebhookStatus> {
  const concern = concernOf(event.provider, event.eventType);
  if (concern === undefined) return 'ignored';
  const hint = { eventId: event.eventId, eventType: event.eventType };
  if (concern === 'payment') {
    const purchase = await purchaseOf(db, event);
    if (purchase === undefined) return 'unmatched';
    if (!isNews(event.eventType, purchase.state)) return 'ignored';
    return (await signals.payment(purchase.id, hint)) ? 'signalled' : 'ignored';
  }
  if (concern === 'refund') {
    const { purchaseId, objectId: refundId, eventId } = event;
    const purchase = purchaseId === null ? undefined : await findPurchase(db, purchaseId as PurchaseId);
    if (purchase === undefined || refundId === null) return 'unmatched';
    return (await signals.refund(purchase.id, { eventId, refundId })) ? 'signalled' : 'ignored';
  }
  if (concern === 'payout') return tellPayout(db, signals, event);
  if (concern === 'chargeback') {
    // By the payment we stored alone: what is written on a dispute is not ours.
    const { paymentId, objectId: chargebackId, eventId } = event;
    const purchase = paymentId === null ? undefined : await findPurchaseOfIntent(db, paymentId);
    if (purchase === undefined || chargebackId === null) return 'unmatched';
    return (await signals.chargeback(purchase.id, { eventId, chargebackId })) ? 'signalled' : 'ignored';
  }
  const key = concern === 'account' ? 'accountId' : 'checkId';
  const value = concern === 'account' ? event.accountId : event.objectId;
  const onboarding = value === null ? undefined : await findOnboarding(db, key, value);
  if (onboarding === undefined) return 'unmatched';
  return (await signals[concern](onboarding.userId, hint)) ? 'signalled' : 'ignored';
}

/** A payout is its seller's by the account that its event came from, and is looked at there: nothing else in it is believed. */
async function tellPayout(db: Queryable, signals: FlowSignals, event: WebhookEvent): Promise<WebhookStatus> {
  const { accountId, objectId: payoutId, eventId } = event;
  if (accountId === null || payoutId === null) return 'unmatched';
  const onboarding = await findOnboarding(db, 'accountId', accountId);
  if (onboarding === undefined) return 'unmatched';
  const payout = { payoutId, accountId, sellerId: onboarding.userId };
  return (await signals.payout(payout, { eventId })) ? 'signalled' : 'ignored';
}

/** By the payment we stored, or, when Stripe was faster, by the purchase that we wrote on the payment ourselves. */
async function purchaseOf(db: Queryable, { objectId, purchaseId }: WebhookEvent) {
  const known = objectId === null ? undefined : await findPurchaseOfIntent(db, objectId);
  return known ?? (purchaseId === null ? undefined : findPurchase(db, purchaseId as PurchaseId));
}
