import { createHash } from 'node:crypto';
import { OnfidoInvalidSignatureError, WebhookEventVerifier } from '@onfido/api';

/** What is left of an Onfido event once its signature is checked: a hint where to look. */
export interface OnfidoHint {
  /** Onfido's events have no id: the SHA-256 of the body stands for it. */
  readonly eventId: string;
  /** `workflow_run.completed` */
  readonly eventType: string;
  readonly objectId: string | null;
}

/** The SDK throws for signatures of another length and takes junk after one, so the form is checked first. */
/** What ids and names look like: nothing that a database or a log would stumble over. */
const PLAIN = /^[\w.-]{1,255}$/;
const SIGNATURE = /^[0-9a-f]{64}$/;

/**
 * Checks the signature of an event over the bytes as they came.
 * @param tokens of the webhook endpoint; two of them while one is being replaced
 * @returns undefined when no token fits or the body is no event
 */
export function readOnfidoEvent(
  body: Buffer,
  signature: string | undefined,
  tokens: readonly string[],
): OnfidoHint | undefined {
  if (signature === undefined || !SIGNATURE.test(signature)) return undefined;
  if (!tokens.some((token) => isSigned(body, signature, token))) return undefined;
  const event = parsed(body)?.payload;
  if (typeof event?.resource_type !== 'string' || typeof event.action !== 'string') return undefined;
  if (!PLAIN.test(event.resource_type) || !PLAIN.test(event.action)) return undefined;
  return {
    eventId: createHash('sha256').update(body).digest('hex'),
    // Onfido writes some actions with their resource: `workflow_run.completed`.
    eventType: event.action.includes('.') ? event.action : `${event.resource_type}.${event.action}`,
    objectId: typeof event.object?.id === 'string' && PLAIN.test(event.object.id) ? event.object.id : null,
  };
}

function isSigned(body: Buffer, signature: string, token: string): boolean {
  try {
    new WebhookEventVerifier(token).readPayload(body, signature);
    return true;
  } catch (error) {
    if (error instanceof OnfidoInvalidSignatureError || error instanceof SyntaxError) return false;
    throw error;
  }
}

interface OnfidoEvent {
  readonly payload?: {
    readonly resource_type?: unknown;
    readonly action?: unknown;
    readonly object?: { readonly id?: unknown };
  };
}

function parsed(body: Buffer): OnfidoEvent | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as OnfidoEvent;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
