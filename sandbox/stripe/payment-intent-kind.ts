import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import type { ResourceKind } from '../stripe-api/operation.ts';

export interface IntentHidden {
  /** Opens the intent to Stripe.js, and the 3-D Secure page to the buyer's bank. */
  readonly clientSecret: string;
  /** The payment method whose authentication is awaited at the hosted page. */
  readonly authenticating: string | null;
}

export type StoredIntent = Stored<Stripe.PaymentIntent, IntentHidden>;

export const PAYMENT_INTENT: ResourceKind<Stripe.PaymentIntent, IntentHidden> = {
  name: 'payment_intent',
  noun: 'payment_intent',
  expandable: { customer: ['customer'], latest_charge: ['charge'], payment_method: ['payment_method'] },
};

type Status = Stripe.PaymentIntent.Status;

/** Where each request is allowed. Source: https://docs.stripe.com/payments/paymentintents/lifecycle */
export const CONFIRMABLE: readonly Status[] = ['requires_payment_method', 'requires_confirmation', 'requires_action'];
export const CAPTURABLE: readonly Status[] = ['requires_capture'];
export const CANCELABLE: readonly Status[] = [
  'requires_payment_method',
  'requires_capture',
  'requires_confirmation',
  'requires_action',
  'processing',
];

/** The id in a member that could also hold the expanded object; stored objects always hold ids. */
export function idOrNull(reference: string | { id: string } | null): string | null {
  return reference === null || typeof reference === 'string' ? reference : reference.id;
}
