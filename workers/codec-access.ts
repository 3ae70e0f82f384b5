/** Who may have payloads decrypted and typed input encrypted: whoever holds a token of the Temporal UI with one of the roles. */
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { type Config, ConfigError } from '../platform/config.ts';

/** `unauthenticated`: no token that is good now. `forbidden`: a good one of somebody who has none of the roles. */
export type Verdict = 'admitted' | 'unauthenticated' | 'forbidden';

export interface Judgement {
  readonly verdict: Verdict;
  /** Who asks, as the issuer names them: of a good token alone. */
  readonly subject?: string;
}

export interface CodecAccess {
  /**
   * @param authorization the header of that name
   * @throws Error when the keys of the issuer cannot be had: whether the token is good is not known then
   */
  judge(authorization: string | undefined): Promise<Judgement>;
}

export interface TokenRules {
  /** Where the issuer publishes its keys. */
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
  /** One of them is enough. */
  readonly roles: readonly string[];
  /** The claim that holds them: an array, or a text with spaces between. */
  readonly rolesClaim: string;
}

/** On this machine alone, where the UI of the development server has no token to send. */
export const LOCAL_ACCESS: CodecAccess = { judge: async () => ({ verdict: 'admitted', subject: 'this machine' }) };

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 5;
const KEYS_TIMEOUT_MS = 5_000;

/** Algorithm, issuer and audience are stated by us; the issuer's keys are fetched, kept, and fetched again for a new one. */
export function createTokenAccess({ jwksUrl, issuer, audience, roles, rolesClaim }: TokenRules): CodecAccess {
  const keys = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: KEYS_TIMEOUT_MS });
  return {
    async judge(authorization) {
      const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(authorization ?? '')?.[1];
      if (token === undefined) return { verdict: 'unauthenticated' };
      try {
        const { payload, protectedHeader } = await jwtVerify(token, keys, {
          algorithms: ALGORITHMS,
          issuer,
          audience,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          requiredClaims: ['sub', 'exp'],
        });
        if (!isForAccess(protectedHeader.typ, payload['typ'])) return { verdict: 'unauthenticated' };
        const may = rolesIn(payload[rolesClaim]).some((role) => roles.includes(role));
        return { verdict: may ? 'admitted' : 'forbidden', subject: payload.sub ?? '' };
      } catch (error) {
        if (error instanceof errors.JOSEError && OF_THE_TOKEN.test(error.code)) return { verdict: 'unauthenticated' };
        throw error;
      }
    },
  };
}

/** What is wrong with a token; everything else is wrong with the issuer, or on the way there. */
const OF_THE_TOKEN =
  /^ERR_(JWT_|JWS_|JOSE_ALG_NOT_ALLOWED|JOSE_NOT_SUPPORTED|JWKS_NO_MATCHING_KEY|JWKS_MULTIPLE_MATCHING_KEYS)/;

/** Some issuers say what a token is for: in its header (RFC 9068), or in a claim. One that names a person is not for access. */
const isForAccess = (ofHeader: string | undefined, ofClaim: unknown): boolean =>
  (ofHeader === undefined || /^(application\/)?(at\+)?jwt$/i.test(ofHeader)) &&
  (ofClaim === undefined || (typeof ofClaim === 'string' && /^(bearer|(application\/)?(at\+)?jwt)$/i.test(ofClaim)));

function rolesIn(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((role) => role !== '');
  return Array.isArray(claim) ? claim.filter((role) => typeof role === 'string' && role !== '') : [];
}

type CodecSettings = Pick<
  Config,
  'NODE_ENV' | 'CODEC_JWKS_URL' | 'CODEC_TOKEN_ISSUER' | 'CODEC_TOKEN_AUDIENCE' | 'CODEC_ROLES' | 'CODEC_ROLES_CLAIM'
>;

/**
 * How this process checks who asks: by token in production, and elsewhere as soon as one of the settings for it is given.
 * @throws ConfigError naming everything that is missing for it
 */
export function codecAccess(config: CodecSettings): CodecAccess {
  const { CODEC_JWKS_URL, CODEC_TOKEN_ISSUER, CODEC_TOKEN_AUDIENCE } = config;
  const needed = { CODEC_JWKS_URL, CODEC_TOKEN_ISSUER, CODEC_TOKEN_AUDIENCE };
  const missing = Object.entries(needed).flatMap(([name, value]) => (value === undefined ? [name] : []));
  const isProduction = config.NODE_ENV === 'production';
  if (!isProduction && missing.length === Object.keys(needed).length) return LOCAL_ACCESS;
  const wrong = missing.map((name) => `  ${name}: missing. Without it nobody can be told from anybody else.`);
  if (wrong.length > 0) {
    throw new ConfigError(
      `The codec server needs these settings:\n${wrong.join('\n')}\nSee docs/reference/settings.md.`,
    );
  }
  return createTokenAccess({
    jwksUrl: CODEC_JWKS_URL ?? '',
    issuer: CODEC_TOKEN_ISSUER ?? '',
    audience: CODEC_TOKEN_AUDIENCE ?? '',
    roles: config.CODEC_ROLES,
    rolesClaim: config.CODEC_ROLES_CLAIM,
  });
}
