import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { request } from '../helpers/client.ts';
import { stack } from '../helpers/stack.ts';

async function newcomersToken(): Promise<string> {
  const credentials = { email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
  const person = { displayName: 'Ann', birthDate: '1990-05-01', country: 'DE', acceptedTerms: true };
  expect((await request('POST', '/v1/users', { body: { ...credentials, ...person } })).status).toBe(201);
  return (await request<{ accessToken: string }>('POST', '/v1/sessions', { body: credentials })).body.accessToken;
}

describe('access tokens', () => {
  type Claims = Record<string, unknown>;
  let claims: Claims;
  let header: { alg: string; typ: string; kid: string };
  let jwk: JWK;

  beforeAll(async () => {
    const accessToken = await newcomersToken();
    const [head = '', body = ''] = accessToken.split('.');
    header = JSON.parse(Buffer.from(head, 'base64url').toString()) as typeof header;
    claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims;
    jwk = JSON.parse(stack().env['TOKEN_SIGNING_KEY'] ?? '') as JWK;
  });

  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = async (more: Claims, head: Record<string, unknown> = {}, key: JWK = jwk): Promise<string> =>
    new SignJWT({ ...claims, ...more }).setProtectedHeader({ ...header, ...head }).sign(await importJWK(key, 'EdDSA'));
  const statusOf = async (token: string): Promise<number> => (await request('GET', '/v1/me', { token })).status;
  const now = (): number => Math.floor(Date.now() / 1_000);

  it('are taken when they are ours', async () => {
    expect(await statusOf(await signed({}))).toBe(200);
    expect(header).toMatchObject({ alg: 'EdDSA', typ: 'at+jwt' });
    expect(claims).toMatchObject({ aud: 'wellpact-api', roles: ['member'], email_verified: false });
  });

  it('are refused in every forged form', async () => {
    const stranger = await generateKeyPair('EdDSA', { extractable: true });
    const strangerJwk = await exportJWK(stranger.privateKey);
    const publicBytes = Buffer.from(jwk.x ?? '', 'base64url');
    const ours = await signed({});
    const [head = '', body = '', signature = ''] = ours.split('.');
    const forged: Record<string, string> = {
      'alg none': `${encode({ alg: 'none', typ: 'at+jwt' })}.${body}.`,
      'alg None with our kid': `${encode({ ...header, alg: 'None' })}.${body}.`,
      'HS256 with the public key': await new SignJWT(claims)
        .setProtectedHeader({ ...header, alg: 'HS256' })
        .sign(publicBytes),
      'signature stripped': `${head}.${body}.`,
      'signature of another token': `${head}.${encode({ ...claims, roles: ['admin'] })}.${signature}`,
      'another key': await signed({}, {}, strangerJwk),
      'another key, embedded': await signed({}, { jwk: { kty: 'OKP', crv: 'Ed25519', x: strangerJwk.x } }, strangerJwk),
      'another key, by address': await signed({}, { jku: 'http://127.0.0.1:1/keys' }, strangerJwk),
      'another kid': await signed({}, { kid: '../../dev/null' }),
      'no kid': await signed({}, { kid: undefined }),
      'another typ': await signed({}, { typ: 'JWT' }),
      'another audience': await signed({ aud: 'somebody-else' }),
      'another issuer': await signed({ iss: 'https://evil.example' }),
      expired: await signed({ iat: now() - 700, exp: now() - 100 }),
      'too old, with a late expiry': await signed({ iat: now() - 3_600, exp: now() + 3_600 }),
      'from the future': await signed({ iat: now() + 300, exp: now() + 900 }),
      'not yet valid': await signed({ nbf: now() + 300 }),
      'without expiry': await signed({ exp: undefined }),
      'without session': await signed({ sid: undefined }),
      'another session': await signed({ sid: 'ses_0199c1a2b3c47d5e8f60718293a4b5c6' }),
      'another subject': await signed({ sub: 'usr_0199c1a2b3c47d5e8f60718293a4b5c6' }),
      'no token at all': 'token',
    };
    for (const [what, token] of Object.entries(forged)) expect(await statusOf(token), what).toBe(401);
  });

  it('do not decide about roles: the account does', async () => {
    const answer = await request<{ roles: string[]; emailVerified: boolean }>('GET', '/v1/me', {
      token: await signed({ roles: ['admin'], email_verified: true }),
    });
    expect(answer.body).toMatchObject({ roles: ['member'], emailVerified: false });
    const listing = await request('POST', '/v1/listings', { token: await signed({ email_verified: true }), body: {} });
    expect(listing).toMatchObject({ status: 403, body: { code: 'EMAIL_NOT_VERIFIED' } });
  });

  it('are asked for, and not looked at where nobody has to be signed in', async () => {
    const missing = await request('GET', '/v1/me');
    expect(missing.status).toBe(401);
    expect(missing.headers.get('www-authenticate')).toContain('Bearer');
    expect((await request('GET', '/v1/me', { headers: { authorization: 'Basic YTpi' } })).status).toBe(401);
    expect((await request('GET', '/healthz', { token: 'rubbish' })).status).toBe(200);
    expect((await request('GET', '/v1/listings', { token: 'rubbish' })).status).toBe(401);
  });
});
