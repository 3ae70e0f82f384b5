import { verify } from '@node-rs/argon2';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { hashPassword, isPassword } from './passwords.ts';

vi.mock('@node-rs/argon2', { spy: true });
beforeEach(() => void vi.clearAllMocks());

const PASSWORD = 'correct horse battery';

describe('passwords', () => {
  it('are known again, however the keyboard composes their characters', async () => {
    const hash = await hashPassword('caf\u00e9 au lait');
    expect(await isPassword('cafe\u0301 au lait', hash)).toBe(true);
    expect(await isPassword('cafe au lait', hash)).toBe(false);
  });

  it('have another hash each time', async () => {
    expect(await hashPassword(PASSWORD)).not.toBe(await hashPassword(PASSWORD));
  });

  it('belong to nobody where there is no account, after the same work', async () => {
    const hash = await hashPassword(PASSWORD);
    expect(await isPassword('another password', hash)).toBe(false);
    expect(await isPassword('another password', undefined)).toBe(false);
    // Time would tell it too, but not on a machine that does other things as well.
    const [known, unknown, ...more] = vi.mocked(verify).mock.calls.map(([verified]) => parametersOf(verified));
    expect(known).toBe('$argon2id$v=19$m=19456,t=2,p=1');
    expect(unknown).toBe(known);
    expect(more).toEqual([]);
  });
});

/** All of a hash but its salt and the hash itself: what the work depends on. */
const parametersOf = (hash: string | Uint8Array): string => hash.toString().split('$').slice(0, 4).join('$');
