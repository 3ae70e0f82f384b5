/** The support console as it is served; what it does in a browser is in tests/browser. */
import { describe, expect, test } from 'vitest';
import { request } from '../helpers/client.ts';

const get = (path: string) => request<string>('GET', path);

describe('the page', () => {
  test('may run its own scripts and styles alone, and turn no text into markup or code', async () => {
    const { status, headers, body } = await get('/console');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'self' 'sha256-[\w+/=]{44}'(;|$)/);
    expect(policy).toContain("style-src 'self';");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain('unsafe');
    expect(body).not.toMatch(/style=|onload=|https?:/);
  });

  test('is there at the address of every purchase; elsewhere it says that there is nothing', async () => {
    expect((await get('/console/purchases/pur_1')).status).toBe(200);
    for (const path of ['/console/', '/console/purchases', '/console/purchases/a/b', '/console/nowhere']) {
      const { status, headers } = await get(path);
      expect([status, headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    }
    expect((await request('POST', '/console')).status).toBe(404);
    expect((await get('/consoles')).status).toBe(404);
  });

  test('finds everything that it and its modules load', async () => {
    const seen = new Set<string>();
    const { body } = await get('/console');
    const map = JSON.parse(/<script type="importmap">([\s\S]*?)<\/script>/.exec(body)?.[1] ?? '') as {
      imports: Record<string, string>;
    };
    const wanted = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const file = await get(path);
      expect(file.status, path).toBe(200);
      expect(file.headers.get('x-content-type-options')).toBe('nosniff');
      if (!/\.m?js$/.test(path)) continue;
      expect(file.headers.get('content-type')).toMatch(/^text\/javascript/);
      for (const [, name = ''] of file.body.matchAll(/\b(?:from|import)\s*["']([\w./-]+)["']/g)) {
        const target = name.startsWith('.') ? new URL(name, `http://x${path}`).pathname : map.imports[name];
        expect(target, `${path} imports ${name}`).toBeDefined();
        wanted.push(target ?? '');
      }
    }
    expect([...seen]).toContain('/console/files/story.js');
    expect([...seen]).toContain('/console/modules/preact-hooks.mjs');
  });

  test('gives out no other file', async () => {
    for (const path of [
      '/console/files/index.html',
      '/console/files/..%2fpackage.json',
      '/console/files/',
      '/console/files/constructor',
      '/console/modules/preact',
      '/console/modules/..%2f..%2fpackage.json',
    ]) {
      const { status, headers } = await get(path);
      expect(status, path).toBe(404);
      expect(headers.get('content-type'), path).toContain('application/problem+json');
    }
  });
});
