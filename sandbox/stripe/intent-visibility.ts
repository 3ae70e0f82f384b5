import { invalidRequest } from '../stripe-api/errors.ts';
import type { Call, Outcome, WireObject } from '../stripe-api/operation.ts';

/** What a publishable key gets to see, of payments and of setups. Source: the fields marked so in Stripe's API reference. */
const PUBLISHABLE_MEMBERS: ReadonlySet<string> = new Set([
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
  'last_setup_error',
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
  'usage',
]);

/** A publishable key opens the one intent whose client secret it shows. */
export function checkClientSecret(
  call: Call,
  intent: { readonly body: WireObject; readonly hidden: { readonly clientSecret: string } },
): void {
  if (call.clientSecret === intent.hidden.clientSecret) return;
  if (call.clientSecret === null && !call.publishableKey) return;
  const setup = intent.body.object === 'setup_intent';
  throw invalidRequest(
    `The client_secret provided does not match the client_secret associated with this ${setup ? 'SetupIntent' : 'PaymentIntent'}.`,
    {
      code: setup ? 'setup_intent_invalid_parameter' : 'payment_intent_invalid_parameter',
      param: 'client_secret',
    },
  );
}

/** The outcome as the caller may see it. */
export function visible(call: Call, outcome: Outcome): Outcome {
  if (!call.publishableKey) return outcome;
  if ('answer' in outcome) return { answer: reduced(outcome.answer) };
  return { refusal: outcome.refusal.withIntent(reduced) };
}

function reduced<Intent extends object>(intent: Intent): Intent {
  return Object.fromEntries(Object.entries(intent).filter(([name]) => PUBLISHABLE_MEMBERS.has(name))) as Intent;
}
