import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPolicy } from './policy.ts';

const ACTUAL = 'services/transactions/policy.yml';
const text = readFileSync(ACTUAL, 'utf8');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** @returns what is said about a file with this in it */
function refusalOf(content: string): string {
  const path = join(folder, 'policy.yml');
  writeFileSync(path, content);
  try {
    loadPolicy(path);
  } catch (error) {
    const { message } = error as Error;
    expect(message).toContain(path);
    return message;
  }
  throw new Error('it was taken');
}

const changed = (from: string, to: string): string => {
  expect(text).toContain(from);
  return text.replace(from, to);
};

describe('a policy file', () => {
  test('with what cannot be so is refused, and the member named', () => {
    for (const [from, to, member] of [
      ['holdLimit: P88D', 'holdLimit: P1000D', 'holdLimit'],
      ['holdLimit: P88D', 'holdLimit: P90D', 'holdLimit'],
      ['holdLimitCaseDue: PT24H', 'holdLimitCaseDue: P3D', 'holdLimitCaseDue'],
      ['longestDispute: P38D', 'longestDispute: P87D', 'longestDispute'],
      ['paymentWindow: PT15M', 'paymentWindow: PT0S', 'paymentWindow'],
      ['paymentWindow: PT15M', 'paymentWindow: P367D', 'paymentWindow'],
      ['captureReserve: PT24H', 'captureReserve: -PT1S', 'captureReserve'],
      ['before: PT0S, refundPercent: 50', 'before: -PT5S, refundPercent: 50', 'cancellation.flexible[1].before'],
    ] as const) {
      expect(refusalOf(changed(from, to)), to).toMatch(
        new RegExp(`→ at ${member.replaceAll(/[.[\]]/g, '\\$&')}$`, 'm'),
      );
    }
  });

  test('at the edge of what can be so is taken', () => {
    const path = join(folder, 'edge.yml');
    writeFileSync(path, changed('holdLimit: P88D', 'holdLimit: P89D'));
    expect(loadPolicy(path).holdLimit).toBe(89 * 24 * 60 * 60 * 1_000);
  });

  test('that is no YAML is refused with the line, and one that is not there by its name', () => {
    expect(refusalOf('version: 4\n paymentWindow: PT1S\n')).toContain('at line 1');
    expect(refusalOf('version: 4\nversion: 5\n')).toContain('at line 2');
    expect(refusalOf('version: *elsewhere\n')).toContain('elsewhere');
    const nowhere = join(folder, 'nowhere.yml');
    expect(() => loadPolicy(nowhere)).toThrow(`The policy file ${nowhere} cannot be read: ENOENT`);
  });
});
