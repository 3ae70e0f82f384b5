import type { Stripe } from 'stripe';
import { invalidRequest, StripeError, type StripeErrorDetails } from '../stripe-api/errors.ts';
import type { Call, Outcome } from '../stripe-api/operation.ts';
import { change, lockKnown, record } from '../stripe-api/resources.ts';
import { addCharge, CHARGE, captureCharge, type StoredCharge } from './charges.ts';
import { shownAmount } from './currencies.ts';
import { openCardDisputes } from './dispute-steps.ts';
import { emit } from './events.ts';
import { warnOfFraud } from './fraud-warnings.ts';
import {
  CANCELABLE,
  CAPTURABLE,
  CONFIRMABLE,
  idOrNull,
  PAYMENT_INTENT,
  type StoredIntent,
} from './payment-intent-kind.ts';
import { attach, checkUsable, PAYMENT_METHOD, paymentMethod, type StoredMethod } from './payment-methods.ts';
import { addRefund } from './refunds.ts';
import { type TestCard, testCard } from './test-cards.ts';

export interface Confirmation {
  /** A payment method's id or a test token; absent: the intent's own. */
  readonly paymentMethod?: string | undefined;
  readonly returnUrl?: string | undefined;
  /** The buyer is not there to authenticate: ask for nothing, fail instead. */
  readonly failOnAction?: boolean | undefined;
  /** Keep the payment method with the customer. */
  readonly futureUsage?: Stripe.PaymentIntent.SetupFutureUsage | undefined;
}

/** Confirms a payment: authorises it, asks the buyer to authenticate, or declines it. A decline is an answer that stays. */
export async function confirm(call: Call, intent: StoredIntent, given: Confirmation): Promise<Outcome> {
  const { status } = intent.body;
  if (!CONFIRMABLE.includes(status)) {
    throw unexpectedState(intent, `You cannot confirm this PaymentIntent because it ${confirmedAlready(status)}.`);
  }
  const named = given.paymentMethod ?? idOrNull(intent.body.payment_method);
  if (named === null) {
    throw unexpectedState(
      intent,
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the " +
        'PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment ' +
        'method or ConfirmationToken.',
    );
  }
  requireReturnUrl(call, intent, given);
  const method = await paymentMethod(call, named, 'payment_method');
  checkUsable(method, idOrNull(intent.body.customer));
  const card = cardOf(method.hidden.token);
  const chosen = await change(call, intent, {
    payment_method: method.body.id,
    last_payment_error: null,
    setup_future_usage: given.futureUsage ?? intent.body.setup_future_usage,
  });
  if (card.authentication === undefined) return authorise(call, chosen, card, method);
  if (given.failOnAction === true) return failAuthentication(call, chosen, method.body, 'authentication_required');
  return { answer: (await askToAuthenticate(call, chosen, method.body.id, given.returnUrl ?? null)).body };
}

function confirmedAlready(status: Stripe.PaymentIntent.Status): string {
  if (status === 'succeeded') return 'has already succeeded after being previously confirmed';
  if (status === 'requires_capture') return 'has already been confirmed and is waiting to be captured';
  return `has a status of ${status}. Only a PaymentIntent with one of the following statuses may be confirmed: ${CONFIRMABLE.join(', ')}`;
}

/** Payment methods that could redirect need somewhere to come back to, also when the one used does not. */
function requireReturnUrl(call: Call, intent: StoredIntent, given: Confirmation): void {
  const automatic = intent.body.automatic_payment_methods;
  if (call.publishableKey || given.returnUrl !== undefined || automatic?.enabled !== true) return;
  if (automatic.allow_redirects === 'never') return;
  throw invalidRequest(
    'This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment ' +
      "methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept " +
      'redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and ' +
      '`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.',
    { param: 'return_url', payment_intent: intent.body },
  );
}

async function askToAuthenticate(
  call: Call,
  intent: StoredIntent,
  methodId: string,
  returnUrl: string | null,
): Promise<StoredIntent> {
  const url = `${call.pagesUrl}/3d-secure/${intent.body.id}/${intent.hidden.clientSecret}`;
  const waiting = await change(
    call,
    intent,
    {
      status: 'requires_action',
      next_action:
        returnUrl === null
          ? {
              type: 'use_stripe_sdk',
              use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url, source: methodId },
            }
          : { type: 'redirect_to_url', redirect_to_url: { return_url: returnUrl, url } },
    },
    { authenticating: methodId },
  );
  await emit(call, 'payment_intent.requires_action', waiting.body);
  return waiting;
}

