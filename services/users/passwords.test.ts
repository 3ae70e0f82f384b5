import { describe, expect, it } from 'vitest';
import { hashPassword, isPassword } from './passwords.ts';

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
    const timeOf = async (storedHash: string | undefined): Promise<number> => {
      const startedAt = performance.now();
      expect(await isPassword('another password', storedHash)).toBe(false);
      return performance.now() - startedAt;
    };
    await timeOf(undefined);
    // The least of several runs is what the work itself takes, whatever else the machine does.
    let [known, unknown] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let run = 0; run < 8; run++) {
      known = Math.min(known, await timeOf(hash));
      unknown = Math.min(unknown, await timeOf(undefined));
    }
    expect(unknown / known).toBeGreaterThan(0.5);
    expect(unknown / known).toBeLessThan(2);
  });
});
