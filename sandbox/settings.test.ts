import { describe, expect, it } from 'vitest';
import { loadSettings } from './settings.ts';

const GIVEN = {
  SANDBOX_DATABASE_URL: 'postgres://sandbox@127.0.0.1:5433/sandbox',
  PUBLIC_URL: 'http://127.0.0.1:3000/',
  STRIPE_API_KEY: 'sk_test_1',
  STRIPE_WEBHOOK_SECRETS: 'whsec_new, whsec_old',
  STRIPE_CONNECT_WEBHOOK_SECRETS: 'whsec_connect',
  ONFIDO_API_TOKEN: 'api_sandbox.1',
  ONFIDO_WEBHOOK_TOKENS: 'token',
  FCM_CREDENTIALS: JSON.stringify({
    project_id: 'sandbox',
    client_email: 'push@sandbox.example',
    private_key: 'key',
    token_uri: 'http://127.0.0.1:12113/token',
  }),
  ONFIDO_WORKFLOW_ID: '6f6a1f5e-6b1d-4f0c-9a53-0d4a9d1a7d55',
};

describe('loadSettings', () => {
  it('moves every port and signs with the first secret of each list', () => {
    const settings = loadSettings({ ...GIVEN, PORT_OFFSET: '500', HOST: '0.0.0.0' });
    expect(settings.ports).toMatchObject({ stripe: 12_611, onfido: 12_612, mail: 8_525 });
    expect(settings.pagesUrl).toBe('http://127.0.0.1:12610');
    expect(settings.stripe).toMatchObject({
      webhookSecret: 'whsec_new',
      webhookUrl: 'http://127.0.0.1:3000/webhooks/stripe',
    });
  });

  it.each([
    ['STRIPE_API_KEY', 'sk_live_1'],
    ['STRIPE_API_KEY', 'rk_live_1'],
    ['PORT_OFFSET', '-1'],
    ['PORT_OFFSET', '60000'],
    ['ONFIDO_WORKFLOW_ID', 'none'],
    ['FCM_CREDENTIALS', 'no key file'],
  ])('refuses %s=%s and shows no value', (name, value) => {
    const load = () => loadSettings({ ...GIVEN, [name]: value });
    expect(load).toThrow(`  ${name}: `);
    expect(load).not.toThrow(value);
  });

  it('refuses production', () => {
    expect(() => loadSettings({ ...GIVEN, NODE_ENV: 'production' })).toThrow('never runs in production');
  });

  it('names everything that is missing at once', () => {
    expect(() => loadSettings({})).toThrow(/SANDBOX_DATABASE_URL: missing(.|\n)*FCM_CREDENTIALS: missing/);
  });
});
