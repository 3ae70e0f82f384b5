import { v7 as uuidv7 } from 'uuid';
import type { Logger } from '../../platform/logging.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { SecurityLog } from '../../platform/security-log.ts';
import { type Span, SpanKind, SpanStatusCode, traced, untraced } from '../../platform/tracing.ts';
import type { Context, Middleware } from '../context.ts';
import { noteAnswer, securityNotes } from './security-events.ts';

/** A caller's own request id is taken over when it is one: letters, digits and `._:-`, 8 to 128 of them. */
const REQUEST_ID = /^[\w.:-]{8,128}$/;

/**
 * Gives every request an id, and writes one log line and one observation when it is answered.
 * The line names the route's pattern, never the path, a query value or a body.
 */
export function requests(log: Logger, metrics: Metrics, security: SecurityLog): Middleware {
  const duration = metrics.histogram('wellpact_http_request_duration_seconds');
  const refusals = metrics.counter('wellpact_http_refusals_total');
  const answer = async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
    const startedAt = performance.now();
    const given = ctx.get('X-Request-Id');
    const requestId = REQUEST_ID.test(given) ? given : uuidv7();
    ctx.state.requestId = requestId;
    ctx.state.log = log.child({ requestId });
    ctx.state.security = securityNotes(security, ctx);
    ctx.set('X-Request-Id', requestId);
    // Answers are somebody's own; the few that are not say so themselves.
    ctx.set('Cache-Control', 'no-store');
    await next();
    const ms = performance.now() - startedAt;
    const route = ctx.state.route ?? 'unmatched';
    duration.observe({ method: ctx.method, route, status: ctx.status }, ms / 1_000);
    noteAnswer(ctx);
    if (ctx.state.refusal !== undefined) refusals.inc({ code: ctx.state.refusal });
    ctx.state.log.info('request', {
      method: ctx.method,
      route,
      status: ctx.status,
      ms: Math.round(ms * 10) / 10,
      ...(ctx.state.caller === undefined ? {} : { userId: ctx.state.caller.userId }),
    });
  };
  return (ctx, next) => {
    if (OPERATIONS.has(ctx.path)) return untraced(() => answer(ctx, next));
    // A caller's own `traceparent` is not taken: strangers would decide what we record, and under which id.
    return traced(ctx.method, { kind: SpanKind.SERVER, parent: null }, async (span) => {
      await answer(ctx, next);
      describe(span, ctx);
    });
  };
}

/** Asked by machines, every few seconds. */
const OPERATIONS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** What a trace tells of a request; the route's pattern, never the path. */
function describe(span: Span, { method, status, state }: Context): void {
  if (!span.isRecording()) return;
  if (state.route !== undefined) span.updateName(`${method} ${state.route}`).setAttribute('http.route', state.route);
  span.setAttributes({
    'http.request.method': method,
    'http.response.status_code': status,
    'wellpact.request_id': state.requestId,
    ...(state.refusal !== undefined && { 'error.type': state.refusal }),
  });
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
}
