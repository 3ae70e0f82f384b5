import type { Stripe } from 'stripe';
import { invalidRequest } from '../stripe-api/errors.ts';
import type { Call, Outcome, WireObject } from '../stripe-api/operation.ts';
import type { StoredIntent } from './payment-intent-kind.ts';

/** What a publishable key gets to see. Source: the fields of https://docs.stripe.com/api/payment_intents/object marked so. */
const PUBLISHABLE_MEMBERS: readonly (keyof Stripe.PaymentIntent)[] = [
  'id',
  'object',
  'amount',
  'amount_details',
  'automatic_payment_methods',
  'canceled_at',
  'cancellation_reason',
  'capture_method',
  'client_secret',
  'confirmation_method',
  'created',
  'currency',
  'description',
  'last_payment_error',
  'livemode',
  'next_action',
  'payment_method',
  'payment_method_configuration_details',
  'payment_method_types',
  'processing',
  'receipt_email',
  'setup_future_usage',
  'shipping',
  'status',
];

/** A publishable key opens the one intent whose client secret it shows. */
export function checkClientSecret(call: Call, intent: StoredIntent): void {
  if (call.clientSecret === intent.hidden.clientSecret) return;
  if (call.clientSecret === null && !call.publishableKey) return;
  throw invalidRequest(
    'The client_secret provided does not match the client_secret associated with this PaymentIntent.',
    {
      code: 'payment_intent_invalid_parameter',
      param: 'client_secret',
    },
  );
}

/** The outcome as the caller may see it. */
export function visible(call: Call, outcome: Outcome): Outcome {
  if (!call.publishableKey) return outcome;
  const reduced = (intent: WireObject): WireObject => {
    const members = new Set<string>(PUBLISHABLE_MEMBERS);
    return Object.fromEntries(Object.entries(intent).filter(([name]) => members.has(name))) as unknown as WireObject;
  };
  if ('refusal' in outcome) {
    const intent = outcome.refusal.details.payment_intent;
    return intent === undefined ? outcome : { refusal: outcome.refusal.withIntent(reduced(intent)) };
  }
  return { answer: reduced(outcome.answer) };
}
