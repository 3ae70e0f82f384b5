import { Problem } from '../../platform/errors.ts';
import type { Context, Middleware } from '../context.ts';
import { problemBody, toProblem } from '../problems.ts';

/** The one place where errors become answers. Whatever is thrown below leaves as `application/problem+json`. */
export const errors: Middleware = async (ctx, next) => {
  try {
    await next();
    if (ctx.body === undefined && ctx.status in NOT_ROUTED) throw notRouted(ctx);
  } catch (error) {
    writeProblem(ctx, toProblem(error));
  }
};

export function writeProblem(ctx: Context, problem: Problem): void {
  if (problem.status >= 500) {
    // The stack stays with us: the caller gets the request id, by which this line is found.
    const cause = problem.cause instanceof Error ? problem.cause : problem;
    const fields = { code: problem.code, error: cause, stack: cause.stack };
    // 503 asks to be repeated and says why it may work then; anything else is for somebody to look at.
    if (problem.status === 503) ctx.state.log.warn('a request could not be served now', fields);
    else ctx.state.log.error('a request failed', fields);
  } else ctx.state.refusal = problem.code;
  ctx.status = problem.status;
  ctx.set(problem.headers);
  ctx.type = 'application/problem+json';
  ctx.body = JSON.stringify(problemBody(problem, ctx.state.requestId));
}

/** What the router leaves behind when no route took the request, and what we call it. */
const NOT_ROUTED: Readonly<Record<number, string>> = {
  404: 'NO_SUCH_ROUTE',
  405: 'METHOD_NOT_ALLOWED',
  501: 'METHOD_NOT_IMPLEMENTED',
};

function notRouted(ctx: Context): Problem {
  const detail = ctx.response.get('Allow')
    ? `This path takes ${ctx.response.get('Allow')} only.`
    : 'There is nothing at this path. See /docs for what there is.';
  return new Problem(ctx.status, NOT_ROUTED[ctx.status] ?? 'NO_SUCH_ROUTE', detail);
}
