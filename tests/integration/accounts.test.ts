import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../platform/database.ts';
import { createLogger } from '../../platform/logging.ts';
import { request } from '../helpers/client.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Account {
  readonly id: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly version: number;
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

const PASSWORD = 'correct horse battery';
const newEmail = (): string => `Ann.${randomBytes(6).toString('hex')}@Example.com`;

const person = (more: Record<string, unknown> = {}) => ({
  email: newEmail(),
  password: PASSWORD,
  displayName: 'Ann',
  birthDate: '1990-05-01',
  country: 'DE',
  acceptedTerms: true,
  ...more,
});

const signUp = (body: Record<string, unknown>) => request<Account & { code: string }>('POST', '/v1/users', { body });
const signIn = (email: string, password = PASSWORD) =>
  request<Tokens & { code: string }>('POST', '/v1/sessions', { body: { email, password } });
const refresh = (refreshToken: string) =>
  request<Tokens & { code: string }>('POST', '/v1/sessions/refresh', { body: { refreshToken } });

async function newcomer(): Promise<Account & Tokens> {
  const body = person();
  const account = await signUp(body);
  expect(account.status).toBe(201);
  const tokens = await signIn(body.email);
  expect(tokens.status).toBe(201);
  return { ...account.body, ...tokens.body };
}

let database: Database;

beforeAll(() => {
  database = openDatabase({
    url: stack().databases.app,
    maxConnections: 4,
    applicationName: 'test',
    log: createLogger({ role: 'test', level: 'error' }),
  });
});

afterAll(() => database.close());

