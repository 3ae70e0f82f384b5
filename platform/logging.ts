import winston from 'winston';
import { traceIds } from './tracing.ts';

/** Structured logs. Every line is one JSON object on standard output, with personal data and secrets masked. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each line. */
  child(fields: LogFields): Logger;
}

export type LogFields = Readonly<Record<string, unknown>>;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Fields whose value never reaches a log, by name in lower case. Names are compared without `_` and `-`. */
const MASKED_FIELDS = new Set([
  'accesstoken', 'address', 'apikey', 'authorization', 'birthdate', 'body', 'clientsecret', 'cookie', 'displayname',
  'dob', 'email', 'firstname', 'fullname', 'iban', 'lastname', 'otp', 'password', 'phone', 'refreshtoken',
  'secret', 'setcookie', 'subject', 'token',
]); // biome-ignore format: one list reads better than one name a line

/** Personal data and secrets inside texts: addresses, bearer tokens, provider keys, client secrets, card-like numbers. */
const MASKED_TEXTS: ReadonlyArray<readonly [RegExp, string]> = [
  [/[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g, '[e-mail]'],
  [/\bBearer\s+[\w.~+/=-]+/gi, 'Bearer [token]'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[token]'],
  [/\b(?:sk|rk|whsec)_[\w]+/g, '[key]'],
  [/\b(\w+)_secret_\w+/g, '$1_secret_[masked]'],
  [/\b(?:\d[ -]?){13,19}\b/g, '[number]'],
];

const MAX_DEPTH = 6;
const MAX_TEXT_LENGTH = 4_000;

/** A copy of `value` that is safe to log; bounded in depth and length. */
export function masked(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return maskedText(value);
  if (value instanceof Error) return { name: value.name, message: maskedText(value.message) };
  if (value === null || typeof value !== 'object') return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => masked(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      MASKED_FIELDS.has(name.toLowerCase().replaceAll(/[_-]/g, '')) ? '[masked]' : masked(item, depth + 1),
    ]),
  );
}

export function maskedText(text: string): string {
  const short = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
  return MASKED_TEXTS.reduce((result, [pattern, replacement]) => result.replaceAll(pattern, replacement), short);
}

export function createLogger(options: { role: string; level: LogLevel }): Logger {
  const logger = winston.createLogger({
    level: options.level,
    defaultMeta: { role: options.role },
    format: winston.format.combine(
      winston.format.timestamp(),
      winston.format((info) => Object.assign(info, masked({ ...info }) as object))(),
      winston.format.json(),
    ),
    transports: [new winston.transports.Console()],
  });
  return facade(logger);
}

function facade(logger: winston.Logger): Logger {
  return {
    debug: (message, fields = {}) => void logger.debug(message, { ...traceIds(), ...fields }),
    info: (message, fields = {}) => void logger.info(message, { ...traceIds(), ...fields }),
    warn: (message, fields = {}) => void logger.warn(message, { ...traceIds(), ...fields }),
    error: (message, fields = {}) => void logger.error(message, { ...traceIds(), ...fields }),
    child: (fields) => facade(logger.child(fields)),
  };
}
