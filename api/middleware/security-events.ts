import type { SecurityEvent, SecurityFields, SecurityLog } from '../../platform/security-log.ts';
import type { Context } from '../context.ts';
import { addressKey } from '../network.ts';

/** Notes an event about a request. */
export type NoteSecurity = (event: SecurityEvent, fields?: SecurityFields) => void;

/** What every line about a request says: which one, at which route, from which network. */
export function securityNotes(log: SecurityLog, ctx: Context): NoteSecurity {
  return (event, fields = {}) => {
    const { requestId, route = 'unmatched' } = ctx.state;
    const network = log.network(addressKey(ctx.ip));
    log.note(event, { requestId, route: `${ctx.method} ${route}`, network, ...fields });
  };
}

/** Notes what the answer to a request says about security, whatever the handler did. */
export function noteAnswer(ctx: Context): void {
  const { refusal, caller, security, sessionOverOf, isStaffRoute } = ctx.state;
  const userId = caller?.userId;
  const who = userId === undefined ? {} : { userId };
  switch (refusal) {
    case 'UNAUTHENTICATED':
      // Without a token it is an app whose user has not signed in yet.
      if (sessionOverOf !== undefined) security('access.session_over', { userId: sessionOverOf });
      else if (ctx.get('Authorization') !== '') security('access.token_refused');
      break;
    case 'FORBIDDEN':
      security('access.forbidden', who);
      break;
    case 'BAD_SIGNATURE':
      security('webhook.signature_refused');
      break;
    case 'TOO_MANY_REQUESTS':
      security('limit.reached', { ...who, limit: /^"([\w-]+)"/.exec(ctx.response.get('RateLimit-Policy'))?.[1] ?? '' });
      break;
    case undefined:
      if (isStaffRoute === true && ctx.status < 400) security('staff.acted', who);
      break;
    default:
  }
}