/** The buyer's bank has answered on the hosted page. Answers an authentication that is no longer awaited with nothing. */
export async function authenticated(call: Call, intent: StoredIntent, success: boolean): Promise<void> {
  const methodId = intent.hidden.authenticating;
  if (intent.body.status !== 'requires_action' || methodId === null) return;
  const method = await lockKnown(call, PAYMENT_METHOD, methodId);
  const decided = await change(call, intent, { next_action: null }, { authenticating: null });
  await record(call, { kind: success ? 'authenticated' : 'authentication_failed', id: intent.body.id });
  if (success) await authorise(call, decided, cardOf(method.hidden.token), method);
  else await failAuthentication(call, decided, method.body, 'payment_intent_authentication_failure');
}

async function failAuthentication(
  call: Call,
  intent: StoredIntent,
  method: Stripe.PaymentMethod,
  code: 'authentication_required' | 'payment_intent_authentication_failure',
): Promise<Outcome> {
  const required = code === 'authentication_required';
  const message = required
    ? 'Your card was declined. This transaction requires authentication.'
    : 'The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to attempt to fulfill this PaymentIntent again.';
  return refuse(
    call,
    intent,
    message,
    {
      code,
      ...(required && { decline_code: 'authentication_required' }),
      payment_method: method,
    },
    required ? 'card_error' : 'invalid_request_error',
  );
}

async function authorise(call: Call, intent: StoredIntent, card: TestCard, method: StoredMethod): Promise<Outcome> {
  const charge = await addCharge(call, intent.body, card, method.body.id);
  const { id } = charge.body;
  const { amount, currency, transfer_group: transferGroup } = intent.body;
  const happened = { id: intent.body.id, amount, currency, transferGroup };
  if (card.decline !== undefined) {
    await emit(call, 'charge.failed', charge.body);
    await record(call, { kind: 'decline', ...happened });
    const { code, declineCode, message, advice, networkDeclineCode } = card.decline;
    const charged = await change(call, intent, { latest_charge: id });
    return refuse(
      call,
      charged,
      message,
      {
        code,
        decline_code: declineCode,
        advice_code: advice,
        network_decline_code: networkDeclineCode,
        charge: id,
        payment_method: method.body,
      },
      'card_error',
    );
  }
  await record(call, { kind: 'authorise', ...happened });
  const customer = idOrNull(intent.body.customer);
  if (customer !== null && intent.body.setup_future_usage !== null) await attach(call, method, customer);
  if (intent.body.capture_method !== 'manual') return { answer: (await succeed(call, intent, charge, amount)).body };
  const held = await change(call, intent, {
    status: 'requires_capture',
    amount_capturable: amount,
    latest_charge: id,
    next_action: null,
  });
  await emit(call, 'charge.succeeded', charge.body);
  await emit(call, 'payment_intent.amount_capturable_updated', held.body);
  return { answer: held.body };
}

/** Back to `requires_payment_method` with the reason, which is also the answer: 402 with the intent in it. */
async function refuse(
  call: Call,
  intent: StoredIntent,
  message: string,
  details: StripeErrorDetails,
  type: 'card_error' | 'invalid_request_error',
): Promise<Outcome> {
  const failed = await change(
    call,
    intent,
    {
      status: 'requires_payment_method',
      payment_method: null,
      next_action: null,
      last_payment_error: new StripeError(402, type, message, details).envelope()
        .error as unknown as Stripe.PaymentIntent.LastPaymentError,
    },
    { authenticating: null },
  );
  await emit(call, 'payment_intent.payment_failed', failed.body);
  return { refusal: new StripeError(402, type, message, { ...details, payment_intent: failed.body }) };
}

async function succeed(call: Call, intent: StoredIntent, charge: StoredCharge, amount: number): Promise<StoredIntent> {
  const uncaptured = intent.body.status === 'requires_capture';
  const captured = await captureCharge(call, charge, amount);
  if (amount < charge.body.amount) {
    await addRefund(call, captured.body, { amount: charge.body.amount - amount, balanceTransaction: null });
  }
  const paid = await change(call, intent, {
    status: 'succeeded',
    amount_capturable: 0,
    amount_received: amount,
    latest_charge: charge.body.id,
    next_action: null,
  });
  await emit(call, uncaptured ? 'charge.captured' : 'charge.succeeded', captured.body);
  await emit(call, 'payment_intent.succeeded', paid.body);
  const { currency, transfer_group: transferGroup } = captured.body;
  await record(call, { kind: 'capture', id: intent.body.id, amount, currency, transferGroup });
  if (captured.hidden.fraudWarning === true) await warnOfFraud(call, captured);
  await openCardDisputes(call, captured);
  return paid;
}

