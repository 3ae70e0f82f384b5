import { afterEach, describe, expect, it } from 'vitest';
import type { Logger } from './logging.ts';
import { createMetrics } from './metrics.ts';
import { CHECK_TIMEOUT_MS, checkReadiness } from './operations-readiness.ts';
import { type OperationsServer, startOperationsServer } from './operations-server.ts';

const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
};

const open: OperationsServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(checks: Record<string, () => Promise<unknown>>): Promise<string> {
  const server = await startOperationsServer({
    host: '127.0.0.1',
    port: 0,
    metrics: createMetrics('test'),
    checks: Object.entries(checks).map(([name, check]) => ({ name, check })),
    log: quiet,
  });
  open.push(server);
  return `http://127.0.0.1:${server.port}`;
}

describe('the operations server', () => {
  it('is ready when everything answers', async () => {
    const base = await start({ database: async () => 'yes' });
    const response = await fetch(`${base}/readyz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ready', checks: { database: 'ok' } });
  });

  it('names what fails, not why, and lives all the same', async () => {
    const base = await start({ database: () => Promise.reject(new Error('password wrong')), temporal: async () => 1 });
    const response = await fetch(`${base}/readyz`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ status: 'not_ready', checks: { database: 'failing', temporal: 'ok' } });
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
  });

  it('is ready without what it is spared, and says so', async () => {
    const away = { name: 'temporal', check: () => Promise.reject(new Error('away')), spared: true } as const;
    const database = { name: 'database', check: async () => 'yes' };
    expect(await checkReadiness([database, away], quiet)).toEqual({
      status: 'ready',
      checks: { database: 'ok', temporal: 'failing' },
    });
    const broken = { ...database, check: away.check };
    expect((await checkReadiness([broken, away], quiet)).status).toBe('not_ready');
    // Long before a balancer gives up asking.
    const silent = { ...away, check: () => new Promise(() => undefined) };
    const startedAt = performance.now();
    expect((await checkReadiness([database, silent], quiet)).status).toBe('ready');
    expect(performance.now() - startedAt).toBeLessThan(CHECK_TIMEOUT_MS / 2);
  });

  it('does not wait for a check that never answers', async () => {
    const base = await start({ temporal: () => new Promise(() => undefined) });
    const startedAt = performance.now();
    expect((await fetch(`${base}/readyz`)).status).toBe(503);
    expect(performance.now() - startedAt).toBeLessThan(CHECK_TIMEOUT_MS + 1_000);
  });

  it('shows figures, and nothing at other paths', async () => {
    const base = await start({});
    expect(await (await fetch(`${base}/metrics`)).text()).toContain('process_cpu_seconds_total');
    expect((await fetch(`${base}/`)).status).toBe(404);
  });

  it('says when its port is taken', async () => {
    const base = await start({});
    const options = { host: '127.0.0.1', port: Number(new URL(base).port), metrics: createMetrics('test'), checks: [] };
    await expect(startOperationsServer({ ...options, log: quiet })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
