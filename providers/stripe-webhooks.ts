import { Stripe } from 'stripe';
import { asObject, membersOf, plainOrNull, type Unread } from './webhook-body.ts';

/** What is left of a Stripe event once its signature is checked: a hint where to look, never facts to act on. */
export interface StripeHint {
  readonly eventId: string;
  readonly eventType: string;
  /** The connected account it comes from; null for the platform's own. */
  readonly accountId: string | null;
  readonly objectId: string | null;
  /** From the metadata that the platform wrote; null on events of connected accounts. */
  readonly purchaseId: string | null;
  /** The payment that the object names; null on events of connected accounts, and where it names none. */
  readonly paymentId: string | null;
}

export interface StripeSecrets {
  /** Of the endpoint for the platform's own events; two of them while one is being replaced. */
  readonly platform: readonly string[];
  /** Of the endpoint for events of connected accounts. */
  readonly connect: readonly string[];
}

/** Stripe's own tolerance for late stamps. */
const TOLERANCE_SECONDS = 300;
/** The SDK takes any stamp from the future; clocks differ by less than this. */
const MAX_AHEAD_SECONDS = 60;

/**
 * Checks the signature of an event over the bytes as they came.
 * @returns `not_signed` when no secret fits, or the stamp is too old or ahead of time; `no_event` when the body is none
 */
export function readStripeEvent(
  body: Buffer,
  signature: string | undefined,
  secrets: StripeSecrets,
): StripeHint | Unread {
  if (signature === undefined || isAheadOfTime(signature) || !isWellFormed(signature)) return 'not_signed';
  const isSignedWith = (secret: string): boolean => isSigned(body, signature, secret);
  const isOfPlatform = secrets.platform.some(isSignedWith);
  if (!isOfPlatform && !secrets.connect.some(isSignedWith)) return 'not_signed';
  const { id, type, account = null, data } = membersOf(body);
  const [eventId, eventType, accountId] = [plainOrNull(id), plainOrNull(type), plainOrNull(account)];
  if (eventId === null || eventType === null || (account !== null && accountId === null)) return 'no_event';
  // Each endpoint has its secret: an event of an account that is signed for the platform was not sent by Stripe.
  if ((accountId === null) !== isOfPlatform) return 'not_signed';
  const { id: objectId, metadata, payment_intent: paymentId } = asObject(asObject(data)['object']);
  return {
    eventId,
    eventType,
    accountId,
    objectId: plainOrNull(objectId),
    purchaseId: isOfPlatform ? plainOrNull(asObject(metadata)['purchaseId']) : null,
    paymentId: isOfPlatform ? plainOrNull(paymentId) : null,
  };
}

function isSigned(body: Buffer, signature: string, secret: string): boolean {
  try {
    return stripe.webhooks.signature?.verifyHeader(body, signature, secret, TOLERANCE_SECONDS) === true;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
    throw error;
  }
}

/** Only its cryptography is used: this instance calls nobody. */
const stripe = new Stripe('sk_none');

function isAheadOfTime(signature: string): boolean {
  const stamps = [...signature.matchAll(/(?:^|,)\s*t=(\d+)/g)].map((match) => Number(match[1]));
  return stamps.length !== 1 || (stamps[0] ?? 0) > Date.now() / 1_000 + MAX_AHEAD_SECONDS;
}

/** The SDK throws an error of another kind for an empty `v1`, so the form is checked first. There may be several. */
function isWellFormed(signature: string): boolean {
  return [...signature.matchAll(/(?:^|,)\s*v1=([^,]*)/g)].every(([, digest]) => SIGNATURE.test(digest ?? ''));
}

const SIGNATURE = /^[0-9a-f]{64}$/;
