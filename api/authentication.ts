import type { UserId } from '../contracts/ids.ts';
import { Problem } from '../platform/errors.ts';
import type { Context } from './context.ts';
import type { Caller, Policy, Role } from './route.ts';

/**
 * Finds out who sent an access token.
 * @returns undefined when the token is not one of ours, or has expired
 */
export type IdentifyCaller = (accessToken: string) => Promise<Caller | SessionOver | undefined>;

/** The token is good, but the session that it was given out for has ended. */
export interface SessionOver {
  readonly sessionOverOf: UserId;
}

/**
 * Who is calling, as far as the route wants to know.
 * @throws Problem 401 when the route needs a caller and there is none, or when the token is not good;
 *   403 when the caller is not among those the policy names
 */
export async function admit(ctx: Context, policy: Policy, identify: IdentifyCaller): Promise<Caller | undefined> {
  if (policy.access === 'public' && policy.identify !== true) return undefined;
  const token = bearerToken(ctx.get('Authorization'));
  if (token === undefined) {
    if (policy.access === 'public') return undefined;
    throw unauthenticated('Sign in first: send the access token as `Authorization: Bearer …`.');
  }
  const caller = await identify(token);
  if (caller === undefined || 'sessionOverOf' in caller) {
    if (caller !== undefined) ctx.state.sessionOverOf = caller.sessionOverOf;
    throw unauthenticated('The access token is not valid (any more). Refresh the session or sign in again.', true);
  }
  ctx.state.caller = caller;
  enforce(policy, caller);
  return caller;
}

function enforce(policy: Policy, caller: Caller): void {
  switch (policy.access) {
    case 'public':
    case 'signed-in':
      return;
    case 'member':
      if (!isMember(caller) && !hasRole(caller, policy.orStaff ?? [])) {
        const detail = 'Staff neither buy nor sell with the account of their work: this is for members.';
        throw new Problem(403, 'FORBIDDEN', detail);
      }
      if (!caller.emailVerified) {
        const detail = 'Verify your e-mail address first: open the link in the mail we sent, or ask for another one.';
        throw new Problem(403, 'EMAIL_NOT_VERIFIED', detail);
      }
      return;
    case 'staff':
      if (!hasRole(caller, policy.roles)) {
        throw new Problem(403, 'FORBIDDEN', 'Your account does not have a role that may do this.');
      }
  }
}

const hasRole = ({ roles }: Caller, wanted: readonly Role[]): boolean => wanted.some((role) => roles.includes(role));
const isMember = (caller: Caller): boolean => hasRole(caller, ['member']);

/** The token of the header; an empty text, which is no token, when the header is not of that form. */
function bearerToken(header: string): string | undefined {
  if (header === '') return undefined;
  return /^Bearer ([\w.~+/=-]{1,4096})$/i.exec(header)?.[1] ?? '';
}

/** Answers as RFC 6750 wants it: the scheme, and an error only when a token was sent. */
export function unauthenticated(detail: string, tokenWasSent = false): Problem {
  const challenge = tokenWasSent ? 'Bearer realm="wellpact", error="invalid_token"' : 'Bearer realm="wellpact"';
  return new Problem(401, 'UNAUTHENTICATED', detail, { headers: { 'WWW-Authenticate': challenge } });
}
