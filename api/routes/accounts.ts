import { z } from 'zod';
import { Problem } from '../../platform/errors.ts';
import { idFrom } from '../../platform/ids.ts';
import { isCountry } from '../../services/users/country-rules.ts';
import {
  type Account,
  changeProfile,
  createUser,
  getAccount,
  requestVerificationMail,
  verifyEmailByToken,
} from '../../services/users/index.ts';
import {
  isPasswordLongEnough,
  isPlausibleBirthDate,
  PASSWORD_LENGTH,
  SELLER_STATES,
} from '../../services/users/rules.ts';
import { unauthenticated } from '../authentication.ts';
import type { ApiDeps } from '../deps.ts';
import { LIMITS } from '../limits.ts';
import { etagOf, ifMatch } from '../preconditions.ts';
import { type Reply, type Route, route } from '../route.ts';
import { idOf, line, timestamp } from '../schemas.ts';

const email = z.email().max(254);
const country = z
  .string()
  .refine(isCountry, 'an ISO 3166-1 alpha-2 country code, in capitals')
  .meta({ override: { pattern: '^[A-Z]{2}$' }, example: 'DE' });
const displayName = line(1, 80);

const signUp = z
  .strictObject({
    email,
    password: z
      .string()
      .refine(isPasswordLongEnough, `${PASSWORD_LENGTH.minimum} to ${PASSWORD_LENGTH.maximum} characters`)
      .meta({ override: { minLength: PASSWORD_LENGTH.minimum, maxLength: PASSWORD_LENGTH.maximum } }),
    displayName,
    birthDate: z.iso
      .date()
      .refine((date) => isPlausibleBirthDate(date, new Date()), 'a date on which somebody alive can be born'),
    country,
    acceptedTerms: z.literal(true),
  })
  .meta({ id: 'SignUp' });

const account = z
  .object({
    id: idOf('usr'),
    email: z.string(),
    displayName: z.string(),
    emailVerified: z.boolean(),
    roles: z.array(z.string()),
    createdAt: timestamp,
  })
  .meta({ id: 'Account' });

const ownAccount = z
  .object({
    ...account.shape,
    birthDate: z.iso.date(),
    country: z.string(),
    sellerState: z.enum(SELLER_STATES),
    version: z.int(),
  })
  .meta({ id: 'OwnAccount' });

export type AccountRoutesDeps = Pick<ApiDeps, 'database' | 'rateLimits' | 'links'>;

/** Signing up, proving the e-mail address, and one's own account. */
export function accountRoutes(deps: AccountRoutesDeps): Route[] {
  return [signUpRoute(deps), verifyEmailRoute(deps), verificationMailRoute(deps), ...ownAccountRoutes(deps)];
}

function signUpRoute({ database, rateLimits }: AccountRoutesDeps): Route {
  return route({
    method: 'post',
    path: '/v1/users',
    operationId: 'signUp',
    tag: 'accounts',
    summary: 'Make an account',
    description:
      'A mail with a link is sent to the address; the link is good for 24 hours. An address belongs to one account, ' +
      'whatever its capitals.',
    policy: { access: 'public' },
    idempotency: 'replay',
    rateLimit: LIMITS.signUpByAddress,
    body: signUp,
    responses: { 201: { description: 'The account.', schema: account } },
    problems: {
      EMAIL_TAKEN: { status: 409, when: 'there is an account with this e-mail address.' },
      UNDER_AGE: { status: 422, when: 'the person is younger than 18.' },
      PASSWORD_IS_EMAIL: { status: 422, when: 'the password is the e-mail address.' },
    },
    handle: async ({ body, operationUuid, address }) => {
      const { acceptedTerms: _accepted, ...person } = body;
      try {
        const created = await createUser(database, { ...person, id: idFrom('usr', operationUuid) });
        return { status: 201, body: accountBody(created) };
      } catch (error) {
        // The answer tells a stranger that somebody has an account: told to one network address only so often.
        if (error instanceof Problem && error.code === 'EMAIL_TAKEN') {
          await rateLimits.consume(LIMITS.emailTakenByAddress, address);
        }
        throw error;
      }
    },
  });
}

