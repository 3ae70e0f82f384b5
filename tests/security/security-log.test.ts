/** The security log: every event of its table comes up when it should, and no line names anybody. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { SECURITY_EVENTS, type SecurityEvent } from '../../platform/security-log.ts';
import { request } from '../helpers/client.ts';
import { type Person, verifiedBuyer } from '../helpers/people.ts';
import { stack } from '../helpers/stack.ts';
import { staffToken } from '../helpers/staff.ts';
import { waitFor } from '../helpers/wait-for.ts';

const lineSchema = z
  .object({ log: z.literal('security'), event: z.string(), level: z.enum(['info', 'warn']), message: z.string() })
  .loose();
type Line = z.infer<typeof lineSchema>;

/** What the processes have written so far, as text; and of it the lines of the security log. */
const written = (): string =>
  ['api', 'codec'].map((role) => readFileSync(join(stack().dataDir, 'logs', `${role}.log`), 'utf8')).join('\n');
const securityLines = (): Line[] =>
  written()
    .split('\n')
    .filter((line) => line.includes('"log":"security"'))
    .map((line) => lineSchema.parse(JSON.parse(line)));

const seen = new Set<string>();

/** Waits for a line of the event with these fields, written since `from` lines. */
async function expectEvent(event: SecurityEvent, fields: Record<string, unknown>, from: number): Promise<Line> {
  const find = (): Line | undefined =>
    securityLines()
      .slice(from)
      .find((line) => line.event === event && Object.entries(fields).every(([name, value]) => line[name] === value));
  await waitFor(async () => find() !== undefined, { what: `${event} to be logged`, timeoutMs: 5_000 });
  const line = find();
  if (line === undefined) throw new Error(`${event} vanished`);
  expect(line.level).toBe(SECURITY_EVENTS[event].level);
  for (const field of SECURITY_EVENTS[event].fields) expect(line).toHaveProperty(field);
  seen.add(event);
  return line;
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}
const signIn = (email: string, password: string) =>
  request<Tokens>('POST', '/v1/sessions', { body: { email, password } });
const refresh = (refreshToken: string) => request<Tokens>('POST', '/v1/sessions/refresh', { body: { refreshToken } });

const PASSWORD = 'a horse of another colour';
const email = `quirinius.${randomUUID()}@example.com`;
const DISPLAY_NAME = 'Quirinius Planted';
let userId: string;
let buyer: Person;
beforeAll(async () => {
  buyer = await verifiedBuyer();
  const body = {
    email,
    password: PASSWORD,
    displayName: DISPLAY_NAME,
    birthDate: '1990-05-01',
    country: 'DE',
    acceptedTerms: true,
  };
  userId = (await request<{ id: string }>('POST', '/v1/users', { body })).body.id;
});

test('signing in, failing to, and being made to wait', async () => {
  const from = securityLines().length;
  await signIn(email, PASSWORD);
  await expectEvent('session.signed_in', { userId, route: 'POST /v1/sessions' }, from);
  const tries = Array.from({ length: 22 }, () => 'Wrong-word');
  for (const password of tries) await signIn(email, password);
  const failed = await expectEvent('session.sign_in_failed', {}, from);
  await expectEvent('limit.reached', { limit: 'sign-in-account' }, from);
  // The same account and network each time, so that tries are seen together.
  const all = securityLines()
    .slice(from)
    .filter(({ event }) => event === 'session.sign_in_failed');
  expect(all.length).toBe(20);
  expect(new Set(all.map(({ account, network }) => `${String(account)} ${String(network)}`)).size).toBe(1);
  expect(String(failed['network'])).toMatch(/^[0-9a-f]{24}$/);
});

test('a refresh token that is unknown, and one that comes again', async () => {
  const from = securityLines().length;
  await refresh('unknown');
  await expectEvent('session.refresh_refused', {}, from);
  const other = await verifiedBuyer();
  const first = other.refreshToken;
  const second = await refresh(first);
  await refresh(second.body.refreshToken);
  expect((await refresh(first)).status).toBe(401);
  await expectEvent('session.refresh_reused', { userId: other.id }, from);
});

