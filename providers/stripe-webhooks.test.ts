import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readOnfidoEvent } from './onfido-webhooks.ts';
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
  typeof readStripeEvent(body, signature(body, ...secrets), SECRETS) === 'object';

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

const NO_EVENTS = [
  '[]',
  'null',
  '{}',
  '"evt_1"',
  '1',
  '',
  'not json',
  '{"id":"evt_1"}',
  '{"id":["evt_1"],"type":"a.b"}',
];

describe('a body that is signed, and no event', () => {
  test.each([...NO_EVENTS, '{"id":"evt_1","type":"a.b","account":{}}'])(
    'is told apart from one that is not signed: %s',
    (text) => {
      const body = Buffer.from(text);
      expect(readStripeEvent(body, signature(body, 'whsec_new'), SECRETS)).toBe('no_event');
      expect(readStripeEvent(body, signature(body, 'whsec_other'), SECRETS)).toBe('not_signed');
    },
  );

  test.each(['null', '[]', '{"object":null}', '{"object":[]}'])('is not what one is with data of %s', (data) => {
    const body = Buffer.from(`{"id":"evt_1","type":"a.b","data":${data}}`);
    const hint = {
      eventId: 'evt_1',
      eventType: 'a.b',
      accountId: null,
      objectId: null,
      purchaseId: null,
      paymentId: null,
    };
    expect(readStripeEvent(body, signature(body, 'whsec_new'), SECRETS)).toEqual(hint);
  });
});

describe('of Onfido, a body that is signed, and no event', () => {
  test.each([...NO_EVENTS, '{"payload":[]}', '{"payload":{"resource_type":"a","action":1}}'])(
    'is told apart from one that is not signed: %s',
    (text) => {
      const body = Buffer.from(text);
      const signed = createHmac('sha256', 'token').update(body).digest('hex');
      expect(readOnfidoEvent(body, signed, ['older', 'token'])).toBe('no_event');
      expect(readOnfidoEvent(body, signed, ['other'])).toBe('not_signed');
    },
  );
});
