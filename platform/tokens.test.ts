import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { createAccessTokens } from './tokens.ts';

const ISSUER = 'https://api.wellpact.example';

async function signingKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  return JSON.stringify(await exportJWK(privateKey));
}

const CLAIMS = { userId: 'usr_1', sessionId: 'ses_1', roles: ['member'], emailVerified: true };

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
