import { createHash, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { canonicalJson } from '../../platform/audit.ts';
import { createFieldCipher, deriveKey, type FieldCipher, keyedHash } from '../../platform/crypto.ts';
import type { Database } from '../../platform/database.ts';
import { Problem, unavailable } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logging.ts';
import type { Reply } from '../route.ts';
import * as store from './store.ts';

/** One request that may be repeated. */
export interface Repeatable {
  /** The caller's id, or `anonymous`. */
  readonly scope: string;
  readonly operation: string;
  /** What the client sent as `Idempotency-Key`. */
  readonly key: string;
  /** What the request asks for: a repeat asks for the very same. */
  readonly content: unknown;
  /** See `Idempotency` in route.ts. */
  readonly mode: 'replay' | 'converge';
}

/** An answer, and whether it was given before. */
export interface Outcome {
  readonly reply: Reply | Problem;
  readonly replayed: boolean;
}

export interface IdempotencyKeeper {
  /** Runs the request, or gives the answer it was given before. */
  answer(request: Repeatable, log: Logger, run: (operationUuid: string) => Promise<Reply>): Promise<Outcome>;
}

/** How long a repeat waits for the first call: then 202 or 503, as 3-api says. */
const WAIT_MS = 8_000;
const KEY = /^[\x20-\x7e]{1,255}$/;

/**
 * Remembers requests by caller, route and `Idempotency-Key` in PostgreSQL, so that a repeat gets the same answer on any
 * replica and after a restart. Bodies are kept as a keyed hash only (they may hold a password), answers encrypted.
 * @param fieldKey 32 bytes; what is derived from it hashes requests and encrypts answers
 */
export function createIdempotencyKeeper(database: Database, fieldKey: Buffer, waitMs = WAIT_MS): IdempotencyKeeper {
  const cipher = createFieldCipher(deriveKey(fieldKey, 'idempotency answers'));
  const hashKey = deriveKey(fieldKey, 'idempotency requests');
  return {
    async answer(request, log, run) {
      const key = recordKey(request);
      const requestHash = keyedHash(hashKey, [canonicalJson(request.content)]);
      const found = await claim(database, key, requestHash, request.mode, waitMs);
      if ('reply' in found) return found;
      if ('answer' in found) return { reply: open(cipher, key, found.answer), replayed: true };
      const reply = await attempt(() => run(found.operationUuid));
      return settle(database, cipher, key, found.claim, reply, log);
    },
  };
}

/** @throws Problem 400 for a key that is none */
function recordKey(request: Repeatable): store.RecordKey {
  if (!KEY.test(request.key)) {
    throw new Problem(400, 'INVALID_IDEMPOTENCY_KEY', 'Idempotency-Key takes 1 to 255 printable ASCII characters.');
  }
  return {
    scope: request.scope,
    operation: request.operation,
    keyHash: createHash('sha256').update(request.key).digest(),
  };
}

/** What there is to do about a request: to run it, under a claim or joining whoever has it; or an answer to give. */
type Standing =
  | { readonly operationUuid: string; readonly claim: store.Claim | undefined }
  | { readonly answer: Buffer }
  | Outcome;

/** Makes or takes over the record of the request; or waits, at most `waitMs`, for whoever works on it. */
async function claim(
  database: Database,
  key: store.RecordKey,
  requestHash: Buffer,
  mode: Repeatable['mode'],
  waitMs: number,
): Promise<Standing> {
  const operationUuid = uuidv7();
  const made = await store.createRecord(database, key, requestHash, operationUuid);
  if (made !== undefined) return { operationUuid, claim: made };
  const waitUntil = performance.now() + waitMs;
  for (let pauseMs = 25; ; pauseMs = Math.min(pauseMs * 2, 400)) {
    const record = await store.readRecord(database, key);
    // Deleted between the two statements because it was past its time: the next repeat makes it anew.
    if (record === undefined) throw unavailable('The record of this Idempotency-Key has just expired. Repeat it.', 1);
    if (!timingSafeEqual(record.requestHash, requestHash)) throw keyReused();
    if (record.answer !== undefined) return { answer: record.answer };
    if (record.claimed && mode === 'converge') return { operationUuid: record.operationUuid, claim: undefined };
    const taken = record.claimed ? undefined : await store.claimRecord(database, key);
    if (taken !== undefined) return { operationUuid: record.operationUuid, claim: taken };
    if (performance.now() >= waitUntil) return { reply: stillRunning(record.location), replayed: false };
    await sleep(pauseMs);
  }
}

function keyReused(): Problem {
  const detail = 'This Idempotency-Key was used for another request. Make a new key for each new request.';
  return new Problem(422, 'IDEMPOTENCY_KEY_REUSED', detail);
}

function stillRunning(location: string | undefined): Reply | Problem {
  if (location !== undefined) return { status: 202, headers: { Location: location }, final: false };
  return unavailable('The first request with this Idempotency-Key still runs. Repeat it with the same key.', 2);
}

/** A refusal is an answer like any other; what is no Problem is an accident and stays one. */
async function attempt(run: () => Promise<Reply>): Promise<Reply | Problem | { readonly accident: unknown }> {
  try {
    return await run();
  } catch (error) {
    return error instanceof Problem ? error : { accident: error };
  }
}

/**
 * Final are successes and refusals that a repeat cannot change. Not final: 5xx, 401 and 429, replies that say so, and
 * refusals with `Retry-After`, which ask to be repeated.
 */
function isFinal(reply: Reply | Problem): boolean {
  if (reply instanceof Problem) {
    return reply.status < 500 && reply.status !== 401 && reply.status !== 429 && !('Retry-After' in reply.headers);
  }
  return reply.final !== false && reply.status < 500;
}

async function settle(
  database: Database,
  cipher: FieldCipher,
  key: store.RecordKey,
  claim: store.Claim | undefined,
  reply: Reply | Problem | { readonly accident: unknown },
  log: Logger,
): Promise<Outcome> {
  if ('accident' in reply || !isFinal(reply)) {
    const location = 'accident' in reply ? undefined : reply.headers?.['Location'];
    // When even this fails the claim runs out by itself; the request's own outcome is what the caller has to hear.
    await store.releaseClaim(database, key, claim, location).catch((error: unknown) => {
      log.warn('a claim could not be released', { operation: key.operation, error });
    });
    if ('accident' in reply) throw reply.accident;
    return { reply, replayed: false };
  }
  if (await store.storeAnswer(database, key, cipher.encrypt(serialise(reply), cipherContext(key)))) {
    return { reply, replayed: false };
  }
  const first = (await store.readRecord(database, key))?.answer;
  return first === undefined ? { reply, replayed: false } : { reply: open(cipher, key, first), replayed: true };
}

const cipherContext = (key: store.RecordKey): string[] => [
  'api.idempotency_records',
  'answer',
  key.scope,
  key.operation,
  key.keyHash.toString('hex'),
];

interface StoredAnswer {
  readonly reply?: Reply;
  readonly problem?: Pick<Problem, 'status' | 'code' | 'detail' | 'errors' | 'extra' | 'headers'>;
}

function serialise(reply: Reply | Problem): string {
  const stored: StoredAnswer =
    reply instanceof Problem
      ? {
          problem: {
            status: reply.status,
            code: reply.code,
            detail: reply.detail,
            errors: reply.errors,
            extra: reply.extra,
            headers: reply.headers,
          },
        }
      : { reply };
  return JSON.stringify(stored);
}

function open(cipher: FieldCipher, key: store.RecordKey, answer: Buffer): Reply | Problem {
  const { reply, problem } = JSON.parse(cipher.decrypt(answer, cipherContext(key))) as StoredAnswer;
  if (reply !== undefined) return reply;
  if (problem === undefined) throw new Error('a stored answer is neither a reply nor a problem');
  const { status, code, detail, errors, extra, headers } = problem;
  return new Problem(status, code, detail, { ...(errors === undefined ? {} : { errors }), extra, headers });
}

/** Names a command towards workflows: the same for every repeat of a request, different for everybody else's. */
export function commandIdOf(scope: string, operation: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([scope, operation, key]))
    .digest('hex');
}
