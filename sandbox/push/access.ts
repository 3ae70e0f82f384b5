import { createPublicKey, randomBytes } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { SandboxSettings } from '../settings.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SCOPES = new Set([
  'https://www.googleapis.com/auth/firebase.messaging',
  'https://www.googleapis.com/auth/cloud-platform',
]);
const LIFETIME_SECONDS = 3_599;
const MAX_TOKENS = 1_000;

/** Google's access tokens by RFC 7523. They are forgotten at a restart: then the client is told 401 and asks again. */
export interface Access {
  /** @returns the answer of the token endpoint */
  grant(form: URLSearchParams): Promise<{ readonly status: number; readonly body: object }>;
  /** Whether the header carries a token that was granted and is still good. */
  isGranted(authorization: string | undefined): boolean;
}

export function createAccess({ clientEmail, privateKey, tokenUri }: SandboxSettings['fcm']): Access {
  const key = createPublicKey(privateKey);
  const granted = new Map<string, number>();
  const refused = (error: string, description: string) => ({
    status: 400,
    body: { error, error_description: description },
  });
  return {
    async grant(form) {
      if (form.get('grant_type') !== GRANT) return refused('unsupported_grant_type', 'Invalid grant_type');
      try {
        const { payload } = await jwtVerify(form.get('assertion') ?? '', key, {
          algorithms: ['RS256'],
          issuer: clientEmail,
          audience: tokenUri,
          maxTokenAge: '1 h',
        });
        if (!SCOPES.has(String(payload['scope']))) return refused('invalid_scope', 'Invalid OAuth scope');
      } catch {
        return refused('invalid_grant', 'Invalid JWT Signature.');
      }
      const token = `ya29.${randomBytes(24).toString('base64url')}`;
      granted.set(token, Date.now() + LIFETIME_SECONDS * 1_000);
      for (const oldest of granted.keys()) if (granted.size > MAX_TOKENS) granted.delete(oldest);
      return { status: 200, body: { access_token: token, expires_in: LIFETIME_SECONDS, token_type: 'Bearer' } };
    },
    isGranted: (authorization) => {
      const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
      return token !== undefined && (granted.get(token) ?? 0) > Date.now();
    },
  };
}
