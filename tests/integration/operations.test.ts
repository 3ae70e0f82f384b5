import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { portsFor } from '../../platform/ports.ts';
import { request } from '../helpers/client.ts';
import { figure } from '../helpers/figures.ts';
import { kill, stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

const base = (port: 'api' | 'relayOperations' | 'workerOperations'): string =>
  `http://127.0.0.1:${portsFor(stack().portOffset)[port]}`;

describe.each(['api', 'relayOperations', 'workerOperations'] as const)('%s', (port) => {
  it('lives and is ready, naming each thing it depends on', async () => {
    expect(await request('GET', '/healthz', { base: base(port) })).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
    const { status, body } = await request<{ checks: Record<string, string> }>('GET', '/readyz', { base: base(port) });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ready', checks: { database: 'ok' } });
    expect(Object.values(body.checks).every((state) => state === 'ok')).toBe(true);
  });

  it('shows figures of itself and of its connections', async () => {
    const { status, body } = await request<string>('GET', '/metrics', { base: base(port) });
    expect(status).toBe(200);
    expect(body).toContain('process_cpu_seconds_total');
    expect(figure(body, 'wellpact_database_connections', { use: 'busy' })).toBeGreaterThanOrEqual(0);
  });
});

describe('figures of the API', () => {
  it('counts requests by pattern of the route, never by path', async () => {
    const id = 'lst_0199c1a2b3c47d5e8f60718293a4b5c6';
    await request('GET', `/v1/listings/${id}`);
    await request('GET', '/somewhere/else');
    const { body } = await request<string>('GET', '/metrics');
    const count = 'wellpact_http_request_duration_seconds_count';
    expect(figure(body, count, { method: 'GET', route: '/v1/listings/{id}', status: '404' })).toBeGreaterThan(0);
    expect(figure(body, count, { method: 'GET', route: 'unmatched', status: '404' })).toBeGreaterThan(0);
    expect(body).not.toContain(id);
    expect(body).not.toContain('/somewhere/else');
  });
});

describe('figures of the relay', () => {
  it('says that it leads and how much waits', async () => {
    await waitFor(
      async () =>
        figure(
          (await request<string>('GET', '/metrics', { base: base('relayOperations') })).body,
          'wellpact_outbox_events_waiting',
        ) !== undefined,
      {
        what: 'figures to be gathered',
        timeoutMs: 20_000,
      },
    );
    const { body } = await request<string>('GET', '/metrics', { base: base('relayOperations') });
    expect(figure(body, 'wellpact_relay_leading')).toBe(1);
    expect(figure(body, 'wellpact_outbox_events_waiting')).toBeGreaterThanOrEqual(0);
    expect(figure(body, 'wellpact_outbox_oldest_event_seconds')).toBeGreaterThanOrEqual(0);
  });
});

describe('a relay that is killed', () => {
  it('loses no mail', async () => {
    const email = `${randomUUID()}@example.com`;
    const body = {
      email,
      password: 'correct horse battery',
      displayName: 'Ann',
      birthDate: '1990-05-01',
      country: 'DE',
      acceptedTerms: true,
    };
    const [signedUp] = await Promise.all([request('POST', '/v1/users', { body }), kill('relay')]);
    expect(signedUp.status).toBe(201);
    const mails = () =>
      request<Array<{ messageId: string }>>('GET', `/messages?to=${encodeURIComponent(email)}`, {
        base: stack().urls.mail,
      });
    await waitFor(async () => (await mails()).body.length > 0, { what: 'the mail', timeoutMs: 20_000 });
    expect(new Set((await mails()).body.map(({ messageId }) => messageId)).size).toBe(1);
  });
});
