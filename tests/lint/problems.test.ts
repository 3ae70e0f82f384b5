/** Every problem that the code can answer with stands in the reference. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { projectFiles } from '../helpers/project-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MADE = /(?:new Problem\(\s*\d+,|conflict\(|unprocessable\()\s*'([A-Z_]+)'/g;

test('docs/reference/errors.md has every code that is made in api/ and services/', () => {
  const sources = projectFiles('.ts').filter((path) => /^(api|services)\//.test(path) && !path.endsWith('.test.ts'));
  const codes = sources.flatMap((path) =>
    [...readFileSync(join(ROOT, path), 'utf8').matchAll(MADE)].map(([, code]) => code ?? ''),
  );
  expect(codes.length).toBeGreaterThan(30);
  const page = readFileSync(join(ROOT, 'docs/reference/errors.md'), 'utf8');
  const missing = [...new Set(codes)].filter((code) => !page.includes(`| \`${code}\` |`));
  expect(missing).toEqual([]);
});
