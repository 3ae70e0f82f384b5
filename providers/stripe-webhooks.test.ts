import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readStripeEvent } from './stripe-webhooks.ts';

const SECRETS = { platform: ['whsec_new', 'whsec_old'], connect: ['whsec_accounts_new', 'whsec_accounts_old'] };

const event = (more: Record<string, unknown> = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      id: 'evt_1',
      object: 'event',
      type: 'payment_intent.canceled',
      data: { object: { id: 'pi_1', object: 'payment_intent', metadata: {} } },
      ...more,
    }),
  );

function signature(body: Buffer, ...secrets: readonly string[]): string {
  const at = Math.floor(Date.now() / 1_000);
  const digests = secrets.map((secret) =>
    createHmac('sha256', secret).update(`${at}.${body.toString()}`).digest('hex'),
  );
  return [`t=${at}`, ...digests.map((digest) => `v1=${digest}`)].join(',');
}

const isRead = (body: Buffer, ...secrets: readonly string[]): boolean =>
  readStripeEvent(body, signature(body, ...secrets), SECRETS) !== undefined;

describe('while a secret is being replaced', () => {
  test('events are read that are signed with the new one, the old one, or both', () => {
    expect(isRead(event(), 'whsec_new')).toBe(true);
    expect(isRead(event(), 'whsec_old')).toBe(true);
    expect(isRead(event(), 'whsec_old', 'whsec_new')).toBe(true);
    expect(isRead(event(), 'whsec_older')).toBe(false);
  });

  test('so are those of accounts, under secrets of their own', () => {
    const ofAccount = event({ account: 'acct_1', type: 'account.updated' });
    expect(isRead(ofAccount, 'whsec_accounts_new')).toBe(true);
    expect(isRead(ofAccount, 'whsec_accounts_old')).toBe(true);
    expect(isRead(ofAccount, 'whsec_new')).toBe(false);
    expect(isRead(event(), 'whsec_accounts_new')).toBe(false);
  });
});
