/** Our client of FCM against the sandbox's stand-in: each holds the other to Google's documents. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../platform/logging.ts';
import { createFcmPush } from '../../providers/fcm.ts';
import type { PushMessage } from '../../providers/push.ts';
import { pushApplication } from '../../sandbox/push/server.ts';
import type { Database } from '../../sandbox/store/database.ts';

/** Keeps what is stored; nothing else of a database is asked of it here. */
const stored: Array<readonly unknown[]> = [];
const database = {
  pool: {
    query: async (text: string, values: readonly unknown[] = []) => {
      if (text.startsWith('INSERT')) stored.push(values);
      return { rows: [{ id: String(stored.length) }] };
    },
  },
} as unknown as Database;

const pem = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

let server: Server;
let account: { projectId: string; clientEmail: string; privateKey: string; tokenUri: string };
let apiUrl: string;

beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  account = {
    projectId: 'sandbox',
    clientEmail: 'push@sandbox.example',
    privateKey: pem(),
    tokenUri: `${apiUrl}/token`,
  };
  const log = createLogger({ role: 'test', level: 'error' });
  const handle = pushApplication(database, log, account).callback();
  server.on('request', (request, response) => void handle(request, response));
});
afterAll(() => void server.close());

const push = (more: Partial<typeof account> = {}) =>
  createFcmPush({ account: { ...account, ...more }, apiUrl, timeoutMs: 5_000 });

const message = (token: string): PushMessage => ({
  token,
  title: 'You have a new order',
  body: 'Accept or decline it.',
  data: { name: 'purchase.authorised.seller' },
  collapseId: 'evt_0199c1a2b3c47d5e8f60718293a4b5c6',
  expiresAt: new Date(Date.now() + 3_600_000),
});

describe('a push', () => {
  it('is caught as it was sent', async () => {
    expect(await push().send(message('good'))).toBe('sent');
    const [token, sent] = stored.at(-1) ?? [];
    expect(token).toBe('good');
    expect(JSON.parse(String(sent))).toMatchObject({
      token: 'good',
      notification: { title: 'You have a new order' },
      apns: { headers: { 'apns-collapse-id': 'evt_0199c1a2b3c47d5e8f60718293a4b5c6' } },
      webpush: { headers: { Topic: '0199c1a2b3c47d5e8f60718293a4b5c6' } },
    });
  });

  it.each([
    ['unregistered-1', 'unregistered'],
    ['mismatch-1', 'unregistered'],
    ['invalid-1', 'refused'],
  ])('to %s is %s', async (token, outcome) => {
    expect(await push().send(message(token))).toBe(outcome);
  });

  it('that is not taken now can be sent again when the service asks for it', async () => {
    const sender = push();
    await expect(sender.send(message('unavailable-once-1'))).rejects.toMatchObject({ retryAfterMs: 1_000 });
    expect(await sender.send(message('unavailable-once-1'))).toBe('sent');
  });

  it('that FCM could not have sent is refused', async () => {
    expect(await push().send({ ...message('good'), data: { from: 'us' } })).toBe('refused');
  });

  it.each([
    ['with another key', { privateKey: pem() }],
    ['of another account', { clientEmail: 'other@sandbox.example' }],
    ['of another project', { projectId: 'other' }],
    ['with no service at all', { tokenUri: 'http://127.0.0.1:9/token' }],
  ])('%s is not taken, and the error names neither token nor key', async (_how, more) => {
    const error: unknown = await push(more)
      .send(message('secret-token'))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'PushUnavailable' });
    expect(String(error)).not.toMatch(/secret-token|PRIVATE/);
  });

  it('goes on after the access token was forgotten by the service', async () => {
    const sender = push();
    expect(await sender.send(message('good'))).toBe('sent');
    const log = createLogger({ role: 'test', level: 'error' });
    const handle = pushApplication(database, log, account).callback();
    server.removeAllListeners('request');
    server.on('request', (request, response) => void handle(request, response));
    await expect(sender.send(message('good'))).rejects.toThrow('401');
    expect(await sender.send(message('good'))).toBe('sent');
  });
});
