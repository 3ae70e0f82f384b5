import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { conflict } from '../platform/errors.ts';
import type { LogFields, Logger } from '../platform/logging.ts';
import { createMetrics } from '../platform/metrics.ts';
import { createSecurityLog } from '../platform/security-log.ts';
import { createApp } from './app.ts';
import type { DispatchOptions } from './dispatch.ts';
import { type Caller, type Request, type Route, type RouteDefinition, route } from './route.ts';
import { listen, stopListening } from './server.ts';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

function recordingLogger(lines: Line[] = []): Logger & { lines: Line[] } {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ level, message, fields });
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => recordingLogger(lines),
  };
}

const closers: Array<() => Promise<unknown>> = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const SUPPORT: Caller = {
  userId: 'usr_0199c1a2b3c47d5e8f60718293a4b5c6',
  sessionId: 'ses_1',
  roles: ['support'],
  emailVerified: true,
};

/** The application with these routes, over real HTTP. Nothing here sends an Idempotency-Key or has a rate limit. */
async function serve(routes: readonly Route[], more: Partial<DispatchOptions> = {}) {
  const log = recordingLogger();
  const unused = () => Promise.reject(new Error('not used by these routes'));
  const app = createApp({
    routes,
    publicUrl: 'http://127.0.0.1',
    log,
    metrics: createMetrics('test'),
    security: createSecurityLog({ role: 'test', key: Buffer.alloc(32, 1) }),
    identify: async (token) => (token === 'support' ? SUPPORT : undefined),
    idempotency: { answer: unused },
    rateLimits: { consume: unused, reset: unused },
    replyCheck: 'fail',
    requestTimeoutMs: 1_000,
    ...more,
  });
  const handle = app.callback();
  const server = await listen((request, response) => void handle(request, response), '127.0.0.1', 0);
  closers.push(async () => {
    server.closeAllConnections();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  });
  return { log, server, base: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

type GetRoute = RouteDefinition<undefined, undefined, undefined>;

const get = (handle: GetRoute['handle'], more: Partial<GetRoute> = {}): Route =>
  route({
    method: 'get',
    path: '/thing',
    operationId: 'getThing',
    tag: 'test',
    summary: 'A thing',
    policy: { access: 'public' },
    responses: { 200: { description: 'It.', schema: z.object({ name: z.string() }) } },
    handle,
    ...more,
  });

describe('the error model', () => {
  it('tells of a refusal what the handler says', async () => {
    const { base } = await serve([get(() => Promise.reject(conflict('SOLD_OUT', 'Gone.', { left: 0 })))]);
    const response = await fetch(`${base}/thing`);
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: 'SOLD_OUT', title: 'Sold out', detail: 'Gone.', left: 0 });
  });

  it('tells of an accident nothing but the request id, and the log everything', async () => {
    const { base, log } = await serve([get(() => Promise.reject(new Error('column "secret" does not exist')))]);
    const response = await fetch(`${base}/thing`);
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).not.toMatch(/secret|at .*\.ts|Error/);
    expect(text).toContain(response.headers.get('x-request-id'));
    const [line] = log.lines.filter(({ level }) => level === 'error');
    expect(String(line?.fields['stack'])).toContain('column "secret"');
  });

  it('answers 503 when the database is away', async () => {
    const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const { base } = await serve([get(() => Promise.reject(away))]);
    const response = await fetch(`${base}/thing`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
  });

  it('writes one line a request, with the pattern of the route and no query', async () => {
    const { base, log } = await serve([get(async () => ({ status: 200, body: { name: 'x' } }))]);
    await fetch(`${base}/thing?token=verysecret`);
    const lines = log.lines.filter(({ message }) => message === 'request');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.fields).toMatchObject({ method: 'GET', route: '/thing', status: 400 });
    expect(JSON.stringify(log.lines)).not.toContain('verysecret');
  });
});

