import { z } from 'zod';

const text = z.string().min(1);
const texts = z.record(z.string(), z.string());
const notification = z.looseObject({ title: text.optional(), body: text.optional() });

/**
 * What `messages:send` takes (https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages), as far as we can
 * send it: to a token. Unknown members are refused, as Google does.
 */
export const sendRequest = z.strictObject({
  validate_only: z.boolean().optional(),
  message: z.strictObject({
    token: text.max(4_096),
    notification: z
      .strictObject({ title: text.optional(), body: text.optional(), image: z.url().optional() })
      .optional(),
    // Keys that FCM keeps to itself: https://firebase.google.com/docs/cloud-messaging/customize-messages/set-message-type
    data: texts
      .refine((data) => !Object.keys(data).some((key) => /^(?:from|message_type|google\..*|gcm\..*)$/.test(key)))
      .optional(),
    android: z
      .strictObject({
        collapse_key: text.optional(),
        priority: z.enum(['NORMAL', 'HIGH']).optional(),
        ttl: z
          .string()
          .regex(/^\d+(?:\.\d{1,9})?s$/)
          .optional(),
        data: texts.optional(),
        notification: notification.extend({ tag: text.optional() }).optional(),
      })
      .optional(),
    apns: z
      .strictObject({
        // Apple: a collapse id has at most 64 bytes.
        headers: texts.refine((headers) => Buffer.byteLength(headers['apns-collapse-id'] ?? '') <= 64).optional(),
        payload: z.record(z.string(), z.unknown()).optional(),
      })
      .optional(),
    webpush: z
      .strictObject({
        // RFC 8030: a topic has at most 32 characters of the URL-safe alphabet.
        headers: texts.refine((headers) => /^[\w-]{1,32}$/.test(headers['Topic'] ?? '-')).optional(),
        data: texts.optional(),
        notification: notification.optional(),
      })
      .optional(),
  }),
});

/** FCM answers with an error of Google's APIs; its own code stands in the details. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly ownCode?: string;
  readonly retryAfterSeconds?: number;
}

export const errorBody = ({ status, code, message, ownCode }: Refusal) => ({
  error: {
    code: status,
    message,
    status: code,
    ...(ownCode !== undefined && {
      details: [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: ownCode }],
    }),
  },
});

/** What a registration token makes happen, by a word in it; any other is delivered. */
export const CHOSEN: Readonly<Record<string, Refusal>> = {
  unregistered: { status: 404, code: 'NOT_FOUND', message: 'Requested entity was not found.', ownCode: 'UNREGISTERED' },
  mismatch: { status: 403, code: 'PERMISSION_DENIED', message: 'SenderId mismatch', ownCode: 'SENDER_ID_MISMATCH' },
  invalid: {
    status: 400,
    code: 'INVALID_ARGUMENT',
    message: 'The registration token is not a valid FCM registration token',
    ownCode: 'INVALID_ARGUMENT',
  },
  'unavailable-once': {
    status: 503,
    code: 'UNAVAILABLE',
    message: 'The service is currently unavailable.',
    ownCode: 'UNAVAILABLE',
    retryAfterSeconds: 1,
  },
};

/** The words that make it happen the first time only. */
export const ONCE: ReadonlySet<string> = new Set(['unavailable-once']);
