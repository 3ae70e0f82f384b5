/** Which events of the providers concern which flow. Pure. */
import type { PurchaseState } from '../../contracts/purchase.ts';

export const PROVIDERS = ['stripe', 'stripe-connect', 'onfido'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** What an event can be about: a buyer's payment, refund or chargeback, a seller's account, payout or identity check. */
export type Concern = 'payment' | 'refund' | 'chargeback' | 'account' | 'payout' | 'identity';

/** The events that a flow waits for. All others are stored, and that is all. */
const CONCERNS: Readonly<Record<Provider, Readonly<Record<string, Concern>>>> = {
  stripe: {
    'payment_intent.amount_capturable_updated': 'payment',
    'payment_intent.payment_failed': 'payment',
    'payment_intent.canceled': 'payment',
    'refund.updated': 'refund',
    'refund.failed': 'refund',
    'charge.dispute.created': 'chargeback',
    'charge.dispute.updated': 'chargeback',
    'charge.dispute.funds_withdrawn': 'chargeback',
    'charge.dispute.funds_reinstated': 'chargeback',
    'charge.dispute.closed': 'chargeback',
  },
  'stripe-connect': {
    'account.updated': 'account',
    'capability.updated': 'account',
    'payout.created': 'payout',
    'payout.updated': 'payout',
    'payout.paid': 'payout',
    'payout.failed': 'payout',
    'payout.canceled': 'payout',
  },
  onfido: {
    'workflow_run.completed': 'identity',
  },
};

/**
 * In which states of a purchase an event about its payment can hold something new: the row is written after the flow looked
 * at the payment, so what it has passed it has seen.
 */
const NEWS_IN: Readonly<Record<string, readonly PurchaseState[]>> = {
  'payment_intent.amount_capturable_updated': ['payment_pending'],
  'payment_intent.payment_failed': ['payment_pending'],
  // Given up at Stripe, or by the card's bank: we have not asked for that in these states.
  'payment_intent.canceled': ['payment_pending', 'authorised'],
};

/** Whether an event about the payment of a purchase in this state can hold something new. */
export const isNews = (eventType: string, state: PurchaseState): boolean =>
  NEWS_IN[eventType]?.includes(state) ?? false;

/** What an event is about, or undefined when no flow waits for it. */
export function concernOf(provider: Provider, eventType: string): Concern | undefined {
  return CONCERNS[provider][eventType];
}
