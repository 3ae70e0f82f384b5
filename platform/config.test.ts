import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadConfig } from './config.ts';

const KEY = 'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=';

/** As in tests/helpers/payload-key.ts. */
const TEST_KEY = createHash('sha256').update('recorded histories').digest('base64');

const LIVE = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://api.wellpact.test',
  DATABASE_URL: 'postgres://wellpact@database/wellpact?sslmode=verify-full',
  TEMPORAL_ADDRESS: 'temporal:7233',
  TEMPORAL_TLS: 'true',
  TEMPORAL_UI_URL: 'https://temporal.wellpact.test',
  PAYLOAD_KEYS: `2026-11:${KEY}`,
  FIELD_KEY: KEY,
  TOKEN_SIGNING_KEY: JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: 'x', d: 'd' }),
  LINK_KEY: KEY,
  STRIPE_API_KEY: 'rk_live_1',
  STRIPE_WEBHOOK_SECRETS: 'whsec_1',
  STRIPE_CONNECT_WEBHOOK_SECRETS: 'whsec_2',
  ONFIDO_API_TOKEN: 'api_live.1',
  ONFIDO_WEBHOOK_TOKENS: 'word',
  ONFIDO_WORKFLOW_ID: 'b9b1d9a4-5f5c-4c3b-9f0e-2f1f3c8b7a11',
  SMTP_URL: 'smtps://mail.wellpact.test',
  OBJECT_STORE: 'https://s3.wellpact.test/evidence',
  VIRUS_SCANNER: 'tcp://clamd:3310',
  MAIL_FROM: 'Wellpact <no-reply@wellpact.test>',
  FCM_CREDENTIALS: JSON.stringify({
    project_id: 'p',
    client_email: 'push@p.test',
    private_key: 'k',
    token_uri: 'https://oauth2.googleapis.com/token',
  }),
};

/** The names of the settings that an environment is refused for. */
function refused(env: Record<string, string>): string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    return [...String(error).matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name ?? '');
  }
}

describe('in production', () => {
  test('settings of outside services are taken', () => {
    expect(loadConfig(LIVE)).toMatchObject({ NODE_ENV: 'production', STRIPE_API_URL: 'https://api.stripe.com' });
  });

  test('everything that is missing is named at once', () => {
    const given = ['NODE_ENV', 'MAIL_FROM', 'TEMPORAL_TLS'];
    const expected = Object.keys(LIVE).filter((name) => !given.includes(name));
    expect(refused({ NODE_ENV: 'production', MAIL_FROM: LIVE.MAIL_FROM }).toSorted()).toEqual(expected.toSorted());
  });

  test.each([
    ['PUBLIC_URL', 'http://api.wellpact.test'],
    ['PUBLIC_URL', 'https://localhost:3000'],
    ['PAYLOAD_KEYS', `2026-11:${KEY}, local-1:${KEY}`],
    ['PAYLOAD_KEYS', `2026-11:${KEY},2026-10:${'A'.repeat(43)}=`],
    ['PAYLOAD_KEYS', `2026-11:${Buffer.alloc(32, 7).toString('base64')}`],
    ['PAYLOAD_KEYS', `test:${KEY}`],
    ['PAYLOAD_KEYS', `2026-11:${TEST_KEY}`],
    ['PAYLOAD_KEYS', `2026-11:${KEY}, old:${TEST_KEY}`],
    ['FIELD_KEY', `${'A'.repeat(43)}=`],
    ['LINK_KEY', `${'A'.repeat(43)}=`],
    ['TEMPORAL_UI_URL', 'http://temporal.wellpact.test'],
    ['FCM_CREDENTIALS', LIVE.FCM_CREDENTIALS.replace('https://oauth2.googleapis.com', 'http://127.0.0.1:12113')],
    ['SMTP_URL', 'smtp://mail.wellpact.test'],
    ['DATABASE_URL', 'postgres://wellpact@database/wellpact'],
    ['DATABASE_URL', 'postgres://wellpact@database/wellpact?sslmode=no-verify'],
    ['STRIPE_API_KEY', 'sk_test_1'],
    ['STRIPE_API_URL', 'http://127.0.0.1:12111'],
    ['ONFIDO_API_TOKEN', 'api_sandbox.1'],
    ['ONFIDO_API_URL', 'https://127.0.0.1:12112/v3.6'],
    ['FCM_API_URL', 'http://127.0.0.1:12113'],
    ['MAIL_FROM', 'Wellpact <no-reply@wellpact.example>'],
  ])('%s is refused when it belongs to a sandbox, and not shown', (name, value) => {
    expect(refused({ ...LIVE, [name]: value })).toEqual([name]);
    expect(() => loadConfig({ ...LIVE, [name]: value })).not.toThrow(value);
    expect(refused({ ...LIVE, NODE_ENV: 'development', [name]: value })).toEqual([]);
  });

  test('what belongs to a sandbox and what is missing are named together', () => {
    const { LINK_KEY: _, ...without } = LIVE;
    expect(refused({ ...without, STRIPE_API_KEY: 'sk_test_1' })).toEqual(['LINK_KEY', 'STRIPE_API_KEY']);
  });
});

describe('without TLS in production', () => {
  const { TEMPORAL_TLS: _, ...silent } = LIVE;

  test('Temporal on another machine is refused, unless that is said', () => {
    expect(refused(silent)).toEqual(['TEMPORAL_TLS']);
    expect(refused({ ...silent, TEMPORAL_TLS: 'false' })).toEqual([]);
    expect(refused({ ...silent, TEMPORAL_ADDRESS: '127.0.0.1:7233' })).toEqual([]);
    expect(refused({ ...silent, NODE_ENV: 'development' })).toEqual([]);
  });

  test('an API key is never sent; by itself it turns TLS on', () => {
    expect(refused({ ...silent, TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: 'k' })).toEqual(['TEMPORAL_API_KEY']);
    expect(loadConfig({ ...silent, TEMPORAL_API_KEY: 'k' }).temporal.connection).toMatchObject({
      apiKey: 'k',
      tls: true,
    });
  });

  test.each(['postgres://u:p@database/w?sslmode=disable', 'postgres://u:p@127.0.0.1/w'])(
    '%s is a private way to the database',
    (url) => {
      expect(refused({ ...LIVE, DATABASE_URL: url })).toEqual([]);
    },
  );

  test.each(['smtp://mail.wellpact.test?requireTLS=true', 'smtp://127.0.0.1:25'])(
    '%s is a private way to the mail server',
    (url) => {
      expect(refused({ ...LIVE, SMTP_URL: url })).toEqual([]);
    },
  );
});

test.each([
  ['FIELD_KEY', 'c2VjcmV0'],
  ['LINK_KEY', 'c2VjcmV0'],
  ['PAYLOAD_KEYS', '2026-11:c2VjcmV0'],
  ['PAYLOAD_KEYS', KEY],
  ['CODEC_ROLES', 'support,'],
  ['CODEC_ROLES', 'support,,finance'],
  ['STRIPE_WEBHOOK_SECRETS', 'whsec_1,'],
  ['TOKEN_SIGNING_KEY', '{}'],
  ['TOKEN_SIGNING_KEY', 'secret'],
])('%s that cannot work is refused before anything is started', (name, value) => {
  expect(refused({ ...LIVE, [name]: value })).toEqual([name]);
});
