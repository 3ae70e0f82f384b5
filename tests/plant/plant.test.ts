/** `npm run plant` with some of its defects: two that arithmetic catches, and two that need a stack. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOME = ['float arithmetic', 'fee rounded twice', 'missing dedupe', 'wrong recipient'] as const;

const plant = (...args: string[]): Promise<{ code: number; out: string; problems: string }> =>
  new Promise((resolve) => {
    const command = ['--import', 'tsx', 'scripts/plant.ts', ...args];
    execFile(process.execPath, command, { cwd: ROOT }, (error, out, problems) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, problems }),
    );
  });

test('defects are caught by the tests that are named for them', async () => {
  const { code, out, problems } = await plant(...SOME.flatMap((name) => ['--only', name]));
  expect(code, `${out}${problems}`).toBe(0);
  expect(out).toContain(`${SOME.length} of ${SOME.length} caught`);
});

test('an unknown one is told so', async () => {
  const { code, problems } = await plant('--only', 'no such thing');
  expect([code, problems.split('\n')[0]]).toEqual([1, 'There is no defect "no such thing".']);
});
