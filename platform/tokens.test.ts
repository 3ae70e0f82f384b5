import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAccessTokens } from './tokens.ts';

const ISSUER = 'https://api.wellpact.example';

async function signingKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  return JSON.stringify(await exportJWK(privateKey));
}

const CLAIMS = { userId: 'usr_1', sessionId: 'ses_1', roles: ['member'], emailVerified: true };

afterEach(() => void vi.useRealTimers());

describe('access tokens', () => {
  it('carry who is calling', async () => {
    const tokens = await createAccessTokens(await signingKey(), ISSUER);
    expect(await tokens.verify(await tokens.sign(CLAIMS))).toEqual(CLAIMS);
  });

  it('are nobody else’s: not of another key, not of another issuer', async () => {
    const key = await signingKey();
    const tokens = await createAccessTokens(key, ISSUER);
    const otherKey = await createAccessTokens(await signingKey(), ISSUER);
    const otherIssuer = await createAccessTokens(key, 'https://staging.wellpact.example');
    for (const others of [otherKey, otherIssuer]) {
      expect(await tokens.verify(await others.sign(CLAIMS))).toBeUndefined();
    }
  });

  it('end with their time, also when they were good before', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout'] });
    const tokens = await createAccessTokens(await signingKey(), ISSUER);
    const token = await tokens.sign(CLAIMS);
    expect(await tokens.verify(token)).toEqual(CLAIMS);
    vi.advanceTimersByTime((tokens.lifetimeSeconds - 1) * 1_000);
    expect(await tokens.verify(token)).toEqual(CLAIMS);
    vi.advanceTimersByTime(10_000);
    expect(await tokens.verify(token)).toBeUndefined();
  });

  it('are not good for being like one that was', async () => {
    const tokens = await createAccessTokens(await signingKey(), ISSUER);
    const token = await tokens.sign(CLAIMS);
    await tokens.verify(token);
    const [header, payload, signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object;
    const raised = Buffer.from(JSON.stringify({ ...claims, roles: ['admin'] })).toString('base64url');
    expect(await tokens.verify(`${header}.${raised}.${signature}`)).toBeUndefined();
  });

  it.each([
    ['no JSON', '{'],
    ['an RSA key', '{"kty":"RSA"}'],
    ['a public key', '{"kty":"OKP","crv":"Ed25519","x":"AA"}'],
  ])('refuse %s as the signing key, without showing it', async (_what, key) => {
    await expect(createAccessTokens(key, ISSUER)).rejects.toThrow(
      /^TOKEN_SIGNING_KEY must be an Ed25519 private key as a JWK in JSON\.$/,
    );
  });
});
