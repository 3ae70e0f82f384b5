import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { Problem, unavailable } from '../platform/errors.ts';
import { admit, type IdentifyCaller, unauthenticated } from './authentication.ts';
import type { Context, Middleware } from './context.ts';
import { commandIdOf, type IdempotencyKeeper, type Outcome } from './idempotency/idempotency.ts';
import { MAX_RAW_BODY_BYTES, readBytes, readJson } from './middleware/body.ts';
import { writeProblem } from './middleware/errors.ts';
import { addressKey } from './network.ts';
import { ifMatch } from './preconditions.ts';
import { validationProblem } from './problems.ts';
import type { RateLimits } from './rate-limits.ts';
import { checkReply } from './replies.ts';
import { type Caller, needsBody, type Reply, type Request, type Route } from './route.ts';

export interface DispatchOptions {
  readonly identify: IdentifyCaller;
  readonly idempotency: IdempotencyKeeper;
  readonly rateLimits: RateLimits;
  /** What is done about an answer that does not match its schema; see {@link checkReply}. */
  readonly replyCheck: 'off' | 'log' | 'fail';
  /** After so long a request is answered 503, whatever its handler still does. */
  readonly requestTimeoutMs: number;
}

/** Validated input, and the content that makes two requests the same. */
interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly rawBody: Buffer;
}

/** What happens to each request of a route, in this order. */
export function dispatch(route: Route, options: DispatchOptions): Middleware {
  return async (ctx) => {
    ctx.state.route = route.path;
    const address = addressKey(ctx.ip);
    if (route.rateLimit !== undefined) ctx.set(await options.rateLimits.consume(route.rateLimit, address));
    const caller = await admit(ctx, route.policy, options.identify);
    ctx.state.isStaffRoute = route.policy.access === 'staff';
    if (route.ifMatch === true) ifMatch(headersOf(ctx));
    const input = await readInput(ctx, route);
    const { replayed, reply } = await withinTime(ctx, options.requestTimeoutMs, (signal) =>
      answer(
        ctx,
        route,
        options,
        (operationUuid, commandId) =>
          route.handle(requestOf(ctx, { caller, address, operationUuid, commandId, signal, ...input })),
        input,
      ),
    );
    if (replayed) ctx.set('Idempotency-Replayed', 'true');
    if (reply instanceof Problem) writeProblem(ctx, reply);
    else write(ctx, route, checkReply(route, reply, options.replyCheck, ctx.state.log));
  };
}

async function readInput(ctx: Context, route: Route): Promise<Input> {
  const params = validated('params', route.params ?? NOTHING, ctx['params'] ?? {});
  const query = validated('query', route.query ?? NOTHING, { ...ctx.query });
  if (route.rawBody !== undefined) {
    const limit = route.rawBody === true ? MAX_RAW_BODY_BYTES : route.rawBody.maxBytes;
    return { params, query, body: undefined, rawBody: await readBytes(ctx, limit) };
  }
  if (route.method === 'get' || route.method === 'delete') return { params, query, body: undefined, rawBody: NO_BYTES };
  const json = await readJson(ctx);
  const body = validated('body', route.body ?? NOTHING, json === undefined && !needsBody(route) ? {} : json);
  return { params, query, body, rawBody: NO_BYTES };
}

/** The schema of what a route declares none of: nothing may be sent. */
const NOTHING = z.strictObject({});
const NO_BYTES = Buffer.alloc(0);

function validated(where: 'params' | 'query' | 'body', schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value);
  if (!result.success) throw validationProblem(where, result.error);
  return result.data;
}

/** Runs the handler, through the idempotency records where the route stores its answers and the client sent a key. */
async function answer(
  ctx: Context,
  route: Route,
  options: DispatchOptions,
  run: (operationUuid: string, commandId: string) => Promise<Reply>,
  { params, query, body }: Input,
): Promise<Outcome> {
  const scope = ctx.state.caller?.userId ?? 'anonymous';
  const key = ctx.get('Idempotency-Key');
  const mode = route.idempotency;
  if (key === '' || typeof mode !== 'string') {
    const operationUuid = uuidv7();
    return { reply: await run(operationUuid, commandIdOf(scope, route.operationId, operationUuid)), replayed: false };
  }
  const repeatable = { scope, operation: route.operationId, key, content: { params, query, body }, mode };
  const commandId = commandIdOf(scope, route.operationId, key);
  return options.idempotency.answer(repeatable, ctx.state.log, (operationUuid) => run(operationUuid, commandId));
}

/**
 * Waits for the answer at most `timeoutMs`. The signal tells the handler that the time is over or the client has gone;
 * a handler that goes on all the same still gets its answer stored, so that a repeat finds it.
 */
async function withinTime<T>(ctx: Context, timeoutMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const gone = (): void => abort.abort(new Error('the client has gone'));
  ctx.res.once('close', gone);
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(unavailable('This took too long. Repeat the request with the same Idempotency-Key.', 2));
      abort.abort(new Error('the time for the request is over'));
    }, timeoutMs);
  });
  const working = work(abort.signal);
  try {
    return await Promise.race([working, tooLate]);
  } finally {
    clearTimeout(timer);
    ctx.res.off('close', gone);
    // After a time-out nobody waits for the handler any more: its end, good or bad, belongs in the log.
    if (abort.signal.aborted) {
      working.catch((error: unknown) => ctx.state.log.warn('a handler failed after its request was over', { error }));
    }
  }
}

interface RequestParts extends Input {
  readonly caller: Caller | undefined;
  readonly address: string;
  readonly operationUuid: string;
  readonly commandId: string;
  readonly signal: AbortSignal;
}

function requestOf(ctx: Context, { caller, ...parts }: RequestParts): Request<undefined, undefined, undefined> {
  const mustBeSignedIn = (): Caller => {
    if (caller === undefined)
      throw unauthenticated('Sign in first: send the access token as `Authorization: Bearer …`.');
    return caller;
  };
  return {
    // Validated by the very schemas that the handler's types come from; `Route` has forgotten which ones.
    ...(parts as RequestParts & { params: undefined; query: undefined; body: undefined }),
    headers: headersOf(ctx),
    requestId: ctx.state.requestId,
    log: ctx.state.log,
    security: ctx.state.security,
    caller: mustBeSignedIn,
    callerIfAny: () => caller,
    actor: () => ({ type: 'user', id: mustBeSignedIn().userId }),
  };
}

function headersOf(ctx: Context): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(ctx.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

function write(ctx: Context, route: Route, reply: Reply): void {
  ctx.status = reply.status;
  if (reply.body === undefined) {
    // Koa makes 204 of an answer without a body unless it is told the status after that.
    ctx.body = null;
    ctx.status = reply.status;
  } else {
    const contentType = route.responses[reply.status]?.contentType;
    ctx.type = contentType ?? 'application/json';
    ctx.body = contentType === undefined ? JSON.stringify(reply.body) : reply.body;
  }
  ctx.set({ ...reply.headers });
}
