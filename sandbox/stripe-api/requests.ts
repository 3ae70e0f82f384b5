import { createHash } from 'node:crypto';
import type { Logger } from '../../platform/logging.ts';
import type { FaultBackend, Verdict } from '../faults/transport.ts';
import type { Clock } from '../store/clock.ts';
import { isLockConflict, type Tx } from '../store/database.ts';
import { claimKey, type KeyConflict, releaseKey, saveAnswer } from '../store/idempotency.ts';
import { findObject } from '../store/objects.ts';
import { type KeyKind, secretKeyRequired } from './authentication.ts';
import { internalError, invalidRequest, lockTimeout, noAccess, rateLimited, StripeError } from './errors.ts';
import { checkExpansions, expanded, type Kinds } from './expand.ts';
import { canonicalForm, type FormGroup } from './form.ts';
import { type Call, COMMON_PARAMETERS, type Operation, type Outcome } from './operation.ts';
import { readParameters } from './parameters.ts';

/** What executing requests needs of its surroundings. */
export interface StripeBackend extends FaultBackend {
  readonly clock: Clock;
  readonly log: Logger;
  readonly kinds: Kinds;
  readonly platform: string;
  readonly pagesUrl: string;
  /** Called after a commit: webhooks may be waiting. */
  readonly wakeDeliveries: () => void;
}

/** A request whose sender is known and whose form is decoded. */
export interface StripeRequest {
  readonly operation: Operation;
  readonly path: Readonly<Record<string, string>>;
  readonly form: FormGroup;
  readonly url: string;
  readonly key: KeyKind;
  readonly requestId: string;
  readonly idempotencyKey: string | null;
  /** The account named by `Stripe-Account`, if any. */
  readonly onAccount: string | null;
  /** An error that a test asked for comes in place of the work; a 500 is kept under the key, as Stripe keeps it. */
  readonly verdict: Verdict;
}

export interface StripeAnswer {
  readonly status: number;
  readonly body: string;
  /** The id of the request whose answer this is, when it is given again. */
  readonly replayOf?: string;
}

const MAX_KEY_LENGTH = 255;

/** Executes one request from start to end: parameters, idempotency key, work in one transaction, answer. */
export async function execute(backend: StripeBackend, request: StripeRequest): Promise<StripeAnswer> {
  try {
    const prepared = prepare(backend, request);
    const account = await accountOf(backend, request);
    if (request.operation.method !== 'POST' || request.idempotencyKey === null) {
      return await work(backend, request, prepared, account);
    }
    return await once(backend, request, request.idempotencyKey, prepared, account);
  } catch (error) {
    return answerTo(backend, request, error);
  }
}

interface Prepared {
  readonly values: Readonly<Record<string, unknown>>;
  readonly expand: readonly string[];
  readonly clientSecret: string | null;
}

/** Everything that can be refused before work begins: such answers are not kept under the idempotency key. */
function prepare(backend: StripeBackend, request: StripeRequest): Prepared {
  const { operation } = request;
  if (request.key === 'publishable' && operation.publishable !== true) throw secretKeyRequired();
  const form = new Map(request.form);
  // Stripe.js sends its key in the form too, beside the client secret that opens the object.
  if (request.key === 'publishable') form.delete('key');
  const table = {
    ...COMMON_PARAMETERS,
    ...operation.parameters,
  };
  const values: Record<string, unknown> = readParameters(form, table, operation.unmodelled ?? []);
  const expand = (values['expand'] as string[] | undefined) ?? [];
  checkExpansions(backend.kinds, operation.returns, expand);
  return { values, expand, clientSecret: (values['client_secret'] as string | undefined) ?? null };
}

async function accountOf(backend: StripeBackend, request: StripeRequest): Promise<string> {
  if (request.onAccount === null || request.onAccount === backend.platform) return backend.platform;
  const account = backend.kinds.get('account');
  const found = account && (await findObject(backend.database.pool, account, backend.platform, request.onAccount));
  if (found === undefined) throw noAccess(request.onAccount);
  return request.onAccount;
}

async function once(
  backend: StripeBackend,
  request: StripeRequest,
  key: string,
  prepared: Prepared,
  account: string,
): Promise<StripeAnswer> {
  if (key.length > MAX_KEY_LENGTH) {
    throw invalidRequest(`Idempotency keys can have up to ${MAX_KEY_LENGTH} characters.`);
  }
  const endpoint = `${request.operation.method} ${request.url}`;
  const claim = await claimKey(backend.database.pool, {
    account,
    key,
    endpoint,
    parametersHash: createHash('sha256').update(canonicalForm(request.form)).digest('hex'),
    requestId: request.requestId,
    now: backend.clock.seconds(),
  });
  if (claim.kind === 'claimed') return claimedWork(backend, request, key, prepared, account);
  if (claim.kind === 'replay') return { status: claim.status, body: claim.answer, replayOf: claim.requestId };
  throw keyConflict(claim, key, endpoint);
}