describe('signing up', () => {
  it('makes an account, with its audit entry and event, and says nothing of the password', async () => {
    const body = person();
    const { status, body: account } = await signUp(body);
    expect(status).toBe(201);
    expect(account).toEqual({
      id: expect.stringMatching(/^usr_[0-9a-f]{32}$/),
      email: body.email,
      displayName: 'Ann',
      emailVerified: false,
      roles: ['member'],
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    const audit = await database.query('SELECT action FROM audit.entries WHERE subject_id = $1', [account.id]);
    expect(audit.rows).toEqual([{ action: 'user.signed_up' }]);
    const stored = await database.query<{ password_hash: string }>(
      'SELECT password_hash FROM users.accounts WHERE id = $1',
      [account.id],
    );
    expect(stored.rows[0]?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('gives an address to one account, whatever its capitals', async () => {
    const first = person();
    expect((await signUp(first)).status).toBe(201);
    const second = await signUp(person({ email: first.email.toUpperCase() }));
    expect(second).toMatchObject({ status: 409, body: { code: 'EMAIL_TAKEN' } });
  });

  it('makes one account of sign-ups at the same time', async () => {
    const email = newEmail();
    const answers = await Promise.all(Array.from({ length: 8 }, () => signUp(person({ email }))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
  });

  it.each([
    ['a person under 18', { birthDate: `${new Date().getUTCFullYear() - 17}-01-01` }, 'UNDER_AGE'],
    [
      'the address as the password',
      { email: 'a.long.address@example.com', password: 'A.Long.Address@example.com' },
      'PASSWORD_IS_EMAIL',
    ],
  ])('refuses %s with 422', async (_what, more, code) => {
    expect(await signUp(person(more))).toMatchObject({ status: 422, body: { code } });
  });

  it.each([
    ['a short password', { password: 'ninechars' }],
    ['a password of nine characters in eighteen code units', { password: '🔑'.repeat(9) }],
    ['an endless password', { password: 'x'.repeat(129) }],
    ['a date that does not exist', { birthDate: '1990-02-30' }],
    ['a birth in the future', { birthDate: '2999-01-01' }],
    ['a country that does not exist', { country: 'XX' }],
    ['terms that are not accepted', { acceptedTerms: false }],
    ['an address that is none', { email: 'ann' }],
    ['a name that turns the direction of writing', { displayName: 'Ann \u202Eeil' }],
    ['a name of two lines', { displayName: 'Ann\nBcc: you@example.com' }],
    ['an injected role', { roles: ['admin'] }],
    ['an injected verification', { emailVerified: true }],
    ['an injected id', { id: 'usr_0199c1a2b3c47d5e8f60718293a4b5c6' }],
    ['an object as the address', { email: { $ne: '' } }],
  ])('refuses %s with 400 and stores nothing', async (_what, more) => {
    const body: Record<string, unknown> = person({ displayName: `Ann ${randomBytes(6).toString('hex')}`, ...more });
    expect((await signUp(body)).status).toBe(400);
    const { rowCount } = await database.query(
      'SELECT FROM users.accounts WHERE display_name = $1::text OR email = $2::text',
      [body['displayName'], JSON.stringify(body['email']).replaceAll('"', '')],
    );
    expect(rowCount).toBe(0);
  });

  it('takes a password of ten characters beyond the basic plane', async () => {
    const body = person({ password: '🔑'.repeat(10) });
    expect((await signUp(body)).status).toBe(201);
    expect((await signIn(body.email, body.password)).status).toBe(201);
  });
});

describe('verifying the address', () => {
  interface Mail {
    readonly messageId: string;
    readonly text: string;
  }

  const mailsTo = async (email: string): Promise<Mail[]> =>
    (await request<Mail[]>('GET', `/messages?to=${encodeURIComponent(email)}`, { base: stack().urls.mail })).body;

  /** The tokens of the mails to this address, once there are so many mails. */
  async function mailedTokens(email: string, count: number): Promise<string[]> {
    await waitFor(async () => (await mailsTo(email)).length >= count, { what: 'the mail', timeoutMs: 20_000 });
    return (await mailsTo(email)).map(({ text }) => /token=([\w.-]+)/.exec(text)?.[1] ?? '');
  }

  it('takes the token of the mail once', async () => {
    const account = await newcomer();
    const [token = ''] = await mailedTokens(account.email, 1);
    const verify = () => request('POST', '/v1/users/verify-email', { body: { token } });
    expect(await verify()).toMatchObject({ status: 200, body: { id: account.id, emailVerified: true } });
    expect(await verify()).toMatchObject({ status: 409, body: { code: 'EMAIL_ALREADY_VERIFIED' } });
    const me = await request<Account>('GET', '/v1/me', { token: account.accessToken });
    expect(me.body.emailVerified).toBe(true);
    const again = await request('POST', '/v1/me/verification-mail', { token: account.accessToken });
    expect(again).toMatchObject({ status: 409, body: { code: 'EMAIL_ALREADY_VERIFIED' } });
  });

  it('works by the page that the link opens, and only by its button', async () => {
    const account = await newcomer();
    const [token = ''] = await mailedTokens(account.email, 1);
    const page = await request<string>('GET', `/v1/users/verify-email?token=${token}`);
    expect(page.headers.get('content-type')).toContain('text/html');
    const me = () => request<Account>('GET', '/v1/me', { token: account.accessToken });
    expect((await me()).body.emailVerified).toBe(false);
    const action = /action="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const value = /name="token" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const submitted = await fetch(`${stack().urls.api}${action}`, {
      method: 'POST',
      body: new URLSearchParams({ token: value }),
    });
    expect(submitted.status).toBe(200);
    expect((await me()).body.emailVerified).toBe(true);
  });

  it('shows a token only as text', async () => {
    const page = await request<string>(
      'GET',
      `/v1/users/verify-email?token=${encodeURIComponent('"><script>1</script>')}`,
    );
    expect(page.status).toBe(200);
    expect(page.body).not.toContain('<script');
  });

  it('refuses tokens that were altered or belong to somebody else', async () => {
    const [ann, ben] = [await newcomer(), await newcomer()];
    const [token = ''] = await mailedTokens(ann.email, 1);
    const [, expiry, mac] = token.split('.');
    const forged = [
      `${ben.id}.${expiry}.${mac}`,
      `${ann.id}.zzzzzzzz.${mac}`,
      `${ann.id}.${expiry}.${'A'.repeat(43)}`,
      `${ann.id}.${expiry}`,
      'token',
    ];
    for (const wrong of forged) {
      const answer = await request('POST', '/v1/users/verify-email', { body: { token: wrong } });
      expect(answer).toMatchObject({ status: 422, body: { code: 'VERIFICATION_LINK_INVALID' } });
    }
  });

  it('sends the mail again when asked, a few times', async () => {
    const account = await newcomer();
    const ask = () => request('POST', '/v1/me/verification-mail', { token: account.accessToken });
    expect((await ask()).status).toBe(204);
    expect((await mailedTokens(account.email, 2)).length).toBe(2);
    const ids = (await mailsTo(account.email)).map(({ messageId }) => messageId);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^<evt_[0-9a-f]{32}\.usr_[0-9a-f]{32}@/);
    for (let asked = 2; asked <= 5; asked++) expect((await ask()).status).toBe(204);
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('signing in', () => {
  it('gives a short access token and a refresh token', async () => {
    const account = await newcomer();
    expect(account.expiresIn).toBe(600);
    expect(await request('GET', '/v1/me', { token: account.accessToken })).toMatchObject({
      status: 200,
      body: { id: account.id, sellerState: 'none', country: 'DE' },
    });
  });

  it('answers an unknown address and a wrong password alike', async () => {
    const { email } = await newcomer();
    const unknown = await signIn(newEmail());
    const wrong = await signIn(email, 'another password');
    expect(unknown.status).toBe(401);
    expect({ ...unknown.body, requestId: '' }).toEqual({ ...wrong.body, requestId: '' });
  });

  it('stops guessing at one account, and clears the count on success', async () => {
    const { email } = await newcomer();
    for (let wrong = 1; wrong <= 15; wrong++) await signIn(email, 'another password');
    expect((await signIn(email)).status).toBe(201);
    const tries = await Promise.all(Array.from({ length: 25 }, () => signIn(email, 'another password')));
    expect(tries.filter(({ status }) => status === 401).length).toBe(20);
    const refused = tries.find(({ status }) => status === 429);
    expect(refused?.body.code).toBe('TOO_MANY_REQUESTS');
    expect(refused?.headers.get('ratelimit')).toContain('"sign-in-account";r=0');
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    const bypass = await request('POST', '/v1/sessions', {
      body: { email: email.toUpperCase(), password: PASSWORD },
      headers: { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' },
    });
    expect(bypass.status).toBe(429);
  });

  it('says what is left of the limit', async () => {
    const { headers } = await signIn(newEmail());
    expect(headers.get('ratelimit-policy')).toMatch(/^"sign-in";q=\d+;w=3600$/);
    expect(headers.get('ratelimit')).toMatch(/^"sign-in";r=\d+;t=\d+$/);
  });
});

describe('staying signed in', () => {
  it('replaces the refresh token and ends the session when an old one comes back', async () => {
    const start = await newcomer();
    const second = await refresh(start.refreshToken);
    const third = await refresh(second.body.refreshToken);
    expect(third.status).toBe(200);
    expect(await refresh(start.refreshToken)).toMatchObject({ status: 401, body: { code: 'SESSION_OVER' } });
    expect((await refresh(third.body.refreshToken)).status).toBe(401);
    expect((await request('GET', '/v1/me', { token: third.body.accessToken })).status).toBe(401);
  });

  it('takes the token just replaced once more within 10 seconds, and no longer', async () => {
    const start = await newcomer();
    expect((await refresh(start.refreshToken)).status).toBe(200);
    const again = await refresh(start.refreshToken);
    expect(again.status).toBe(200);
    await database.query(
      `UPDATE users.sessions SET rotated_at = now() - interval '11 seconds' WHERE user_id = $1 AND ended_at IS NULL`,
      [start.id],
    );
    const next = await refresh(again.body.refreshToken);
    expect(next.status).toBe(200);
    await database.query(`UPDATE users.sessions SET rotated_at = now() - interval '11 seconds' WHERE user_id = $1`, [
      start.id,
    ]);
    expect((await refresh(again.body.refreshToken)).status).toBe(401);
    expect((await refresh(next.body.refreshToken)).status).toBe(401);
  });

  it('survives a client that refreshes with one token many times at once', async () => {
    const start = await newcomer();
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(start.refreshToken)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const last = answers.at(-1)?.body.refreshToken ?? '';
    expect((await refresh(last)).status).toBe(200);
  });

  it.each([['idle_until'], ['expires_at']])('ends a session whose %s has passed', async (column) => {
    const start = await newcomer();
    await database.query(`UPDATE users.sessions SET ${column} = now() WHERE user_id = $1`, [start.id]);
    expect((await refresh(start.refreshToken)).status).toBe(401);
    expect((await request('GET', '/v1/me', { token: start.accessToken })).status).toBe(401);
  });

  it('keeps no refresh token that could be used', async () => {
    const { refreshToken, id } = await newcomer();
    const { rows } = await database.query<{ stored: string }>(
      `SELECT encode(token_hash, 'base64') AS stored FROM users.refresh_tokens t JOIN users.sessions s
       ON s.id = t.session_id WHERE s.user_id = $1`,
      [id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.stored).not.toContain(refreshToken.slice(0, 20));
  });

  it('ends at once on signing out', async () => {
    const { accessToken, refreshToken } = await newcomer();
    expect((await request('DELETE', '/v1/sessions/current', { token: accessToken })).status).toBe(204);
    expect((await request('GET', '/v1/me', { token: accessToken })).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(401);
  });
});

describe('changing one’s account', () => {
  it('takes the ETag that was read, once', async () => {
    const { accessToken: token } = await newcomer();
    const read = await request<Account>('GET', '/v1/me', { token });
    const etag = read.headers.get('etag') ?? '';
    expect(etag).toBe(`"${read.body.version}"`);
    const change = (ifMatch: Record<string, string>, body: unknown = { displayName: 'Anna' }) =>
      request<Account>('PATCH', '/v1/me', { token, body, headers: ifMatch });
    expect(await change({})).toMatchObject({ status: 428, body: { code: 'IF_MATCH_REQUIRED' } });
    expect((await change({ 'if-match': `W/${etag}` })).status).toBe(412);
    const changed = await change({ 'if-match': etag });
    expect(changed).toMatchObject({ status: 200, body: { displayName: 'Anna', version: read.body.version + 1 } });
    expect(changed.headers.get('etag')).toBe(`"${read.body.version + 1}"`);
    expect(await change({ 'if-match': etag }, { displayName: 'Annika' })).toMatchObject({
      status: 412,
      body: { code: 'VERSION_CHANGED' },
    });
    expect((await change({ 'if-match': '*' }, { country: 'FR' })).status).toBe(200);
  });

  it('lets one of many changes from one version win', async () => {
    const { accessToken: token } = await newcomer();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_item, n) =>
        request('PATCH', '/v1/me', { token, body: { displayName: `Ann ${n}` }, headers: { 'if-match': '"1"' } }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(7);
  });

  it.each([
    ['roles', ['admin']],
    ['emailVerified', true],
    ['sellerState', 'verified'],
    ['email', 'x@example.com'],
  ])('refuses to change %s', async (field, value) => {
    const { accessToken: token } = await newcomer();
    const answer = await request('PATCH', '/v1/me', { token, body: { [field]: value }, headers: { 'if-match': '*' } });
    expect(answer.status).toBe(400);
  });
});
