import { Stripe } from 'stripe';
import { PAYMENT_STATUSES } from '../contracts/purchase.ts';
import type { HostedLink, Payment, PaymentRequest, Payments, SellerAccount, SellerAccountRequest } from './payments.ts';
import { ProviderError, type ProviderErrorKind } from './provider-error.ts';

export interface StripeSettings {
  readonly apiKey: string;
  /** Base address of the API; the SDK takes no path. */
  readonly apiUrl: string;
  /** How long one call may take. */
  readonly timeoutMs: number;
}

/**
 * The payments provider, by Stripe Connect with separate charges and transfers.
 * The SDK never repeats a call by itself: repeating belongs to the activities, which keep the idempotency key.
 */
export function createStripePayments(settings: StripeSettings): Payments {
  const stripe = createStripe(settings);
  return {
    createPayment: (request, idempotencyKey) => createPayment(stripe, request, idempotencyKey),
    getPayment: (paymentId) =>
      asked(async () => toPayment(await stripe.paymentIntents.retrieve(paymentId, { expand: EXPANDED_CHARGE }))),
    getClientSecret: (paymentId) =>
      asked(
        async () => required(await stripe.paymentIntents.retrieve(paymentId)).client_secret ?? missing('client_secret'),
      ),
    capturePayment: (paymentId, idempotencyKey) =>
      once(stripe, paymentId, 'succeeded', () =>
        stripe.paymentIntents.capture(paymentId, { expand: EXPANDED_CHARGE }, { idempotencyKey }),
      ),
    cancelPayment: (paymentId, idempotencyKey) =>
      once(stripe, paymentId, 'canceled', () =>
        stripe.paymentIntents.cancel(paymentId, { expand: EXPANDED_CHARGE }, { idempotencyKey }),
      ),
    transfer: ({ purchaseId, amount, currency, destination, sourceCharge }, idempotencyKey) =>
      asked(async () => {
        const transfer = await stripe.transfers.create(
          {
            amount,
            currency: currency.toLowerCase(),
            destination,
            source_transaction: sourceCharge,
            transfer_group: purchaseId,
            metadata: { purchaseId },
          },
          { idempotencyKey },
        );
        return { id: required(transfer).id };
      }),
    createSellerAccount: (request, idempotencyKey) => createSellerAccount(stripe, request, idempotencyKey),
    getSellerAccount: (accountId) => asked(async () => toSellerAccount(await stripe.accounts.retrieve(accountId))),
    createAccountLink: (accountId, urls) => createAccountLink(stripe, accountId, urls),
  };
}

export function createStripe({ apiKey, apiUrl, timeoutMs }: StripeSettings): Stripe {
  const url = new URL(apiUrl);
  return new Stripe(apiKey, {
    host: url.hostname,
    ...(url.port !== '' && { port: url.port }),
    protocol: url.protocol === 'http:' ? 'http' : 'https',
    maxNetworkRetries: 0,
    timeout: timeoutMs,
    telemetry: false,
  });
}

const EXPANDED_CHARGE = ['latest_charge.balance_transaction'];

async function createPayment(stripe: Stripe, request: PaymentRequest, idempotencyKey: string): Promise<Payment> {
  const { purchaseId, amount, currency, paymentMethod, returnUrl } = request;
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
            metadata: { purchaseId },
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

/** Brings a payment to its end, once: Stripe refuses to do it again, so then it is looked up. */
async function once(
  stripe: Stripe,
  paymentId: string,
  end: 'succeeded' | 'canceled',
  act: () => Promise<Stripe.PaymentIntent>,
): Promise<Payment> {
  try {
    return await asked(async () => toPayment(await act()));
  } catch (error) {
    if (!(error instanceof ProviderError) || error.code !== 'payment_intent_unexpected_state') throw error;
    const payment = await asked(async () =>
      toPayment(await stripe.paymentIntents.retrieve(paymentId, { expand: EXPANDED_CHARGE })),
    );
    if (payment.status !== end) throw error;
    return payment;
  }
}

/** A declined card is an error to Stripe, but the PaymentIntent exists, and waits for another card. */
function declinedIntent(error: unknown): Stripe.PaymentIntent | undefined {
  if (!(error instanceof ProviderError) || error.kind !== 'declined') return undefined;
  return error.cause instanceof Stripe.errors.StripeCardError ? error.cause.payment_intent : undefined;
}

async function createSellerAccount(
  stripe: Stripe,
  request: SellerAccountRequest,
  idempotencyKey: string,
): Promise<SellerAccount> {
  const { userId, email, country, firstName, lastName } = request;
  return asked(async () =>
    toSellerAccount(
      await stripe.accounts.create(
        {
          country,
          email,
          business_type: 'individual',
          individual: { first_name: firstName, last_name: lastName },
          // The platform carries losses and pays the fees; Stripe collects what it needs from the seller.
          controller: {
            fees: { payer: 'application' },
            losses: { payments: 'application' },
            requirement_collection: 'stripe',
            stripe_dashboard: { type: 'express' },
          },
          capabilities: { transfers: { requested: true } },
          metadata: { userId },
        },
        { idempotencyKey },
      ),
    ),
  );
}

async function createAccountLink(
  stripe: Stripe,
  accountId: string,
  { refreshUrl, returnUrl }: { refreshUrl: string; returnUrl: string },
): Promise<HostedLink> {
  return asked(async () => {
    const link = await stripe.accountLinks.create({
      account: accountId,
      type: 'account_onboarding',
      refresh_url: refreshUrl,
      return_url: returnUrl,
    });
    if (link.object !== 'account_link') return missing('account_link');
    return { url: link.url, expiresAtMs: link.expires_at * 1_000 };
  });
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

function toSellerAccount(given: Stripe.Account): SellerAccount {
  const account = required(given);
  return {
    id: account.id,
    transfersActive: account.capabilities?.transfers === 'active',
    requirements: account.requirements?.currently_due ?? [],
    disabledReason: account.requirements?.disabled_reason ?? null,
  };
}

/** The SDK takes an error body without an `error` member for an answer, so what we get is looked at. */
function required<T extends { id: string; object: string }>(answer: T): T {
  if (typeof answer?.id !== 'string' || typeof answer.object !== 'string') return missing('id');
  return answer;
}

function missing(what: string): never {
  throw new ProviderError('stripe', 'failed', `answer_without_${what}`);
}

/** Runs a call and turns what the SDK throws into the error that activities classify. */
async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    throw new ProviderError('stripe', kindOf(error), error.code ?? `http_${error.statusCode ?? 'none'}`, {
      parameter: error.param,
      requestId: error.requestId,
      cause: error,
    });
  }
}

function kindOf(error: Stripe.errors.StripeError): ProviderErrorKind {
  const { errors } = Stripe;
  if (error instanceof errors.StripeConnectionError) return 'unreachable';
  if (error instanceof errors.StripeCardError) return 'declined';
  if (error instanceof errors.StripeAuthenticationError) return 'credentials';
  if (error instanceof errors.StripePermissionError) return 'refused';
  if (error instanceof errors.StripeRateLimitError || error.statusCode === 409) return 'busy';
  if (error.code === 'resource_missing') return 'not_found';
  if (error instanceof errors.StripeInvalidRequestError) return 'refused';
  return 'failed';
}
