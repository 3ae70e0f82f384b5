/** `docs/how-to/add-a-flow.md`, followed word by word in a fresh copy of the sources: it arrives. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lastLines, run } from '../../scripts/stack/commands.ts';
import { apply, blocksOf } from '../helpers/follow-page.ts';
import { ROOT } from '../helpers/sources.ts';
import { temporaryFolder } from '../setup/run-folder.ts';

const PAGE = 'docs/how-to/add-a-flow.md';
const COMMAND_TIMEOUT_MS = 4 * 60_000;

let copy: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  copy = temporaryFolder('clone');
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT });
  for (const file of files.toString('utf8').split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(copy.path, file)), { recursive: true });
    cpSync(join(ROOT, file), join(copy.path, file));
  }
  // What `npm ci` would fetch; the tools have a TypeScript of their own.
  for (const packages of ['node_modules', 'tools/node_modules']) {
    symlinkSync(join(ROOT, packages), join(copy.path, packages));
  }
});
afterAll(() => copy.remove());

/** A shell of somebody who sits before the copy: nothing of this test run is known to it. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|npm_|NODE_ENV)/.test(name)));

test('the page arrives', async () => {
  const blocks = blocksOf(readFileSync(join(ROOT, PAGE), 'utf8'));
  let commands = 0;
  for (const block of blocks) {
    if (block.kind !== 'commands') {
      apply(copy.path, block);
      continue;
    }
    for (const line of block.lines) {
      const { code, output } = await run('sh', {
        args: ['-c', line],
        cwd: copy.path,
        env,
        timeoutMs: COMMAND_TIMEOUT_MS,
      });
      expect(code, `${line}\n${lastLines(output, 60)}`).toBe(0);
      // Tests that a filter no longer finds would be skipped without a word.
      if (line.includes('vitest')) expect(output, line).toMatch(/Tests .*[1-9]\d* passed/);
      commands++;
    }
  }
  expect(commands).toBe(9);
  const journey = blocks.find((block) => block.kind === 'file' && block.path === 'tests/time-travel/offer.test.ts');
  const body = journey?.kind === 'file' ? journey.content.split('\njourney(')[1] : undefined;
  expect(body?.trimEnd().split('\n').slice(1, -1).length, 'lines of the journey').toBeLessThanOrEqual(10);
}, 900_000);