describe('the time of a request', () => {
  it('is bounded: 503, and the handler is told', async () => {
    const reasons: unknown[] = [];
    const never = ({ signal }: Request): Promise<never> => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      return new Promise(() => undefined);
    };
    const { base } = await serve([get(never)], { requestTimeoutMs: 50 });
    const response = await fetch(`${base}/thing`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(reasons).toHaveLength(1);
  });

  it('ends when the client goes', async () => {
    let started: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const aborted = new Promise<void>((resolve) => {
      const waiting = ({ signal }: Request): Promise<never> => {
        signal.addEventListener('abort', () => resolve());
        started();
        return new Promise(() => undefined);
      };
      void serve([get(waiting)]).then(async ({ base }) => {
        const client = new AbortController();
        const call = fetch(`${base}/thing`, { signal: client.signal });
        await running;
        client.abort();
        await expect(call).rejects.toThrow();
      });
    });
    await aborted;
  });

  it('is granted to requests in flight when the server stops, within bounds', async () => {
    let finish: () => void = () => undefined;
    const inFlight = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let started: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const slow: GetRoute['handle'] = async () => {
      started();
      await inFlight;
      return { status: 200, body: { name: 'slow' } };
    };
    const { base, server } = await serve([get(slow)]);
    const call = fetch(`${base}/thing`);
    await running;
    const stopped = stopListening(server, 5_000);
    await expect(fetch(`${base}/thing`)).rejects.toThrow();
    finish();
    expect((await call).status).toBe(200);
    expect(await stopped).toBe(true);
  });

  it('is cut at the end of the grace period', async () => {
    let started: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const never: GetRoute['handle'] = () => {
      started();
      return new Promise(() => undefined);
    };
    const { base, server } = await serve([get(never)]);
    const call = fetch(`${base}/thing`);
    await running;
    const outcome = expect(call).rejects.toThrow();
    expect(await stopListening(server, 50)).toBe(false);
    await outcome;
  });
});

describe('answers', () => {
  const wrong: Array<[string, { status: number; body?: unknown }]> = [
    ['a member too many', { status: 200, body: { name: 'x', passwordHash: 'y' } }],
    ['a member too few', { status: 200, body: {} }],
    ['another status', { status: 201, body: { name: 'x' } }],
    ['no body', { status: 200 }],
  ];

  it.each(wrong)('with %s than declared are 500 in tests, and said in the log elsewhere', async (_what, reply) => {
    const routes = [get(async () => reply)];
    const strict = await serve(routes);
    expect((await fetch(`${strict.base}/thing`)).status).toBe(500);
    const lenient = await serve(routes, { replyCheck: 'log' });
    expect((await fetch(`${lenient.base}/thing`)).status).toBe(reply.status);
    expect(lenient.log.lines.find(({ level }) => level === 'error')?.message).toContain('getThing answers');
    const production = await serve(routes, { replyCheck: 'off' });
    expect((await fetch(`${production.base}/thing`)).status).toBe(reply.status);
  });

  it('of what is not JSON carry their own type', async () => {
    const { base } = await serve([
      get(async () => ({ status: 200, body: '<p>' }), {
        responses: { 200: { description: 'A page.', schema: z.string(), contentType: 'text/html' } },
      }),
    ]);
    const response = await fetch(`${base}/thing`);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toBe('<p>');
  });
});

describe('policies', () => {
  it('of staff routes name the roles', async () => {
    const answer: GetRoute['handle'] = async ({ caller }) => ({ status: 200, body: { name: caller().userId } });
    const { base } = await serve([
      get(answer, { policy: { access: 'staff', roles: ['support', 'admin'] } }),
      get(answer, { policy: { access: 'staff', roles: ['finance'] }, path: '/money', operationId: 'getMoney' }),
    ]);
    const status = async (path: string, token?: string): Promise<number> =>
      (await fetch(base + path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })).status;
    expect(await status('/thing', 'support')).toBe(200);
    expect(await status('/money', 'support')).toBe(403);
    expect(await status('/thing')).toBe(401);
    expect(await status('/thing', 'other')).toBe(401);
  });
});

describe('raw bodies', () => {
  const webhook = route({
    method: 'post',
    path: '/hook',
    operationId: 'receive',
    tag: 'test',
    summary: 'A webhook',
    policy: { access: 'public' },
    idempotency: { none: 'a test' },
    rawBody: true,
    responses: { 200: { description: 'Hex.', schema: z.object({ hex: z.string() }) } },
    handle: async ({ rawBody }) => ({ status: 200, body: { hex: rawBody.toString('hex') } }),
  });

  it('arrive byte by byte, whatever their type', async () => {
    const { base } = await serve([webhook]);
    const bytes = Buffer.from([0x7b, 0x00, 0xff, 0x0a, 0x20]);
    const response = await fetch(`${base}/hook`, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': 'application/json', 'idempotency-key': 'ignored' },
    });
    expect(await response.json()).toEqual({ hex: bytes.toString('hex') });
  });

  it('have at most 256 KB', async () => {
    const { base } = await serve([webhook]);
    const send = async (size: number) =>
      (await fetch(`${base}/hook`, { method: 'POST', body: Buffer.alloc(size) })).status;
    expect(await send(256 * 1024)).toBe(200);
    expect(await send(256 * 1024 + 1)).toBe(413);
  });

  it('are for public routes without stored answers', () => {
    expect(() => route({ ...webhook, policy: { access: 'signed-in' } })).toThrow(TypeError);
    expect(() => route({ ...webhook, idempotency: 'replay' })).toThrow(TypeError);
  });
});
