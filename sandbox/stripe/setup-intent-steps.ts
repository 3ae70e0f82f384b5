import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import { invalidRequest, StripeError, type StripeErrorDetails } from '../stripe-api/errors.ts';
import type { Call, Outcome, ResourceKind } from '../stripe-api/operation.ts';
import { change, lockKnown, record } from '../stripe-api/resources.ts';
import { emit } from './events.ts';
import { idOrNull } from './payment-intent-kind.ts';
import { attach, checkUsable, PAYMENT_METHOD, paymentMethod, type StoredMethod } from './payment-methods.ts';
import { testCard } from './test-cards.ts';

export interface SetupHidden {
  readonly clientSecret: string;
  /** The payment method whose authentication is awaited at the hosted page. */
  readonly authenticating: string | null;
}

export type StoredSetup = Stored<Stripe.SetupIntent, SetupHidden>;

export const SETUP_INTENT: ResourceKind<Stripe.SetupIntent, SetupHidden> = {
  name: 'setup_intent',
  noun: 'setupintent',
  expandable: { customer: ['customer'], payment_method: ['payment_method'] },
};

/** Where a setup can still be confirmed, changed or canceled. */
const OPEN: readonly Stripe.SetupIntent.Status[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
];

/** @throws StripeError 400 when it is over */
export function checkOpen(setup: StoredSetup, verb: string): void {
  const { status } = setup.body;
  if (OPEN.includes(status)) return;
  throw invalidRequest(`You cannot ${verb} this SetupIntent because it has a status of ${status}.`, {
    code: 'setup_intent_unexpected_state',
    setup_intent: setup.body,
  });
}

/** Asks the bank whether the payment method may be used later: kept, declined, or first authenticated by the buyer. */
export async function confirmSetup(
  call: Call,
  setup: StoredSetup,
  given: { readonly paymentMethod?: string | undefined; readonly returnUrl?: string | undefined },
): Promise<Outcome> {
  checkOpen(setup, 'confirm');
  const named = given.paymentMethod ?? idOrNull(setup.body.payment_method);
  if (named === null) {
    throw invalidRequest("You cannot confirm this SetupIntent because it's missing a payment method.", {
      code: 'setup_intent_unexpected_state',
      setup_intent: setup.body,
    });
  }
  const method = await paymentMethod(call, named, 'payment_method');
  checkUsable(method, idOrNull(setup.body.customer));
  const chosen = await change(call, setup, { payment_method: method.body.id, last_setup_error: null });
  if (testCard(method.hidden.token)?.authentication === undefined) return finish(call, chosen, method);
  const returnUrl = given.returnUrl ?? null;
  const url = `${call.pagesUrl}/3d-secure/${setup.body.id}/${setup.hidden.clientSecret}`;
  const waiting = await change(
    call,
    chosen,
    {
      status: 'requires_action',
      next_action:
        returnUrl === null
          ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url } }
          : { type: 'redirect_to_url', redirect_to_url: { return_url: returnUrl, url } },
    },
    { authenticating: method.body.id },
  );
  await emit(call, 'setup_intent.requires_action', waiting.body);
  return { answer: waiting.body };
}

/** The buyer's bank has answered on the hosted page. */
export async function setupAuthenticated(call: Call, setup: StoredSetup, success: boolean): Promise<void> {
  const methodId = setup.hidden.authenticating;
  if (setup.body.status !== 'requires_action' || methodId === null) return;
  const method = await lockKnown(call, PAYMENT_METHOD, methodId);
  await record(call, { kind: success ? 'authenticated' : 'authentication_failed', id: setup.body.id });
  if (success) await finish(call, setup, method);
  else {
    await refuse(call, setup, 'The provided PaymentMethod has failed authentication.', 'invalid_request_error', {
      code: 'setup_intent_authentication_failure',
      payment_method: method.body,
    });
  }
}

async function finish(call: Call, setup: StoredSetup, method: StoredMethod): Promise<Outcome> {
  const { decline, declinesLater } = testCard(method.hidden.token) ?? {};
  if (decline !== undefined && declinesLater !== true) {
    return refuse(call, setup, decline.message, 'card_error', {
      code: decline.code,
      decline_code: decline.declineCode,
      payment_method: method.body,
    });
  }
  const customer = idOrNull(setup.body.customer);
  if (customer !== null) await attach(call, method, customer);
  const done = await change(call, setup, { status: 'succeeded', next_action: null }, { authenticating: null });
  await emit(call, 'setup_intent.succeeded', done.body);
  await record(call, { kind: 'setup', id: setup.body.id });
  return { answer: done.body };
}

async function refuse(
  call: Call,
  setup: StoredSetup,
  message: string,
  type: 'card_error' | 'invalid_request_error',
  details: StripeErrorDetails,
): Promise<Outcome> {
  const failed = await change(
    call,
    setup,
    {
      status: 'requires_payment_method',
      payment_method: null,
      next_action: null,
      last_setup_error: new StripeError(402, type, message, details).envelope()
        .error as unknown as Stripe.SetupIntent.LastSetupError,
    },
    { authenticating: null },
  );
  await emit(call, 'setup_intent.setup_failed', failed.body);
  return { refusal: new StripeError(402, type, message, { ...details, setup_intent: failed.body }) };
}
