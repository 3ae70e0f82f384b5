import { canonicalJson } from '../platform/audit.ts';
import type { Logger } from '../platform/logging.ts';
import type { Reply, Route } from './route.ts';

/**
 * Compares an answer with what its route declares: the status, the schema, and that it says nothing beyond the schema.
 * @param mode `off` in production; `log` in development; `fail` in tests, where a mismatch answers 500
 * @throws Error in mode `fail`
 */
export function checkReply(route: Route, reply: Reply, mode: 'off' | 'log' | 'fail', log: Logger): Reply {
  if (mode === 'off') return reply;
  const mismatch = mismatchOf(route, reply);
  if (mismatch === undefined) return reply;
  const message = `${route.operationId} answers ${reply.status} otherwise than it declares: ${mismatch}`;
  if (mode === 'fail') throw new Error(message);
  log.error(message);
  return reply;
}

function mismatchOf(route: Route, reply: Reply): string | undefined {
  const declared = route.responses[reply.status];
  if (declared === undefined) {
    // An answer that is not the last word is the idempotency records', declared once for all routes.
    return reply.status === 202 && reply.body === undefined ? undefined : 'the status is not declared';
  }
  if (Buffer.isBuffer(reply.body)) return declared.contentType === undefined ? 'bytes have a type' : undefined;
  if (declared.schema === null) return reply.body === undefined ? undefined : 'there is a body';
  // What the client gets, not what the handler gave: dates have become texts and undefined members are gone.
  const body: unknown = reply.body === undefined ? undefined : JSON.parse(JSON.stringify(reply.body));
  const result = declared.schema.safeParse(body);
  if (!result.success) {
    return result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  }
  return canonicalJson(result.data) === canonicalJson(body) ? undefined : 'there are members beyond the schema';
}
