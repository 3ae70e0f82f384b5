import type { Stripe } from 'stripe';

export type StripeErrorType = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';

/** The members of Stripe's error object beyond type and message. */
export interface StripeErrorDetails {
  readonly code?: string | undefined;
  readonly param?: string | undefined;
  readonly decline_code?: string | undefined;
  readonly advice_code?: string | undefined;
  readonly network_decline_code?: string | undefined;
  readonly charge?: string | undefined;
  readonly payment_intent?: Stripe.PaymentIntent | undefined;
  readonly payment_method?: Stripe.PaymentMethod | undefined;
  readonly setup_intent?: Stripe.SetupIntent | undefined;
}

/**
 * What Stripe answers when it cannot do as asked. Thrown, it undoes the work of the request;
 * returned as an outcome (see `operation.ts`), the work stays, as with a declined card.
 */
export class StripeError extends Error {
  readonly status: number;
  readonly type: StripeErrorType;
  readonly details: StripeErrorDetails;

  constructor(status: number, type: StripeErrorType, message: string, details: StripeErrorDetails = {}) {
    super(message);
    this.name = 'StripeError';
    this.status = status;
    this.type = type;
    this.details = details;
  }

  /** The same refusal with its intent shown differently (less of it, to a publishable key). */
  withIntent(show: <Intent extends object>(intent: Intent) => Intent): StripeError {
    const { payment_intent: payment, setup_intent: setup } = this.details;
    return new StripeError(this.status, this.type, this.message, {
      ...this.details,
      ...(payment !== undefined && { payment_intent: show(payment) }),
      ...(setup !== undefined && { setup_intent: show(setup) }),
    });
  }

  /** The body: always with the `error` envelope, without which stripe-node takes any JSON for a success. */
  envelope(): { error: Record<string, unknown> } {
    const code = this.details.code;
    const documented =
      code === undefined ? {} : { doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` };
    return { error: { ...documented, ...this.details, message: this.message, type: this.type } };
  }
}

export function invalidRequest(message: string, details: StripeErrorDetails = {}): StripeError {
  return new StripeError(400, 'invalid_request_error', message, details);
}

/** An id in the path that names nothing: 404. */
export function noSuchObject(noun: string, id: string, param: string): StripeError {
  return new StripeError(404, 'invalid_request_error', `No such ${noun}: '${id}'`, { code: 'resource_missing', param });
}

/** An id among the parameters that names nothing: 400, since the URL itself exists. */
export function noSuchReference(noun: string, id: string, param: string): StripeError {
  return invalidRequest(`No such ${noun}: '${id}'`, { code: 'resource_missing', param });
}

export function lockTimeout(): StripeError {
  return new StripeError(
    429,
    'invalid_request_error',
    'This object cannot be accessed right now because another API request or Stripe process is currently accessing it. ' +
      'If you see this error intermittently, retry the request.',
    { code: 'lock_timeout' },
  );
}

export function rateLimited(): StripeError {
  return new StripeError(
    429,
    'invalid_request_error',
    'Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.',
    { code: 'rate_limit' },
  );
}

export function internalError(): StripeError {
  return new StripeError(500, 'api_error', 'An unknown error occurred');
}

/** The refusal for an account that does not exist or is not connected: Stripe tells neither from the other. */
export function noAccess(account: string): StripeError {
  return new StripeError(
    403,
    'invalid_request_error',
    `The provided key does not have access to account '${account}' (or that account does not exist). ` +
      'Application access may have been revoked.',
    { code: 'account_invalid' },
  );
}
