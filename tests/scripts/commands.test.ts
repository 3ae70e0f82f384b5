/** What people type: each command says how it is used, and what is in its way, in sentences. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../scripts/stack/commands.ts';
import { ROOT } from '../setup/test-stack.ts';

const command = (entry: string, args: readonly string[], env: Record<string, string> = {}) =>
  run(process.execPath, {
    args: ['--import', 'tsx', join(ROOT, entry), ...args],
    cwd: ROOT,
    env: { ...process.env, ...env },
    timeoutMs: 30_000,
  });

test.each([
  ['npm run replay', 'scripts/replay.ts'],
  ['npm run deploy', 'scripts/deploy.ts'],
  ['npm run staff', 'scripts/staff.ts'],
  ['npm run histories:record', 'scripts/histories.ts'],
  ['npm run bench', 'bench/main.ts'],
])('%s -- --help says how it is used, and ends with 0', async (name, entry) => {
  const { code, output } = await command(entry, ['--help']);
  expect(output).toMatch(new RegExp(`^Usage: ${name}`));
  expect(code).toBe(0);
});

test('staff cannot be made without a database, and that is said in one line', async () => {
  const args = ['create', '--email', 'ada@example.org', '--name', 'Ada', '--role', 'support'];
  const { code, output } = await command('scripts/staff.ts', args, {
    DATABASE_URL: 'postgres://nobody:secret@127.0.0.1:1/nothing',
  });
  expect(output).toBe('PostgreSQL does not answer at 127.0.0.1:1: run npm start first, or set DATABASE_URL.\n');
  expect(code).toBe(1);
});
