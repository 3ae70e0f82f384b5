import { Stripe } from 'stripe';

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
/** What ids and names of events look like: nothing that a database or a log would stumble over. */
const PLAIN = /^[\w.-]{1,255}$/;

/**
 * Checks the signature of an event over the bytes as they came.
 * @returns undefined when no secret fits, the stamp is too old or ahead of time, or the body is no event
 */
export function readStripeEvent(
  body: Buffer,
  signature: string | undefined,
  secrets: StripeSecrets,
): StripeHint | undefined {
  if (signature === undefined || isAheadOfTime(signature) || !isWellFormed(signature)) return undefined;
  const fromPlatform = secrets.platform.map((secret) => verified(body, signature, secret)).find(Boolean);
  const event = fromPlatform ?? secrets.connect.map((secret) => verified(body, signature, secret)).find(Boolean);
  if (!PLAIN.test(String(event?.id)) || !PLAIN.test(String(event?.type)) || event === undefined) return undefined;
  const accountId = event.account ?? null;
  // Each endpoint has its secret: an event of an account that is signed for the platform was not sent by Stripe.
  if ((accountId === null) !== (fromPlatform !== undefined)) return undefined;
  const object = (event.data?.object ?? {}) as {
    id?: unknown;
    metadata?: unknown;
    payment_intent?: unknown;
  };
  return {
    eventId: event.id,
    eventType: event.type,
    accountId,
    objectId: plainOrNull(object.id),
    purchaseId: accountId === null ? purchaseIn(object.metadata) : null,
    paymentId: accountId === null ? plainOrNull(object.payment_intent) : null,
  };
}

function verified(body: Buffer, signature: string, secret: string): Stripe.Event | undefined {
  try {
    return stripe.webhooks.constructEvent(body, signature, secret, TOLERANCE_SECONDS);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError || error instanceof SyntaxError)
      return undefined;
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

function purchaseIn(metadata: unknown): string | null {
  const purchaseId = (metadata as { purchaseId?: unknown } | null | undefined)?.purchaseId;
  return plainOrNull(purchaseId);
}

const plainOrNull = (value: unknown): string | null => (typeof value === 'string' && PLAIN.test(value) ? value : null);
