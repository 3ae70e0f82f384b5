import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SessionId } from '../../contracts/ids.ts';
import { Problem } from '../../platform/errors.ts';
import type { AccessTokens } from '../../platform/tokens.ts';
import {
  authenticate,
  endSession,
  type OpenSession,
  refreshSession,
  startSession,
} from '../../services/users/index.ts';
import { normalisedEmail } from '../../services/users/rules.ts';
import type { ApiDeps } from '../deps.ts';
import { LIMITS } from '../limits.ts';
import { type Route, route } from '../route.ts';

const tokens = z
  .object({
    accessToken: z.string().meta({ description: 'A JWT, to be sent as `Authorization: Bearer …`.' }),
    refreshToken: z.string().meta({ description: 'Good once, for a new pair.' }),
    expiresIn: z.int().meta({ description: 'Seconds for which the access token is good.' }),
    tokenType: z.literal('Bearer'),
  })
  .meta({ id: 'Tokens' });

export type SessionRoutesDeps = Pick<ApiDeps, 'database' | 'accessTokens' | 'rateLimits' | 'security'>;

/** Signing in, staying signed in, signing out. */
export function sessionRoutes(deps: SessionRoutesDeps): Route[] {
  return [signInRoute(deps), refreshRoute(deps), signOutRoute(deps)];
}

function signInRoute({ database, accessTokens, rateLimits, security: log }: SessionRoutesDeps): Route {
  return route({
    method: 'post',
    path: '/v1/sessions',
    operationId: 'signIn',
    tag: 'sessions',
    summary: 'Sign in',
    description: `After ${LIMITS.signInByAccount.limit} wrong passwords in ${LIMITS.signInByAccount.windowSeconds / 60} minutes an account waits.`,
    policy: { access: 'public' },
    idempotency: { none: 'a repeat signs in once more, and the tokens of the answer are kept nowhere.' },
    rateLimit: LIMITS.signInByAddress,
    body: z.strictObject({ email: z.email().max(254), password: z.string().min(1).max(1_024) }).meta({ id: 'SignIn' }),
    responses: { 201: { description: 'The tokens of a new session.', schema: tokens } },
    problems: { WRONG_CREDENTIALS: { status: 401, when: 'address and password do not belong together.' } },
    handle: async ({ body, security }) => {
      // Counted before the password is looked at, so that many tries at once are all counted.
      const key = createHash('sha256').update(normalisedEmail(body.email)).digest('hex');
      await rateLimits.consume(LIMITS.signInByAccount, key);
      const account = await authenticate(database, body.email, body.password);
      if (account === undefined) {
        security('session.sign_in_failed', { account: log.pseudonym(normalisedEmail(body.email)) });
        throw new Problem(401, 'WRONG_CREDENTIALS', 'The e-mail address or the password is wrong.');
      }
      await rateLimits.reset(LIMITS.signInByAccount, key);
      security('session.signed_in', { userId: account.id });
      return { status: 201, body: await tokensOf(accessTokens, await startSession(database, account)) };
    },
  });
}

function refreshRoute({ database, accessTokens }: SessionRoutesDeps): Route {
  return route({
    method: 'post',
    path: '/v1/sessions/refresh',
    operationId: 'refreshSession',
    tag: 'sessions',
    summary: 'Get a new pair of tokens',
    description:
      'The refresh token is replaced. The one just replaced is taken once more for 10 seconds, for a client whose answer ' +
      'got lost; any other use of a replaced token ends the session. A session ends after 30 days without use and after ' +
      '90 days in any case.',
    policy: { access: 'public' },
    idempotency: { none: 'the token that was just replaced is taken once more for 10 seconds.' },
    rateLimit: LIMITS.refreshByAddress,
    body: z.strictObject({ refreshToken: z.string().min(1).max(200) }),
    responses: { 200: { description: 'The new pair.', schema: tokens } },
    problems: { SESSION_OVER: { status: 401, when: 'the token is not good any more.' } },
    handle: async ({ body, security }) => {
      const session = await refreshSession(database, body.refreshToken);
      if (session === undefined || 'reusedBy' in session) {
        if (session === undefined) security('session.refresh_refused');
        else security('session.refresh_reused', { userId: session.reusedBy });
        throw new Problem(401, 'SESSION_OVER', 'This session is over. Sign in again.');
      }
      return { status: 200, body: await tokensOf(accessTokens, session) };
    },
  });
}

function signOutRoute({ database }: SessionRoutesDeps): Route {
  return route({
    method: 'delete',
    path: '/v1/sessions/current',
    operationId: 'signOut',
    tag: 'sessions',
    summary: 'Sign out',
    description: 'Ends the session at once: neither of its tokens is taken any more.',
    policy: { access: 'signed-in' },
    responses: { 204: { description: 'Signed out.', schema: null } },
    handle: async ({ caller, security }) => {
      const { sessionId, userId } = caller();
      await endSession(database, sessionId as SessionId, userId);
      security('session.signed_out', { userId });
      return { status: 204 };
    },
  });
}

async function tokensOf(accessTokens: AccessTokens, { sessionId, account, refreshToken }: OpenSession) {
  const accessToken = await accessTokens.sign({
    userId: account.id,
    sessionId,
    roles: account.roles,
    emailVerified: account.emailVerified,
  });
  return { accessToken, refreshToken, expiresIn: accessTokens.lifetimeSeconds, tokenType: 'Bearer' };
}
