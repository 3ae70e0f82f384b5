import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createSecurityLog } from './security-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'security-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const log = createSecurityLog({ role: 'test', key: Buffer.alloc(32, 7) });

describe('the security log', () => {
  it('writes to its file, too, one JSON object a line', async () => {
    const file = join(folder, 'security.log');
    createSecurityLog({ role: 'api', key: Buffer.alloc(32, 7), file }).note('limit.reached', { limit: 'sign-in' });
    const line = await vi.waitFor(() => JSON.parse(readFileSync(file, 'utf8')) as unknown);
    expect(line).toMatchObject({
      log: 'security',
      role: 'api',
      event: 'limit.reached',
      level: 'warn',
      limit: 'sign-in',
    });
  });

  it('sees one network in its addresses, and tells none of them', () => {
    expect(log.network('192.0.2.1')).toBe(log.network('192.0.2.254'));
    expect(log.network('192.0.2.1')).not.toBe(log.network('192.0.3.1'));
    expect(log.network('2001:db8:0:1::/64')).not.toBe(log.network('2001:db8:0:2::/64'));
    expect(log.network('192.0.2.1')).toMatch(/^[0-9a-f]{24}$/);
  });

  it('has other hashes under another key, and for another purpose', () => {
    const other = createSecurityLog({ role: 'test', key: Buffer.alloc(32, 8) });
    expect(log.pseudonym('someone@example.com')).toBe(log.pseudonym('someone@example.com'));
    expect(log.pseudonym('someone@example.com')).not.toBe(other.pseudonym('someone@example.com'));
    expect(log.pseudonym('192.0.2')).not.toBe(log.network('192.0.2.1'));
  });
});
