/** Devices and notification preferences over HTTP: what is taken, what is refused, and whose is whose. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { request } from '../helpers/client.ts';
import { addDevice } from '../helpers/notifications.ts';
import { type Person, verifiedBuyer } from '../helpers/people.ts';

let ann: Person;
let ben: Person;
beforeAll(async () => {
  [ann, ben] = await Promise.all([verifiedBuyer(), verifiedBuyer()]);
});

interface Body {
  readonly id: string;
  readonly code: string;
  readonly detail: string;
  readonly errors?: ReadonlyArray<{ readonly path: string }>;
}

const register = (who: Person, body: unknown, idempotencyKey: string | null = randomUUID()) =>
  request<Body>('POST', '/v1/devices', { token: who.accessToken, body, idempotencyKey });
const remove = (who: Person, id: string) => request<Body>('DELETE', `/v1/devices/${id}`, { token: who.accessToken });
async function devicesOf(who: Person): Promise<readonly string[]> {
  const { status, body } = await request<{ data: readonly Body[] }>('GET', '/v1/devices', { token: who.accessToken });
  expect(status).toBe(200);
  return body.data.map(({ id }) => id);
}

describe('a device', () => {
  test('is registered, listed and removed; a repeat gives the same answer, and its token is never shown', async () => {
    const token = `token-${randomUUID()}`;
    const key = randomUUID();
    const first = await register(ann, { platform: 'ios', token }, key);
    expect(first).toMatchObject({ status: 201, body: { platform: 'ios' } });
    expect((await register(ann, { platform: 'ios', token }, key)).body).toEqual(first.body);
    expect((await register(ann, { platform: 'web', token }, key)).status).toBe(422);
    // An app that starts again registers again, under another key.
    expect((await register(ann, { platform: 'ios', token })).body.id).toBe(first.body.id);
    const list = await request('GET', '/v1/devices', { token: ann.accessToken });
    expect(JSON.stringify(list.body)).not.toContain(token);
    expect(await devicesOf(ann)).toEqual([first.body.id]);
    expect((await remove(ann, first.body.id)).status).toBe(204);
    expect((await remove(ann, first.body.id)).status).toBe(404);
    expect(await devicesOf(ann)).toEqual([]);
  });

  test('of somebody else is not found, and stays', async () => {
    const { id } = await addDevice(ben);
    expect(await remove(ann, id)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect(await devicesOf(ben)).toContain(id);
  });

  test('that changes hands belongs to whoever registered it last', async () => {
    const { id, token } = await addDevice(ben);
    const taken = await addDevice(ann, token);
    expect(taken.id).not.toBe(id);
    expect(await devicesOf(ben)).not.toContain(id);
    expect(await devicesOf(ann)).toContain(taken.id);
  });

  test('beyond the twentieth makes the oldest be forgotten', async () => {
    const carl = await verifiedBuyer();
    const ids: string[] = [];
    for (let n = 0; n < 21; n++) ids.push((await addDevice(carl)).id);
    expect(await devicesOf(carl)).toEqual(ids.slice(1).toReversed());
  });

  test.each([
    ['nothing', {}, 'body.platform'],
    ['an unknown platform', { platform: 'fridge', token: 'token-12345' }, 'body.platform'],
    ['no token', { platform: 'ios' }, 'body.token'],
    ['a token that is a number', { platform: 'ios', token: 12_345_678 }, 'body.token'],
    ['a token that is too short', { platform: 'ios', token: 'short' }, 'body.token'],
    ['a token that is too long', { platform: 'ios', token: 'x'.repeat(4_097) }, 'body.token'],
    ['a token with a line break', { platform: 'ios', token: 'token-1234\n5' }, 'body.token'],
    ['somebody else’s id', { platform: 'ios', token: 'token-12345', userId: 'usr_1' }, 'body'],
  ])('is refused with %s', async (_what, body, path) => {
    const before = await devicesOf(ann);
    const answer = await register(ann, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.some((error) => error.path.startsWith(path))).toBe(true);
    expect(await devicesOf(ann)).toEqual(before);
  });

  test('needs somebody who is signed in', async () => {
    expect((await request('POST', '/v1/devices', { body: { platform: 'ios', token: 'token-12345' } })).status).toBe(
      401,
    );
    expect((await request('GET', '/v1/devices')).status).toBe(401);
    expect((await request('GET', '/v1/notifications/preferences')).status).toBe(401);
    expect((await remove(ann, 'dev_1')).status).toBe(400);
  });
});

interface PreferencesBody extends Body {
  readonly timeZone: string | null;
  readonly timeZoneInUse: string;
  readonly version: number;
}

const PATH = '/v1/notifications/preferences';
const readPreferences = (who: Person) => request<PreferencesBody>('GET', PATH, { token: who.accessToken });
const say = (who: Person, body: unknown, ifMatch: string | undefined = '*') =>
  request<PreferencesBody>('PUT', PATH, {
    token: who.accessToken,
    body,
    ...(ifMatch !== '' && { headers: { 'if-match': ifMatch } }),
  });

const USUAL = { timeZone: null, email: true, push: true, quietHours: null };

describe('preferences', () => {
  test('are every channel at any time until something else is said, which is kept', async () => {
    const dora = await verifiedBuyer();
    const before = await readPreferences(dora);
    expect(before).toMatchObject({ status: 200, body: { ...USUAL, timeZoneInUse: 'Europe/Berlin', version: 0 } });
    const wishes = { timeZone: 'Asia/Tokyo', email: false, push: true, quietHours: { from: '22:00', until: '07:30' } };
    const said = await say(dora, wishes, before.headers.get('etag') ?? '');
    expect(said).toMatchObject({ status: 200, body: { ...wishes, timeZoneInUse: 'Asia/Tokyo', version: 1 } });
    const after = await readPreferences(dora);
    expect(after.body).toEqual(said.body);
    expect(after.headers.get('etag')).toBe('"1"');
    expect((await readPreferences(ann)).body).toMatchObject(USUAL);
  });

  test('are not changed by who has not seen them as they are', async () => {
    const emil = await verifiedBuyer();
    expect((await say(emil, { ...USUAL, push: false }, '"0"')).status).toBe(200);
    expect(await say(emil, USUAL, '"0"')).toMatchObject({ status: 412, body: { code: 'VERSION_CHANGED' } });
    expect((await say(emil, USUAL, '')).status).toBe(428);
    expect((await readPreferences(emil)).body).toMatchObject({ push: false, version: 1 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => say(emil, USUAL, '"1"')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(4);
  });

  test.each([
    ['a zone that is none', { timeZone: 'Europe/Atlantis' }, 'body.timeZone'],
    ['an offset for a zone', { timeZone: '+02:00' }, 'body.timeZone'],
    ['a number for a zone', { timeZone: 1 }, 'body.timeZone'],
    ['a word for yes', { email: 'yes' }, 'body.email'],
    ['an hour that is none', { quietHours: { from: '24:00', until: '07:00' } }, 'body.quietHours.from'],
    ['seconds', { quietHours: { from: '22:00:00', until: '07:00' } }, 'body.quietHours.from'],
    ['no end', { quietHours: { from: '22:00' } }, 'body.quietHours'],
    ['quiet hours that never end', { quietHours: { from: '22:00', until: '22:00' } }, 'body.quietHours'],
    ['something unknown', { sms: true }, 'body'],
    ['nothing of a channel', { push: undefined }, 'body.push'],
  ])('are refused with %s, and stay', async (_what, wrong, path) => {
    const before = (await readPreferences(ben)).body;
    const answer = await say(ben, { ...USUAL, ...wrong });
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.some((error) => error.path.startsWith(path))).toBe(true);
    expect((await readPreferences(ben)).body).toEqual(before);
  });
});
