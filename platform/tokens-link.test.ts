import { describe, expect, it } from 'vitest';
import { createLinkTokens } from './tokens-link.ts';

const ID = 'usr_0199c1a2b3c47d5e8f60718293a4b5c6';
const links = createLinkTokens(Buffer.alloc(32, 1));
const at = (iso: string): Date => new Date(iso);
const token = links.make('verify-email', ID, 'ann@example.com', at('2026-01-02T00:00:00Z'));

describe('tokens of links', () => {
  it('are good until they expire, for what they were made for', () => {
    expect(links.idOf(token)).toBe(ID);
    expect(links.isGood(token, 'verify-email', 'ann@example.com', at('2026-01-01T23:59:59Z'))).toBe(true);
    expect(links.isGood(token, 'verify-email', 'ann@example.com', at('2026-01-02T00:00:00Z'))).toBe(false);
    expect(links.isGood(token, 'reset-password', 'ann@example.com', at('2026-01-01T00:00:00Z'))).toBe(false);
    expect(links.isGood(token, 'verify-email', 'new@example.com', at('2026-01-01T00:00:00Z'))).toBe(false);
  });

  it('are the same for the same time, so that a mail sent twice carries one token', () => {
    expect(links.make('verify-email', ID, 'ann@example.com', at('2026-01-02T00:00:00Z'))).toBe(token);
  });

  it('are good under one key only', () => {
    const others = createLinkTokens(Buffer.alloc(32, 2));
    expect(others.isGood(token, 'verify-email', 'ann@example.com', at('2026-01-01T00:00:00Z'))).toBe(false);
  });

  it('can be neither prolonged nor handed on', () => {
    const [id = '', expiry = '', mac = ''] = token.split('.');
    const later = (Number.parseInt(expiry, 36) + 60).toString(36);
    const other = id.replace(/6$/, '7');
    for (const forged of [
      `${id}.${later}.${mac}`,
      `${other}.${expiry}.${mac}`,
      `${id}.${expiry}.${mac.slice(1)}`,
      '',
    ]) {
      expect(links.isGood(forged, 'verify-email', 'ann@example.com', at('2026-01-01T00:00:00Z'))).toBe(false);
    }
  });
});
