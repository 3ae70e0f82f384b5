import { createHash } from 'node:crypto';
import { OnfidoInvalidSignatureError, WebhookEventVerifier } from '@onfido/api';
import { asObject, membersOf, plainOrNull, type Unread } from './webhook-body.ts';

/** What is left of an Onfido event once its signature is checked: a hint where to look. */
export interface OnfidoHint {
  /** Onfido's events have no id: the SHA-256 of the body stands for it. */
  readonly eventId: string;
  /** `workflow_run.completed` */
  readonly eventType: string;
  readonly objectId: string | null;
}

/** The SDK throws for signatures of another length and takes junk after one, so the form is checked first. */
const SIGNATURE = /^[0-9a-f]{64}$/;

/**
 * Checks the signature of an event over the bytes as they came.
 * @param tokens of the webhook endpoint; two of them while one is being replaced
 * @returns `not_signed` when no token fits, `no_event` when the body is none
 */
export function readOnfidoEvent(
  body: Buffer,
  signature: string | undefined,
  tokens: readonly string[],
): OnfidoHint | Unread {
  if (signature === undefined || !SIGNATURE.test(signature)) return 'not_signed';
  if (!tokens.some((token) => isSigned(body, signature, token))) return 'not_signed';
  const payload = asObject(membersOf(body)['payload']);
  const [type, action] = [plainOrNull(payload['resource_type']), plainOrNull(payload['action'])];
  if (type === null || action === null) return 'no_event';
  return {
    eventId: createHash('sha256').update(body).digest('hex'),
    // Onfido writes some actions with their resource: `workflow_run.completed`.
    eventType: action.includes('.') ? action : `${type}.${action}`,
    objectId: plainOrNull(asObject(payload['object'])['id']),
  };
}

function isSigned(body: Buffer, signature: string, token: string): boolean {
  try {
    new WebhookEventVerifier(token).readPayload(body, signature);
    return true;
  } catch (error) {
    if (error instanceof OnfidoInvalidSignatureError) return false;
    // The SDK parses what is signed: whether it is an event is looked at later.
    if (error instanceof SyntaxError) return true;
    throw error;
  }
}
