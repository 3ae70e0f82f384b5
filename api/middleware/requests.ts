import { v7 as uuidv7 } from 'uuid';
import type { Logger } from '../../platform/logging.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Middleware } from '../context.ts';

/** A caller's own request id is taken over when it is one: letters, digits and `._:-`, 8 to 128 of them. */
const REQUEST_ID = /^[\w.:-]{8,128}$/;

/**
 * Gives every request an id, and writes one log line and one observation when it is answered.
 * The line names the route's pattern, never the path, a query value or a body.
 */
export function requests(log: Logger, metrics: Metrics): Middleware {
  const duration = metrics.histogram('wellpact_http_request_duration_seconds');
  const refusals = metrics.counter('wellpact_http_refusals_total');
  return async (ctx, next) => {
    const startedAt = performance.now();
    const given = ctx.get('X-Request-Id');
    const requestId = REQUEST_ID.test(given) ? given : uuidv7();
    ctx.state.requestId = requestId;
    ctx.state.log = log.child({ requestId });
    ctx.set('X-Request-Id', requestId);
    // Answers are somebody's own; the few that are not say so themselves.
    ctx.set('Cache-Control', 'no-store');
    await next();
    const ms = performance.now() - startedAt;
    const route = ctx.state.route ?? 'unmatched';
    duration.observe({ method: ctx.method, route, status: ctx.status }, ms / 1_000);
    if (ctx.state.refusal !== undefined) refusals.inc({ code: ctx.state.refusal });
    ctx.state.log.info('request', {
      method: ctx.method,
      route,
      status: ctx.status,
      ms: Math.round(ms * 10) / 10,
      ...(ctx.state.caller === undefined ? {} : { userId: ctx.state.caller.userId }),
    });
  };
}