/** Takes the authorised money, or a part of it; the rest is released. */
export async function capture(call: Call, intent: StoredIntent, amount: number | undefined): Promise<StoredIntent> {
  const { status, amount_capturable: capturable, currency } = intent.body;
  if (!CAPTURABLE.includes(status)) {
    throw unexpectedState(
      intent,
      `This PaymentIntent could not be captured because it has a status of ${status}. ` +
        `Only a PaymentIntent with one of the following statuses may be captured: ${CAPTURABLE.join(', ')}.`,
    );
  }
  if (amount !== undefined && amount > capturable) {
    throw invalidRequest(
      `The amount you attempted to capture (${shownAmount(amount, currency)}) is greater than the authorized amount ` +
        `(${shownAmount(capturable, currency)}).`,
      { code: 'amount_too_large', param: 'amount_to_capture' },
    );
  }
  return succeed(call, intent, await lockCharge(call, intent), amount ?? capturable);
}

/** Ends an intent that was not captured; an authorisation is released. */
export async function cancel(
  call: Call,
  intent: StoredIntent,
  reason: Stripe.PaymentIntent.CancellationReason | null,
): Promise<StoredIntent> {
  const { status } = intent.body;
  if (!CANCELABLE.includes(status)) {
    throw unexpectedState(
      intent,
      `You cannot cancel this PaymentIntent because it has a status of ${status}. ` +
        `Only a PaymentIntent with one of the following statuses may be canceled: ${CANCELABLE.join(', ')}.`,
    );
  }
  if (status === 'requires_capture') await release(call, await lockCharge(call, intent), reason === 'expired');
  const canceled = await change(
    call,
    intent,
    { status: 'canceled', canceled_at: call.now, cancellation_reason: reason, amount_capturable: 0, next_action: null },
    { authenticating: null },
  );
  await emit(call, 'payment_intent.canceled', canceled.body);
  const { id, amount, currency, transfer_group: transferGroup } = intent.body;
  await record(call, { kind: reason === 'expired' ? 'expire' : 'cancel', id, amount, currency, transferGroup });
  return canceled;
}

/** Gives an uncaptured authorisation back to the card: at Stripe a refund that moves no money. */
async function release(call: Call, charge: StoredCharge, expired: boolean): Promise<void> {
  const { amount } = charge.body;
  await addRefund(call, charge.body, {
    amount,
    reason: expired ? 'expired_uncaptured_charge' : null,
    balanceTransaction: null,
  });
  const released = await change(call, charge, { amount_refunded: amount, refunded: true });
  await emit(call, expired ? 'charge.expired' : 'charge.refunded', released.body);
}

async function lockCharge(call: Call, intent: StoredIntent): Promise<StoredCharge> {
  const id = idOrNull(intent.body.latest_charge);
  if (id === null) throw new Error(`${intent.body.id} is ${intent.body.status} and has no charge`);
  return lockKnown(call, CHARGE, id);
}

function cardOf(token: string): TestCard {
  const card = testCard(token);
  if (card === undefined) throw new Error(`A stored payment method names the unknown test card ${token}`);
  return card;
}

function unexpectedState(intent: StoredIntent, message: string): StripeError {
  return invalidRequest(message, { code: 'payment_intent_unexpected_state', payment_intent: intent.body });
}

/** Releases every authorisation whose time is over by the sandbox's clock, at most `limit` of them. Answers how many. */
export async function expireAuthorisations(call: Call, limit: number): Promise<number> {
  const due = await call.tx.query<{ intent: string }>(
    `SELECT charge.body->>'payment_intent' AS intent FROM sandbox.objects AS charge
     JOIN sandbox.objects AS intent ON intent.id = charge.body->>'payment_intent'
     WHERE charge.kind = 'charge' AND charge.owner = $1 AND charge.body @> '{"captured": false, "status": "succeeded"}'
       AND intent.body @> '{"status": "requires_capture"}'
       AND (charge.body #>> '{payment_method_details,card,capture_before}')::bigint <= $2
     ORDER BY charge.sequence LIMIT $3`,
    [call.account, call.now, limit],
  );
  for (const { intent } of due.rows) {
    const stored = await lockKnown(call, PAYMENT_INTENT, intent);
    if (stored.body.status === 'requires_capture') await cancel(call, stored, 'expired');
  }
  return due.rows.length;
}