/** The refusal of a key that is in use, or was used for something else. */
function keyConflict(claim: KeyConflict, key: string, endpoint: string): StripeError {
  if (claim.kind === 'in-progress') {
    return new StripeError(
      409,
      'idempotency_error',
      'There is currently another in-progress request using this Idempotent Key (that probably means you submitted ' +
        `twice, and the other request is still going through): ${key}. Please try again later.`,
      { code: 'idempotency_key_in_use' },
    );
  }
  const otherwise = `Try using a key other than '${key}' if you meant to execute a different request.`;
  const message =
    claim.kind === 'other-endpoint'
      ? `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${claim.endpoint}' vs '${endpoint}').`
      : 'Keys for idempotent requests can only be used with the same parameters they were first used with.';
  return new StripeError(400, 'idempotency_error', `${message} ${otherwise}`);
}

async function claimedWork(
  backend: StripeBackend,
  request: StripeRequest,
  key: string,
  prepared: Prepared,
  account: string,
): Promise<StripeAnswer> {
  try {
    return await work(backend, request, prepared, account, (tx, answer) =>
      saveAnswer(tx, account, key, answer.status, answer.body),
    );
  } catch (error) {
    const answer = answerTo(backend, request, error);
    // A conflict with another request is not this request's last word: Stripe does not keep it, 500s it does.
    if (answer.status === 429) await releaseKey(backend.database.pool, account, key);
    else await saveAnswer(backend.database.pool, account, key, answer.status, answer.body);
    return answer;
  }
}

/** The work itself in one transaction, with its events, its log lines and its stored answer. */
async function work(
  backend: StripeBackend,
  request: StripeRequest,
  prepared: Prepared,
  account: string,
  save?: (tx: Tx, answer: StripeAnswer) => Promise<void>,
): Promise<StripeAnswer> {
  if (request.verdict === 'error') throw internalError();
  if (request.verdict === 'rate_limit') throw rateLimited();
  const answer = await backend.database.transaction(async (tx) => {
    const call: Call = {
      tx,
      clock: backend.clock,
      now: backend.clock.seconds(),
      platform: backend.platform,
      account,
      requestId: request.requestId,
      idempotencyKey: request.idempotencyKey,
      pagesUrl: backend.pagesUrl,
      clientSecret: prepared.clientSecret,
      publishableKey: request.key === 'publishable',
    };
    const outcome = await request.operation.handle(call, prepared.values, request.path);
    const result = await written(backend, call, outcome, prepared.expand);
    await save?.(tx, result);
    return result;
  });
  backend.wakeDeliveries();
  return answer;
}

async function written(
  backend: StripeBackend,
  call: Call,
  outcome: Outcome,
  expand: readonly string[],
): Promise<StripeAnswer> {
  if ('refusal' in outcome) return refusal(outcome.refusal);
  const answer = await expanded(call, backend.kinds, outcome.answer, expand);
  return { status: 200, body: serialise(answer) };
}

function answerTo(backend: StripeBackend, request: StripeRequest, error: unknown): StripeAnswer {
  if (error instanceof StripeError) return refusal(error);
  if (isLockConflict(error)) return refusal(lockTimeout());
  backend.log.error('A Stripe request failed inside the sandbox', {
    operation: `${request.operation.method} ${request.operation.path}`,
    requestId: request.requestId,
    error,
    stack: error instanceof Error ? error.stack : undefined,
  });
  return refusal(internalError());
}

export function refusal(error: StripeError): StripeAnswer {
  return { status: error.status, body: serialise(error.envelope()) };
}

/** JSON as Stripe writes it: indented, `id` and `object` first, then by name (the database keeps no order). */
export function serialise(value: unknown): string {
  return JSON.stringify(value, inOrder, 2);
}

function inOrder(_name: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const rank = (name: string) => (name === 'id' ? 0 : name === 'object' ? 1 : 2);
  const entries = Object.entries(value).toSorted(
    ([left], [right]) => rank(left) - rank(right) || (left < right ? -1 : 1),
  );
  return Object.fromEntries(entries);
}
