import { createHash, timingSafeEqual } from 'node:crypto';
import { StripeError } from './errors.ts';

export type KeyKind = 'secret' | 'publishable';

/**
 * Whose key this is. Keys come as `Authorization: Bearer …` or as the user name of Basic authentication; any test mode
 * publishable key counts as the platform's, since the sandbox has one platform only.
 * @throws StripeError 401
 */
export function authenticate(authorization: string | undefined, secretKey: string): KeyKind {
  const key = presentedKey(authorization);
  if (key === undefined || key === '') {
    throw new StripeError(
      401,
      'invalid_request_error',
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth ' +
        "(e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
    );
  }
  if (sameText(key, secretKey)) return 'secret';
  if (/^pk_test_\w+$/.test(key)) return 'publishable';
  throw new StripeError(401, 'invalid_request_error', `Invalid API Key provided: ${redacted(key)}`);
}

/** The refusal of an operation that a publishable key may not call. */
export function secretKeyRequired(): StripeError {
  return new StripeError(
    403,
    'invalid_request_error',
    'This API call cannot be made with a publishable API key. Please use a secret API key.',
    { code: 'secret_key_required' },
  );
}

/** The platform's account id. It depends on the key only, so that a new database has the same platform. */
export function platformAccountId(secretKey: string): string {
  return `acct_1${createHash('sha256').update(secretKey).digest('hex').slice(0, 15)}`;
}

function presentedKey(authorization: string | undefined): string | undefined {
  const [scheme, value] = (authorization ?? '').split(' ', 2);
  if (scheme?.toLowerCase() === 'bearer') return value;
  if (scheme?.toLowerCase() === 'basic')
    return Buffer.from(value ?? '', 'base64')
      .toString('utf8')
      .split(':', 1)[0];
  return undefined;
}

/** As Stripe shows a wrong key: its kind and last four characters. */
function redacted(key: string): string {
  const prefix = /^[a-z]{2}_(?:test|live)_/.exec(key)?.[0] ?? '';
  return `${prefix}${'*'.repeat(12)}${key.length > 20 ? key.slice(-4) : ''}`;
}

function sameText(left: string, right: string): boolean {
  const digest = (value: string) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(left), digest(right));
}
