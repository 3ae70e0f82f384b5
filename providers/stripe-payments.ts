/** The buyers' payments at Stripe: authorised first, captured or given back later, refunded. */
import { Stripe } from 'stripe';
import { PAYMENT_STATUSES } from '../contracts/purchase.ts';
import type { Payment, PaymentRequest, Payments, Refund } from './payments.ts';
import { ProviderError } from './provider-error.ts';
import { asked, missing, required } from './stripe-calls.ts';
import { found, isOfStep, stepMetadata } from './stripe-lookup.ts';

type PaymentCalls = Pick<
  Payments,
  | 'createPayment'
  | 'getPayment'
  | 'getClientSecret'
  | 'capturePayment'
  | 'cancelPayment'
  | 'refund'
  | 'getRefund'
  | 'findPayment'
  | 'findRefund'
>;

export function stripePayments(stripe: Stripe): PaymentCalls {
  return {
    createPayment: (request, idempotencyKey) => createPayment(stripe, request, idempotencyKey),
    getPayment: (paymentId) => asked(() => retrieve(stripe, paymentId)),
    getClientSecret: (paymentId) =>
      asked(
        async () => required(await stripe.paymentIntents.retrieve(paymentId)).client_secret ?? missing('client_secret'),
      ),
    capturePayment: (paymentId, idempotencyKey) =>
      once(stripe, paymentId, ['succeeded', 'canceled'], () =>
        stripe.paymentIntents.capture(paymentId, { expand: EXPANDED_CHARGE }, { idempotencyKey }),
      ),
    cancelPayment: (paymentId, idempotencyKey) =>
      once(stripe, paymentId, ['canceled', 'succeeded'], () =>
        stripe.paymentIntents.cancel(paymentId, { expand: EXPANDED_CHARGE }, { idempotencyKey }),
      ),
    refund: ({ paymentId, amount, ...step }, idempotencyKey) =>
      asked(async () => {
        const made = await stripe.refunds.create(
          { payment_intent: paymentId, amount, reason: 'requested_by_customer', metadata: stepMetadata(step) },
          { idempotencyKey },
        );
        // What Stripe keeps under the key is how it stood when it was made; it may have come back since.
        const isSaved = made.lastResponse.headers['idempotent-replayed'] === 'true';
        return toRefund(isSaved ? await stripe.refunds.retrieve(required(made).id) : made);
      }),
    getRefund: (refundId) =>
      asked(async () => {
        const refund = await stripe.refunds.retrieve(refundId);
        return { ...toRefund(refund), amount: refund.amount };
      }),
    findPayment: ({ sinceMs, ...step }) =>
      asked(async () => {
        const created = { gte: Math.floor(sinceMs / 1_000) - CLOCK_SKEW_SECONDS };
        const intents = stripe.paymentIntents.list({ created, limit: 100, expand: EXPANDED_CHARGE_IN_LIST });
        const intent = await found(intents, isOfStep(step));
        return intent && { ...toPayment(intent), amount: intent.amount };
      }),
    findRefund: ({ paymentId, ...step }) =>
      asked(async () => {
        const refund = await found(stripe.refunds.list({ payment_intent: paymentId, limit: 100 }), isOfStep(step));
        return refund && { ...toRefund(refund), amount: refund.amount };
      }),
  };
}

const EXPANDED_CHARGE = ['latest_charge.balance_transaction'];
const EXPANDED_CHARGE_IN_LIST = ['data.latest_charge.balance_transaction'];
const CLOCK_SKEW_SECONDS = 5 * 60;

async function retrieve(stripe: Stripe, paymentId: string): Promise<Payment> {
  return toPayment(await stripe.paymentIntents.retrieve(paymentId, { expand: EXPANDED_CHARGE }));
}

async function createPayment(stripe: Stripe, request: PaymentRequest, idempotencyKey: string): Promise<Payment> {
  const { purchaseId, step, amount, currency, paymentMethod, returnUrl } = request;
  try {
    return await asked(async () =>
      toPayment(
        await stripe.paymentIntents.create(
          {
            amount,
            currency: currency.toLowerCase(),
            capture_method: 'manual',
            payment_method_types: ['card'],
            transfer_group: purchaseId,
            metadata: stepMetadata({ purchaseId, step }),
            ...(paymentMethod !== undefined && { payment_method: paymentMethod, confirm: true, return_url: returnUrl }),
            expand: EXPANDED_CHARGE,
          },
          { idempotencyKey },
        ),
      ),
    );
  } catch (error) {
    const declined = declinedIntent(error);
    if (declined !== undefined) return toPayment(declined);
    throw error;
  }
}

/**
 * Brings a payment to an end, once: Stripe refuses to do it again, or to do the other thing, so then it is looked up.
 * @param ends in which the payment may be found instead
 */
async function once(
  stripe: Stripe,
  paymentId: string,
  ends: readonly string[],
  act: () => Promise<Stripe.PaymentIntent>,
): Promise<Payment> {
  try {
    return await asked(async () => toPayment(await act()));
  } catch (error) {
    if (!(error instanceof ProviderError) || !ENDED_CODES.has(error.code)) throw error;
    const payment = await asked(() => retrieve(stripe, paymentId));
    if (!ends.includes(payment.status)) throw error;
    return payment;
  }
}

/** How Stripe says that a payment is past being captured or cancelled. */
const ENDED_CODES: ReadonlySet<string> = new Set(['payment_intent_unexpected_state', 'charge_expired_for_capture']);

/** A declined card is an error to Stripe, but the PaymentIntent exists, and waits for another card. */
function declinedIntent(error: unknown): Stripe.PaymentIntent | undefined {
  if (!(error instanceof ProviderError) || error.kind !== 'declined') return undefined;
  return error.cause instanceof Stripe.errors.StripeCardError ? error.cause.payment_intent : undefined;
}

function toPayment(given: Stripe.PaymentIntent): Payment {
  const intent = required(given);
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
  const balanceTransaction = typeof charge?.balance_transaction === 'object' ? charge.balance_transaction : null;
  const captureBefore = charge?.payment_method_details?.card?.capture_before;
  return {
    id: intent.id,
    status: PAYMENT_STATUSES.find((status) => status === intent.status) ?? missing('known_status'),
    problem: intent.last_payment_error?.decline_code ?? intent.last_payment_error?.code ?? null,
    chargeId: charge?.id ?? null,
    captureBeforeMs: captureBefore === undefined ? null : captureBefore * 1_000,
    capturedAmount: intent.amount_received,
    fee:
      balanceTransaction === null
        ? null
        : { amount: balanceTransaction.fee, currency: balanceTransaction.currency.toUpperCase() },
  };
}

function toRefund(given: Stripe.Refund): Refund {
  const { id, status } = required(given);
  return { id, status: REFUND_STATUSES.find((known) => known === status) ?? missing('known_status') };
}

const REFUND_STATUSES = ['pending', 'requires_action', 'succeeded', 'failed', 'canceled'] as const;
