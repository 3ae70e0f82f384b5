import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { request } from '../helpers/client.ts';
import { stack } from '../helpers/stack.ts';

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
  readonly errors?: ReadonlyArray<{ path: string; message: string }>;
}

/** Posts bytes as they are, which `fetch` would not do for every header and body below. */
function post(path: string, body: string | Buffer, headers: Record<string, string>) {
  return fetch(`${stack().urls.api}${path}`, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers });
}

const JSON_TYPE = { 'content-type': 'application/json' };
const SIGN_IN = JSON.stringify({ email: 'nobody@example.com', password: 'not a password' });

describe('what every answer has', () => {
  it('answers problems as RFC 9457 and names the request', async () => {
    const { status, headers, body } = await request<Problem>('GET', '/v1/nothing-here');
    expect(status).toBe(404);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({
      type: 'urn:wellpact:problem:no-such-route',
      title: 'No such route',
      status: 404,
      code: 'NO_SUCH_ROUTE',
      detail: expect.any(String),
    });
    expect(body.requestId).toBe(headers.get('x-request-id'));
  });

  it('takes over a well-formed X-Request-Id and replaces any other', async () => {
    const good = await request('GET', '/healthz', { headers: { 'x-request-id': 'client-7f3a.1' } });
    expect(good.headers.get('x-request-id')).toBe('client-7f3a.1');
    const bad = await request('GET', '/healthz', { headers: { 'x-request-id': 'a b"c' } });
    expect(bad.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('says which methods a path takes', async () => {
    const { status, headers, body } = await request<Problem>('PUT', '/v1/users');
    expect(status).toBe(405);
    expect(headers.get('allow')).toContain('POST');
    expect(body.code).toBe('METHOD_NOT_ALLOWED');
  });

  it('sends security headers and forbids caching', async () => {
    const { headers } = await request('GET', '/healthz');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
  });
});

describe('bodies', () => {
  it.each([
    ['half a JSON text', '{"email":"a@example.com"'],
    ['a text that is no JSON', 'email=a'],
    ['a member called __proto__', '{"email":"a@example.com","password":"x","__proto__":{"roles":["admin"]}}'],
    ['a nested member called __proto__', '{"email":{"__proto__":1},"password":"x"}'],
    ['a member that is there twice', '{"email":"a@example.com","password":"x","email":"b@example.com"}'],
    ['the same in other letters', '{"email":"a@example.com","password":"x","\\u0065mail":"b@example.com"}'],
    ['a NUL character', '{"email":"a\\u0000@example.com","password":"x"}'],
    ['half a surrogate pair', '{"email":"a\\ud800@example.com","password":"x"}'],
  ])('refuses %s with 400', async (_what, body) => {
    const response = await post('/v1/sessions', body, JSON_TYPE);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'MALFORMED_BODY' });
  });

  it('refuses bytes that are no UTF-8 with 400', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"email":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('","password":"x"}'),
    ]);
    const response = await post('/v1/sessions', bytes, JSON_TYPE);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'MALFORMED_BODY' });
  });

  it.each([
    ['another content type', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a compressed body', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
  ])('refuses %s with 415', async (_what, headers) => {
    const response = await post('/v1/sessions', SIGN_IN, headers);
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  it('refuses more than 1 MB with 413, whether the length is announced or not', async () => {
    const announced = await post('/v1/sessions', Buffer.alloc(1024 * 1024 + 1, 0x20), JSON_TYPE);
    expect(announced.status).toBe(413);
    expect(await announced.json()).toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(await postInChunks('/v1/sessions', 40, Buffer.alloc(64 * 1024, 0x20))).toBe(413);
  });

  it('takes exactly 1 MB', async () => {
    const padded = SIGN_IN.padEnd(1024 * 1024, ' ');
    expect((await post('/v1/sessions', padded, JSON_TYPE)).status).toBe(401);
  });
});

describe('fields', () => {
  it('names every wrong field at once', async () => {
    const { status, body } = await request<Problem>('POST', '/v1/sessions', {
      body: { email: 5, otp: '1', role: 'admin' },
    });
    expect(status).toBe(400);
    expect(body.code).toBe('INVALID_REQUEST');
    expect(body.errors?.map(({ path }) => path).toSorted()).toEqual([
      'body.email',
      'body.otp',
      'body.password',
      'body.role',
    ]);
  });

  it.each([[[]], ['text'], [null], [7]])('refuses a body that is no object: %j', async (body) => {
    expect((await request('POST', '/v1/sessions', { body })).status).toBe(400);
  });

  it('refuses unknown and repeated query parameters', async () => {
    const unknown = await request<Problem>('GET', '/v1/listings?color=red');
    expect(unknown.status).toBe(400);
    expect(unknown.body.errors?.[0]?.path).toBe('query.color');
    expect((await request('GET', '/v1/listings?limit=1&limit=2')).status).toBe(400);
    expect((await request('GET', '/v1/listings?__proto__=1')).status).toBe(400);
  });

  it('refuses ids of another form', async () => {
    for (const id of ['lst_1', 'usr_0199c1a2b3c47d5e8f60718293a4b5c6', '%00', "'%20OR%201=1", '..%2f..%2fetc']) {
      expect((await request('GET', `/v1/listings/${id}`)).status).toBe(400);
    }
  });
});

describe('the reference', () => {
  interface Operation {
    readonly operationId: string;
    readonly description?: string;
    readonly security?: ReadonlyArray<Record<string, unknown>>;
    readonly responses: Record<string, unknown>;
  }

  it('is OpenAPI 3.1 and says of every operation who may call it', async () => {
    const { body } = await request<{ openapi: string; paths: Record<string, Record<string, Operation>> }>(
      'GET',
      '/openapi.json',
    );
    expect(body.openapi).toMatch(/^3\.1\./);
    const operations = Object.values(body.paths).flatMap((path) => Object.values(path));
    expect(operations.map(({ operationId }) => operationId)).toEqual(
      expect.arrayContaining(['signUp', 'signIn', 'getMe', 'createListing', 'getReadiness']),
    );
    for (const operation of operations) {
      expect(operation.description).toContain('**Who:**');
      expect(Object.keys(operation.responses).length).toBeGreaterThan(1);
    }
  });

  it('is true about who may call: nobody else gets as far as the input', async () => {
    const { body } = await request<{ paths: Record<string, Record<string, Operation>> }>('GET', '/openapi.json');
    const unverified = await signedInUnverified();
    const operations = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method })),
    );
    const forMembers = operations.filter(({ security }) => security?.[0] !== undefined && 'accessToken' in security[0]);
    expect(forMembers.length).toBeGreaterThan(10);
    for (const { path, method, operationId, description } of forMembers) {
      const call = (token?: string) =>
        request<Problem>(
          method.toUpperCase() as 'GET',
          path.replace('{id}', 'x'),
          token === undefined ? {} : { token },
        );
      expect((await call()).status, operationId).toBe(401);
      expect((await call('rubbish')).status, operationId).toBe(401);
      if (description?.includes('with a verified e-mail address') !== true) continue;
      expect(await call(unverified), operationId).toMatchObject({ status: 403, body: { code: 'EMAIL_NOT_VERIFIED' } });
    }
  });

  it('has readable pages that load nothing from elsewhere', async () => {
    const page = await request<string>('GET', '/docs');
    expect(page.status).toBe(200);
    const loaded = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(loaded.length).toBeGreaterThan(2);
    for (const path of loaded) {
      expect(path).toMatch(/^\/docs\//);
      expect((await request('GET', path)).status).toBe(200);
    }
    for (const path of ['/docs/constructor', '/docs/../package.json', '/docs/%2e%2e/package.json', '/docs/']) {
      expect((await request('GET', path)).status).toBe(404);
    }
  });
});

/** The access token of somebody who has not proven their address. */
async function signedInUnverified(): Promise<string> {
  const credentials = { email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
  const person = { displayName: 'Ann', birthDate: '1990-05-01', country: 'DE', acceptedTerms: true };
  await request('POST', '/v1/users', { body: { ...credentials, ...person } });
  return (await request<{ accessToken: string }>('POST', '/v1/sessions', { body: credentials })).body.accessToken;
}

/** Sends a body without Content-Length. @returns the status of the answer */
function postInChunks(path: string, count: number, chunk: Buffer): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(`${stack().urls.api}${path}`, { method: 'POST', headers: JSON_TYPE }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    outgoing.on('error', reject);
    for (let sent = 0; sent < count; sent++) outgoing.write(chunk);
    outgoing.end();
  });
}
