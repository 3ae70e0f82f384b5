import { calculateJwkThumbprint, importJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';

/** What an access token says of whoever holds it. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
  readonly roles: readonly string[];
  readonly emailVerified: boolean;
}

export interface AccessTokens {
  /** Seconds for which a new token is good. */
  readonly lifetimeSeconds: number;
  sign(claims: AccessClaims): Promise<string>;
  /** @returns undefined for whatever is not a token of ours that is good now; why is nobody's business but ours */
  verify(token: string): Promise<AccessClaims | undefined>;
}

const ACCESS_TOKEN_SECONDS = 600;
const ALGORITHM = 'EdDSA';
/** RFC 9068: keeps access tokens apart from any other JWT made with the same key. */
const TYPE = 'at+jwt';
const AUDIENCE = 'wellpact-api';
/** Clocks of two machines may differ by so much. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** Checking a signature costs more than all else of a read. Beyond so many tokens those that were not used lately are forgotten. */
const MAX_REMEMBERED = 10_000;

/**
 * Access tokens: JWTs signed with one Ed25519 key. Algorithm, type, issuer, audience and key id are all stated by us, so
 * nothing in a token's header chooses how it is checked.
 * @param signingKey the private key as a JWK in JSON (TOKEN_SIGNING_KEY)
 * @param issuer where the API is reached (PUBLIC_URL)
 * @throws Error naming the setting when it is not such a key
 */
export async function createAccessTokens(signingKey: string, issuer: string): Promise<AccessTokens> {
  const { keyId, privateKey, publicKey } = await readSigningKey(signingKey);
  /** What tokens said whose signature was good: that never changes. They are forgotten when their time is over. */
  const good = new LRUCache<string, AccessClaims>({
    max: MAX_REMEMBERED,
    ttl: ACCESS_TOKEN_SECONDS * 1_000,
    // Their time is a time of day.
    perf: { now: () => Date.now() },
  });
  return {
    lifetimeSeconds: ACCESS_TOKEN_SECONDS,
    sign: ({ userId, sessionId, roles, emailVerified }) =>
      new SignJWT({ sid: sessionId, roles, email_verified: emailVerified })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: keyId })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject(userId)
        .setIssuedAt()
        .setExpirationTime(`${ACCESS_TOKEN_SECONDS}s`)
        .sign(privateKey),
    async verify(token) {
      const remembered = good.get(token);
      if (remembered !== undefined) return remembered;
      const verified = await jwtVerify(token, publicKey, {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer,
        audience: AUDIENCE,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        // Also refuses tokens from the future, which `exp` alone would let through.
        maxTokenAge: ACCESS_TOKEN_SECONDS,
        requiredClaims: ['sub', 'sid', 'exp', 'iat'],
      }).catch(() => undefined);
      if (verified === undefined || verified.protectedHeader.kid !== keyId) return undefined;
      const { sub, sid, roles, exp, email_verified: emailVerified } = verified.payload;
      if (typeof sub !== 'string' || typeof sid !== 'string' || !isTexts(roles)) return undefined;
      const claims = { userId: sub, sessionId: sid, roles, emailVerified: emailVerified === true };
      const leftMs = (exp ?? 0) * 1_000 - Date.now();
      if (leftMs > 0) good.set(token, claims, { ttl: leftMs });
      return claims;
    },
  };
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

interface SigningKey {
  readonly keyId: string;
  readonly privateKey: Awaited<ReturnType<typeof importJWK>>;
  readonly publicKey: Awaited<ReturnType<typeof importJWK>>;
}

async function readSigningKey(text: string): Promise<SigningKey> {
  const wrong = (cause?: unknown): Error =>
    new Error('TOKEN_SIGNING_KEY must be an Ed25519 private key as a JWK in JSON.', { cause });
  let jwk: JWK;
  try {
    jwk = JSON.parse(text) as JWK;
  } catch (error) {
    throw wrong(error);
  }
  const { kty, crv, x, d } = jwk;
  if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined || d === undefined) throw wrong();
  return {
    keyId: await calculateJwkThumbprint({ kty, crv, x }),
    privateKey: await importJWK({ kty, crv, x, d }, ALGORITHM),
    publicKey: await importJWK({ kty, crv, x }, ALGORITHM),
  };
}
