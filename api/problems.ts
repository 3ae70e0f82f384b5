import { STATUS_CODES } from 'node:http';
import type { z } from 'zod';
import { pgErrorCode } from '../platform/database.ts';
import { type FieldError, Problem, unavailable } from '../platform/errors.ts';

/** The body of every answer that is not a success: RFC 9457, plus `code`, `requestId` and `errors`. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  readonly errors?: readonly FieldError[];
  readonly [extra: string]: unknown;
}

/** The problems that any route can answer with, or many can; those of one route stand beside it. */
export const USUAL_PROBLEMS = {
  INVALID_REQUEST: { status: 400, when: 'fields of the request are wrong, missing or unknown: `errors` names them.' },
  MALFORMED_BODY: { status: 400, when: 'the body is not JSON in UTF-8, or has a member twice.' },
  INVALID_IDEMPOTENCY_KEY: { status: 400, when: 'the `Idempotency-Key` is not 1 to 255 printable ASCII characters.' },
  UNAUTHENTICATED: { status: 401, when: 'there is no access token, or it is not good any more.' },
  FORBIDDEN: { status: 403, when: 'the account has none of the roles that may.' },
  EMAIL_NOT_VERIFIED: { status: 403, when: 'the e-mail address has to be proven first.' },
  NOT_FOUND: { status: 404, when: 'there is no such thing, or it is not yours to see.' },
  IN_PROGRESS: { status: 409, when: 'another change of it is being made: repeat the request in a moment.' },
  BODY_TOO_LARGE: { status: 413, when: 'the body is larger than 1 MB, or than 256 KB at a webhook address.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, when: 'the body is not `application/json`.' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, when: 'the key was used for another request.' },
  IF_MATCH_REQUIRED: { status: 428, when: '`If-Match` is missing where people edit.' },
  TOO_MANY_REQUESTS: { status: 429, when: 'a limit is reached: `Retry-After` says when to go on.' },
  INTERNAL: { status: 500, when: 'something went wrong on our side; the request id helps to find out what.' },
  UNAVAILABLE: { status: 503, when: 'something is away: repeat the request with the same `Idempotency-Key`.' },
} as const satisfies Readonly<Record<string, { status: number; when: string }>>;

export function problemBody(problem: Problem, requestId: string): ProblemBody {
  return {
    ...problem.extra,
    type: `urn:wellpact:problem:${problem.code.toLowerCase().replaceAll('_', '-')}`,
    title: titleOf(problem),
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    requestId,
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  };
}

/** `SOLD_OUT` reads "Sold out": the same for every occurrence, as RFC 9457 asks. */
function titleOf(problem: Problem): string {
  const words = problem.code.toLowerCase().replaceAll('_', ' ');
  return words === '' ? (STATUS_CODES[problem.status] ?? 'Error') : words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * What a caller is told about anything that was thrown. Errors that are no Problem say nothing of themselves: they become
 * 503 when something we depend on is away, else 500, and their message stays in the log.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isDatabaseAway(error))
    return unavailable('The database does not answer. Repeat the request in a moment.', 2, error);
  return new Problem(500, 'INTERNAL', 'Something went wrong on our side. The request id helps us to find out what.', {
    cause: error,
  });
}

/** Connection failures (class 08), too many connections (53300), cancelled or shut down (57xxx), and the network's own. */
function isDatabaseAway(error: unknown): boolean {
  const sqlState = pgErrorCode(error);
  if (sqlState !== undefined) return /^(08|57|53300)/.test(sqlState);
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return (
    code === 'ECONNREFUSED' ||
    code === 'ECONNRESET' ||
    // The messages of pg's pool and client, which carry no code.
    /timeout exceeded when trying to connect|Connection terminated|Connection ended/.test(error.message)
  );
}

/** @param where `params`, `query` or `body` */
export function validationProblem(where: string, error: z.ZodError): Problem {
  const errors = error.issues.flatMap((issue) => fieldErrors(where, issue)).slice(0, MAX_FIELD_ERRORS);
  return new Problem(400, 'INVALID_REQUEST', 'Some fields of the request are wrong: see `errors`.', { errors });
}

/** An answer names at most so many wrong fields. */
const MAX_FIELD_ERRORS = 50;

function fieldErrors(where: string, issue: z.core.$ZodIssue): FieldError[] {
  const path = [where, ...issue.path.map(String)].join('.');
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((key) => ({ path: `${path}.${key}`.slice(0, 200), message: 'There is no such field.' }));
}