function verifyEmailRoute({ database, links }: AccountRoutesDeps): Route {
  return route({
    method: 'post',
    path: '/v1/users/verify-email',
    operationId: 'verifyEmail',
    tag: 'accounts',
    summary: 'Prove an e-mail address',
    policy: { access: 'public' },
    idempotency: 'replay',
    rateLimit: LIMITS.verifyByAddress,
    body: z.strictObject({ token: z.string().min(1).max(200).meta({ description: 'From the link in the mail.' }) }),
    responses: {
      200: { description: 'Proven.', schema: z.object({ id: idOf('usr'), emailVerified: z.literal(true) }) },
    },
    problems: {
      VERIFICATION_LINK_INVALID: { status: 422, when: 'the token is not one of ours or too old.' },
      EMAIL_ALREADY_VERIFIED: { status: 409, when: 'the address is proven already: a token works once.' },
    },
    handle: async ({ body }) => {
      const id = await verifyEmailByToken(database, links, body.token, new Date());
      return { status: 200, body: { id, emailVerified: true } };
    },
  });
}

function verificationMailRoute({ database, rateLimits }: AccountRoutesDeps): Route {
  return route({
    method: 'post',
    path: '/v1/me/verification-mail',
    operationId: 'sendVerificationMail',
    tag: 'accounts',
    summary: 'Have the verification mail sent again',
    policy: { access: 'signed-in' },
    idempotency: 'replay',
    rateLimit: LIMITS.verificationMailByAddress,
    responses: { 204: { description: 'It is on its way.', schema: null } },
    problems: { EMAIL_ALREADY_VERIFIED: { status: 409, when: 'the address is proven already.' } },
    handle: async ({ caller }) => {
      await rateLimits.consume(LIMITS.verificationMailByAccount, caller().userId);
      await requestVerificationMail(database, caller().userId);
      return { status: 204 };
    },
  });
}

function ownAccountRoutes({ database }: AccountRoutesDeps): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/me',
      operationId: 'getMe',
      tag: 'accounts',
      summary: 'Read your account',
      policy: { access: 'signed-in' },
      responses: { 200: { description: 'Your account. `ETag` is for `If-Match`.', schema: ownAccount } },
      handle: async ({ caller }) => {
        const own = await getAccount(database, caller().userId);
        if (own === undefined) throw unauthenticated('There is no such account any more.', true);
        return ownAccountReply(own);
      },
    }),
    route({
      method: 'patch',
      path: '/v1/me',
      operationId: 'changeMe',
      tag: 'accounts',
      summary: 'Change your account',
      policy: { access: 'signed-in' },
      ifMatch: true,
      body: z
        .strictObject({ displayName: displayName.optional(), country: country.optional() })
        .meta({ id: 'AccountChange' }),
      responses: { 200: { description: 'Your account as it is now.', schema: ownAccount } },
      problems: {
        VERSION_CHANGED: { status: 412, when: 'the account has changed since.' },
        COUNTRY_FIXED: { status: 409, when: 'the country of a seller was checked.' },
      },
      handle: async ({ body, headers, caller }) =>
        ownAccountReply(await changeProfile(database, caller().userId, ifMatch(headers), body)),
    }),
  ];
}

function ownAccountReply(own: Account): Reply {
  return {
    status: 200,
    headers: { ETag: etagOf(own.version) },
    body: {
      ...accountBody(own),
      birthDate: own.birthDate,
      country: own.country,
      sellerState: own.sellerState,
      version: own.version,
    },
  };
}

function accountBody({ id, email, displayName, emailVerified, roles, createdAt }: Account) {
  return { id, email, displayName, emailVerified, roles, createdAt: createdAt.toISOString() };
}
