/** The log of what concerns security, apart from the application's own: few lines, stable names, nothing personal. */
import winston from 'winston';
import { deriveKey, keyedHash } from './crypto.ts';
import { masked } from './logging.ts';
import { traceIds } from './tracing.ts';

interface EventRow {
  /** `warn`: somebody may be trying something. */
  readonly level: 'info' | 'warn';
  readonly about: string;
  /** What its lines say, beside what all of them do. */
  readonly fields: readonly string[];
}

/** Every event there is; names never change their meaning. `docs/reference/security-log.md` is generated from this table. */
export const SECURITY_EVENTS = {
  'session.signed_in': { level: 'info', about: 'Somebody signed in.', fields: ['userId'] },
  'session.sign_in_failed': {
    level: 'warn',
    about: 'A password did not fit. `account` is the same for each try at one address, known or not.',
    fields: ['account'],
  },
  'session.refresh_refused': {
    level: 'info',
    about: 'A refresh token was not taken: unknown, or of a session that is over.',
    fields: [],
  },
  'session.refresh_reused': {
    level: 'warn',
    about: 'A refresh token came that was replaced before: somebody has a copy. The session was ended.',
    fields: ['userId'],
  },
  'session.signed_out': { level: 'info', about: 'Somebody signed out.', fields: ['userId'] },
  'access.token_refused': {
    level: 'warn',
    about: 'An access token was not one of ours, or too old.',
    fields: [],
  },
  'access.session_over': {
    level: 'warn',
    about: 'A good access token of a session that is over: signed out, or revoked.',
    fields: ['userId'],
  },
  'access.forbidden': {
    level: 'warn',
    about: 'Somebody tried a route for staff without a role that may.',
    fields: ['userId'],
  },
  'limit.reached': {
    level: 'warn',
    about: 'A limit on tries was used up; `sign-in-account` is the one by which an account waits.',
    fields: ['limit'],
  },
  'webhook.signature_refused': {
    level: 'warn',
    about: 'A call at a webhook address that the provider did not sign.',
    fields: [],
  },
  'staff.acted': {
    level: 'info',
    about: 'A person of staff used a route for staff, and it was done; what exactly is in the audit trail.',
    fields: ['userId'],
  },
  'payload.decoded': {
    level: 'info',
    about: 'The codec server decrypted payloads for the Temporal UI.',
    fields: ['payloads', 'person'],
  },
  'payload.encoded': {
    level: 'info',
    about: 'The codec server encrypted what somebody typed into the Temporal UI.',
    fields: ['payloads', 'person'],
  },
  'payload.decode_refused': {
    level: 'warn',
    about:
      'The codec server neither decrypted nor encrypted: another origin asked, there was no good token or none of the roles, or a payload was not what its metadata say. With a good token it has its `person`.',
    fields: ['reason'],
  },
} as const satisfies Readonly<Record<string, EventRow>>;

export type SecurityEvent = keyof typeof SECURITY_EVENTS;

/** What lines say beside their event: ids, words of the code, keyed hashes. */
export interface SecurityFields {
  readonly requestId?: string;
  /** `POST /v1/sessions`: the route's pattern, never the path. */
  readonly route?: string;
  /** Of {@link SecurityLog.network}. */
  readonly network?: string;
  /** Of {@link SecurityLog.pseudonym}. */
  readonly account?: string;
  /** Of {@link SecurityLog.pseudonym}: the `sub` of a token of the Temporal UI. */
  readonly person?: string;
  readonly userId?: string;
  readonly limit?: string;
  readonly payloads?: number;
  readonly reason?: string;
}

export interface SecurityLog {
  note(event: SecurityEvent, fields?: SecurityFields): void;
  /** The same for each address of a network (IPv4: /24, IPv6: /64), and nobody without the key can tell which. */
  network(addressKey: string): string;
  /** The same for the same text, which cannot be told from it without the key. */
  pseudonym(text: string): string;
}

export interface SecurityLogOptions {
  readonly role: string;
  /** 32 bytes; the hashes' own key is derived from it. */
  readonly key: Buffer;
  /** Where lines go besides standard output. */
  readonly file?: string | undefined;
}

/** A file holds so much before the next one begins, and so many are kept. */
const MAX_FILE_BYTES = 50_000_000;
const MAX_FILES = 10;
/** 96 bits tell networks and accounts apart, and no more is needed. */
const HASH_BYTES = 12;

export function createSecurityLog({ role, key, file }: SecurityLogOptions): SecurityLog {
  const hashKey = deriveKey(key, 'security log');
  const hashed = (kind: string, text: string): string =>
    keyedHash(hashKey, [kind, text]).subarray(0, HASH_BYTES).toString('hex');
  const logger = winston.createLogger({
    level: 'info',
    defaultMeta: { log: 'security', role },
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    transports: [
      new winston.transports.Console(),
      ...(file === undefined
        ? []
        : [
            new winston.transports.File({
              filename: file,
              maxsize: MAX_FILE_BYTES,
              maxFiles: MAX_FILES,
              tailable: true,
            }),
          ]),
    ],
  });
  return {
    note: (event, fields = {}) => {
      const { level, about } = SECURITY_EVENTS[event];
      logger.log({ level, message: about, event, ...traceIds(), ...(masked(fields) as object) });
    },
    network: (addressKey) => hashed('network', networkOf(addressKey)),
    pseudonym: (text) => hashed('account', text),
  };
}

/** What several customers of one network have in common. @param addressKey IPv4, or the first 64 bits of IPv6 */
const networkOf = (addressKey: string): string => /^(\d+\.\d+\.\d+)\.\d+$/.exec(addressKey)?.[1] ?? addressKey;