test('tokens that are none, and one of a session that is over', async () => {
  const from = securityLines().length;
  const me = (token: string) => request('GET', '/v1/me', { token });
  await me('not-a-token');
  await expectEvent('access.token_refused', { route: 'GET /v1/me' }, from);
  const leaver = await verifiedBuyer();
  await request('DELETE', '/v1/sessions/current', { token: leaver.accessToken });
  await expectEvent('session.signed_out', { userId: leaver.id }, from);
  expect((await me(leaver.accessToken)).status).toBe(401);
  await expectEvent('access.session_over', { userId: leaver.id }, from);
  // Nobody is suspected for not having signed in.
  const before = securityLines().length;
  await request('GET', '/v1/me');
  await request('GET', '/v1/listings');
  expect(securityLines().length).toBe(before);
});

test('routes for staff: tried by others, used by staff', async () => {
  const from = securityLines().length;
  await request('GET', '/v1/admin/cases', { token: buyer.accessToken });
  await expectEvent('access.forbidden', { userId: buyer.id, route: 'GET /v1/admin/cases' }, from);
  const staff = await staffToken('support');
  await request('GET', '/v1/admin/cases', { token: staff.accessToken });
  await expectEvent('staff.acted', { userId: staff.id, route: 'GET /v1/admin/cases' }, from);
});

test('a webhook that nobody signed', async () => {
  const from = securityLines().length;
  await request('POST', '/webhooks/stripe', { body: { id: 'evt_1' }, headers: { 'stripe-signature': 't=1,v1=00' } });
  await expectEvent('webhook.signature_refused', { route: 'POST /webhooks/stripe' }, from);
});

test('payloads that are decrypted, and some that are not', async () => {
  const from = securityLines().length;
  const base = stack().urls.codec;
  const encoding = Buffer.from('json/plain').toString('base64');
  const decode = (payloads: unknown[], headers: Record<string, string> = {}) =>
    request('POST', '/decode', { base, idempotencyKey: null, body: { payloads }, headers });
  await decode([{ metadata: { encoding }, data: Buffer.from('1').toString('base64') }]);
  const decoded = await expectEvent('payload.decoded', { payloads: 1 }, from);
  await request('POST', '/encode', {
    base,
    idempotencyKey: null,
    body: { payloads: [{ metadata: { encoding }, data: Buffer.from('1').toString('base64') }] },
  });
  const typed = await expectEvent('payload.encoded', { payloads: 1 }, from);
  // The same person, whose name is not in it.
  expect(decoded['person']).toMatch(/^[0-9a-f]{24}$/);
  expect(typed['person']).toBe(decoded['person']);
  await decode([], { origin: 'https://elsewhere.example' });
  await expectEvent('payload.decode_refused', { reason: 'origin' }, from);
  const sealed = { encoding: Buffer.from('binary/encrypted').toString('base64') };
  await decode([{ metadata: sealed, data: Buffer.from('nonsense').toString('base64') }]);
  await expectEvent('payload.decode_refused', { reason: 'payload' }, from);
});

test('every event of the table has come up', () => {
  expect(Object.keys(SECURITY_EVENTS).filter((event) => !seen.has(event))).toEqual([]);
});

test('no line names anybody', () => {
  const text = securityLines()
    .map((line) => JSON.stringify(line))
    .join('\n');
  expect(securityLines().length).toBeGreaterThan(30);
  for (const planted of [
    email,
    'quirinius',
    DISPLAY_NAME,
    PASSWORD,
    'Wrong-word',
    '@',
    '127.0.0.1',
    'not-a-token',
    'eyJ',
  ]) {
    expect(text, planted).not.toContain(planted);
  }
});
