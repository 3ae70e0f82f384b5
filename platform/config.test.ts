import { describe, expect, test } from 'vitest';
import { loadConfig } from './config.ts';

const LIVE = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://api.wellpact.test',
  DATABASE_URL: 'postgres://wellpact@database/wellpact',
  TEMPORAL_ADDRESS: 'temporal:7233',
  TEMPORAL_UI_URL: 'https://temporal.wellpact.test',
  PAYLOAD_KEYS: '2026-11:c2VjcmV0',
  FIELD_KEY: 'c2VjcmV0',
  TOKEN_SIGNING_KEY: '{}',
  LINK_KEY: 'c2VjcmV0',
  STRIPE_API_KEY: 'rk_live_1',
  STRIPE_WEBHOOK_SECRETS: 'whsec_1',
  STRIPE_CONNECT_WEBHOOK_SECRETS: 'whsec_2',
  ONFIDO_API_TOKEN: 'api_live.1',
  ONFIDO_WEBHOOK_TOKENS: 'word',
  ONFIDO_WORKFLOW_ID: 'b9b1d9a4-5f5c-4c3b-9f0e-2f1f3c8b7a11',
  SMTP_URL: 'smtps://mail.wellpact.test',
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
    const given = ['NODE_ENV', 'MAIL_FROM'];
    const expected = Object.keys(LIVE).filter((name) => !given.includes(name));
    expect(refused({ NODE_ENV: 'production', MAIL_FROM: LIVE.MAIL_FROM })).toEqual(expected);
  });

  test.each([
    ['PUBLIC_URL', 'http://api.wellpact.test'],
    ['PUBLIC_URL', 'https://localhost:3000'],
    ['PAYLOAD_KEYS', '2026-11:c2VjcmV0, local-1:c2VjcmV0'],
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
