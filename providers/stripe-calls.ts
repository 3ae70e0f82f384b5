/** How Stripe is called: the client, and what its answers and errors are turned into. */
import { Stripe } from 'stripe';
import { ProviderError, type ProviderErrorKind } from './provider-error.ts';

export interface StripeSettings {
  readonly apiKey: string;
  /** Base address of the API; the SDK takes no path. */
  readonly apiUrl: string;
  /** How long one call may take. */
  readonly timeoutMs: number;
}

/** The SDK never repeats a call by itself: repeating belongs to the activities, which keep the idempotency key. */
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

/** The SDK takes an error body without an `error` member for an answer, so what we get is looked at. */
export function required<T extends { id: string; object: string }>(answer: T): T {
  if (typeof answer?.id !== 'string' || typeof answer.object !== 'string') return missing('id');
  return answer;
}

export function missing(what: string): never {
  throw new ProviderError('stripe', 'failed', `answer_without_${what}`);
}

/** Runs a call and turns what the SDK throws into the error that activities classify. */
export async function asked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    throw new ProviderError('stripe', kindOf(error), error.code ?? `http_${error.statusCode ?? 'none'}`, {
      parameter: error.param,
      requestId: error.requestId,
      replayed: error.headers?.['idempotent-replayed'] === 'true',
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
  if (error instanceof errors.StripeIdempotencyError) return 'conflict';
  if (error.code === 'resource_missing') return 'not_found';
  if (error instanceof errors.StripeInvalidRequestError) return 'refused';
  return 'failed';
}
