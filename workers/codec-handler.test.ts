/** The codec server as the Temporal UI calls it: over HTTP, with tokens of an issuer whose keys it fetches. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../platform/config.ts';
import type { Logger } from '../platform/logging.ts';
import { createSecurityLog, type SecurityLog } from '../platform/security-log.ts';
import { EncryptionCodec, parsePayloadKeys } from '../platform/temporal/codec.ts';
import { type CodecAccess, codecAccess, createTokenAccess, LOCAL_ACCESS } from './codec-access.ts';
import { codecHandler } from './codec-handler.ts';

const ORIGIN = 'https://temporal.wellpact.example';
const ISSUER = 'https://login.wellpact.example/';
const AUDIENCE = 'temporal-ui';
const keys = parsePayloadKeys([`one:${randomBytes(32).toString('base64')}`]);
const servers: Server[] = [];
const ours = await generateKeyPair('RS256', { extractable: true });
const others = await generateKeyPair('RS256', { extractable: true });
let jwksUrl: string;

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  const jwk = { ...(await exportJWK(ours.publicKey)), kid: 'ours', alg: 'RS256', use: 'sig' };
  const issuer = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
  jwksUrl = await listen(issuer);
});
afterAll(() => {
  for (const server of servers) server.close();
});

const nothing = (): void => {};
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent };

const byToken = (url = jwksUrl): CodecAccess =>
  createTokenAccess({ jwksUrl: url, issuer: ISSUER, audience: AUDIENCE, roles: ['support'], rolesClaim: 'roles' });

const codec = (access: CodecAccess, httpsOnly = false, security: SecurityLog = SECURITY): Promise<string> => {
  const options = { keys, access, httpsOnly, allowedOrigin: ORIGIN, log: silent, security };
  return listen(createServer(codecHandler(options)));
};

const SECURITY = createSecurityLog({ role: 'test', key: randomBytes(32) });
const CLAIMS = { sub: 'somebody', iss: ISSUER, aud: AUDIENCE, roles: ['support'] };
const sign = (claims: Record<string, unknown> = CLAIMS, key = ours.privateKey, header = {}): Promise<string> =>
  new SignJWT({ exp: Math.floor(Date.now() / 1_000) + 60, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'ours', ...header })
    .sign(key);

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const typed = { metadata: { encoding: base64('json/plain') }, data: base64('{"note":"seen"}') };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly message: string; readonly payloads: (typeof typed)[] };
}

async function post(
  base: string,
  path: string,
  token?: string,
  body: unknown = { payloads: [typed] },
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${base}${path}`, {
    method: 'POST',
    headers: { origin: ORIGIN, ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}

describe('who may', () => {
  test('a token of the issuer with one of the roles decrypts and encrypts', async () => {
    const base = await codec(byToken());
    expect((await post(base, '/decode', await sign())).status).toBe(200);
    expect((await post(base, '/encode', await sign())).status).toBe(200);
    expect((await post(base, '/encode', await sign({ ...CLAIMS, roles: 'guest support' }))).status).toBe(200);
  });

  const soon = (seconds: number): number => Math.floor(Date.now() / 1_000) + seconds;
  test.each<[string, () => Promise<string | undefined>]>([
    ['none', async () => undefined],
    ['one that is no token', async () => 'abc'],
    ['one of somebody else’s key', () => sign(CLAIMS, others.privateKey)],
    ['one with an unknown key id', () => sign(CLAIMS, others.privateKey, { kid: 'others' })],
    ['one of another issuer', () => sign({ ...CLAIMS, iss: 'https://elsewhere.example/' })],
    ['one for another audience', () => sign({ ...CLAIMS, aud: 'wellpact-api' })],
    ['an expired one', () => sign({ ...CLAIMS, exp: soon(-60) })],
    ['one that is good later', () => sign({ ...CLAIMS, nbf: soon(60) })],
    ['one that names a person (in its header)', () => sign(CLAIMS, ours.privateKey, { typ: 'ID' })],
    ['one that names a person (in a claim)', () => sign({ ...CLAIMS, typ: 'ID' })],
    ['one that brings a new one', () => sign({ ...CLAIMS, typ: 'Refresh' })],
    ['one that never expires', () => sign({ ...CLAIMS, exp: undefined })],
    ['one without a signature', async () => `${base64('{"alg":"none"}')}.${base64(JSON.stringify(CLAIMS))}.x`],
    [
      'one signed with the public key as a secret',
      async () =>
        new SignJWT({ ...CLAIMS, exp: soon(60) })
          .setProtectedHeader({ alg: 'HS256', kid: 'ours' })
          .sign(Buffer.from(JSON.stringify(await exportJWK(ours.publicKey)))),
    ],
  ])('%s is 401, and nothing is decrypted', async (_what, token) => {
    const answer = await post(await codec(byToken()), '/decode', await token());
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(answer.body).not.toHaveProperty('payloads');
  });

  test.each(['JWT', 'at+jwt', 'application/at+jwt'])('one of the type %s is taken', async (typ) => {
    const base = await codec(byToken());
    expect((await post(base, '/decode', await sign(CLAIMS, ours.privateKey, { typ }))).status).toBe(200);
    expect((await post(base, '/decode', await sign({ ...CLAIMS, typ: 'Bearer' }))).status).toBe(200);
  });

  test('who it was is noted, as a keyed hash of what the issuer calls them', async () => {
    const lines: unknown[][] = [];
    const security = { ...SECURITY, note: (...line: unknown[]) => void lines.push(line) };
    const base = await codec(byToken(), false, security);
    await post(base, '/decode', await sign());
    await post(base, '/encode', await sign());
    await post(base, '/decode', await sign({ ...CLAIMS, sub: 'another', roles: [] }));
    await post(base, '/decode', 'abc');
    const [person, another] = ['somebody', 'another'].map((sub) => SECURITY.pseudonym(sub));
    expect(lines).toEqual([
      ['payload.decoded', { payloads: 1, person }],
      ['payload.encoded', { payloads: 1, person }],
      ['payload.decode_refused', { reason: 'forbidden', person: another }],
      ['payload.decode_refused', { reason: 'unauthenticated' }],
    ]);
  });

  test('an empty role is nobody’s', async () => {
    const access = createTokenAccess({
      jwksUrl,
      issuer: ISSUER,
      audience: AUDIENCE,
      roles: ['a', ''],
      rolesClaim: 'roles',
    });
    for (const roles of ['', ' ', ['']]) {
      expect((await post(await codec(access), '/decode', await sign({ ...CLAIMS, roles }))).status).toBe(403);
    }
  });

  test.each([[undefined], [[]], [['guest']], [{ support: true }], ['supporter'], [[['support']]]])(
    'the roles %j are none: 403',
    async (roles) => {
      expect((await post(await codec(byToken()), '/decode', await sign({ ...CLAIMS, roles }))).status).toBe(403);
    },
  );

  test('an issuer that does not answer is 503: nobody is admitted, and nobody told that their token is bad', async () => {
    const gone = createServer();
    const url = await listen(gone);
    gone.close();
    expect((await post(await codec(byToken(url)), '/decode', await sign())).status).toBe(503);
    const broken = await listen(createServer((_request, response) => response.writeHead(500).end()));
    expect((await post(await codec(byToken(broken)), '/decode', await sign())).status).toBe(503);
  });

  test('where HTTPS is demanded, a request that came without it is refused before its token is looked at', async () => {
    const base = await codec(byToken(), true);
    expect((await post(base, '/decode', await sign())).status).toBe(403);
    const overHttps = { 'x-forwarded-proto': 'https' };
    expect((await post(base, '/decode', await sign(), { payloads: [] }, overHttps)).status).toBe(200);
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
  });

  test('pages of other origins get nothing; a browser may send what the UI sends', async () => {
    const base = await codec(LOCAL_ACCESS);
    const elsewhere = { origin: 'https://elsewhere.example' };
    expect((await post(base, '/decode', undefined, { payloads: [] }, elsewhere)).status).toBe(403);
    const preflight = await fetch(`${base}/encode`, { method: 'OPTIONS', headers: { origin: ORIGIN } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/authorization/);
  });
});

describe('what it does', () => {
  test('what is typed is encrypted with the current key, bound to no workflow, and read back', async () => {
    const base = await codec(LOCAL_ACCESS);
    const sealed = (await post(base, '/encode')).body.payloads[0];
    const metadata = Object.entries(sealed?.metadata ?? {}).map(([name, value]) => [
      name,
      Buffer.from(value, 'base64').toString(),
    ]);
    expect(Object.fromEntries(metadata)).toEqual({
      encoding: 'binary/encrypted',
      'key-id': 'one',
      'bound-to': 'unbound',
    });
    expect(Buffer.from(sealed?.data ?? '', 'base64').includes('seen')).toBe(false);
    expect((await post(base, '/decode', undefined, { payloads: [sealed] })).body.payloads).toEqual([typed]);
  });

  test('what is encrypted is not encrypted once more', async () => {
    const base = await codec(LOCAL_ACCESS);
    const { payloads } = (await post(base, '/encode')).body;
    expect((await post(base, '/encode', undefined, { payloads })).status).toBe(422);
  });

  test('an altered payload is named, not decrypted', async () => {
    const base = await codec(LOCAL_ACCESS);
    const sealed = (await post(base, '/encode')).body.payloads[0];
    const moved = { ...sealed, metadata: { ...sealed?.metadata, 'bound-to': base64('default/purchase/pur_1') } };
    expect((await post(base, '/decode', undefined, { payloads: [moved] })).status).toBe(422);
  });

  test('a payload that belongs to a workflow is shown', async () => {
    const here = { type: 'workflow', namespace: 'default', workflowId: 'purchase/pur_1' } as const;
    const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"note":"seen"}') };
    const [sealed] = await new EncryptionCodec(keys).encode([plain], here);
    const payload = {
      metadata: Object.fromEntries(
        Object.entries(sealed?.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
      ),
      data: Buffer.from(sealed?.data ?? []).toString('base64'),
    };
    const base = await codec(LOCAL_ACCESS);
    expect((await post(base, '/decode', undefined, { payloads: [payload] })).body.payloads).toEqual([typed]);
  });

  test.each([
    ['no JSON', '{', 400],
    ['no payloads', {}, 400],
    ['payloads of another shape', { payloads: [{ metadata: { encoding: 1 } }] }, 400],
    ['data that asks for a buffer of its size', { payloads: [{ data: { length: 50_000_000 } }] }, 400],
    ['data that is a list', { payloads: [{ data: [1, 2, 3] }] }, 400],
    ['metadata that asks for one', { payloads: [{ metadata: { encoding: { length: 99_999_999_999 } } }] }, 400],
    ['no objects', { payloads: [null] }, 400],
    ['a megabyte', { payloads: [{ ...typed, data: 'A'.repeat(1_000_000) }] }, 413],
  ])('%s is refused', async (_what, body, status) => {
    expect((await post(await codec(LOCAL_ACCESS), '/encode', undefined, body)).status).toBe(status);
  });

  test('there is nothing else', async () => {
    const base = await codec(LOCAL_ACCESS);
    for (const path of ['/', '/decode/', '/toString']) expect((await post(base, path)).status).toBe(404);
  });
});

describe('its settings', () => {
  const given = {
    NODE_ENV: 'production' as const,
    CODEC_JWKS_URL: 'https://login.wellpact.example/jwks',
    CODEC_TOKEN_ISSUER: ISSUER,
    CODEC_TOKEN_AUDIENCE: AUDIENCE,
    CODEC_ROLES: ['support'],
    CODEC_ROLES_CLAIM: 'roles',
  };
  const none = { CODEC_JWKS_URL: undefined, CODEC_TOKEN_ISSUER: undefined, CODEC_TOKEN_AUDIENCE: undefined };

  test('in production everything that is missing is named at once', () => {
    const start = () => codecAccess({ ...given, ...none });
    expect(start).toThrow(ConfigError);
    expect(start).toThrow(/CODEC_JWKS_URL[\s\S]*CODEC_TOKEN_ISSUER[\s\S]*CODEC_TOKEN_AUDIENCE/);
    expect(() => codecAccess(given)).not.toThrow();
  });

  test('on a machine of one’s own no token is needed, unless some of it is given', () => {
    expect(codecAccess({ ...given, ...none, NODE_ENV: 'development' })).toBe(LOCAL_ACCESS);
    const half = { ...given, CODEC_TOKEN_ISSUER: undefined, NODE_ENV: 'development' } as const;
    expect(() => codecAccess(half)).toThrow(/CODEC_TOKEN_ISSUER/);
  });
});
