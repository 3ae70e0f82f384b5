/** The defects stay plantable while the code moves on: `npm run plant` plants them, this only looks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DEFECTS } from './defects.ts';
import { planted } from './sources.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

test('there are fourteen, each with a name of its own', () => {
  expect(new Set(DEFECTS.map(({ name }) => name)).size).toBe(14);
  expect(DEFECTS).toHaveLength(14);
});

describe.each(DEFECTS)('$name', (defect) => {
  test('has its place in the sources, once', () => {
    const text = textOf(defect.file);
    expect(planted(text, defect)).not.toBe(text);
  });

  test('has its test where it says', () => {
    // What it stands in, and what a table fills in, are put together by vitest: the last piece is in the file as it is.
    const pieces = defect.test.name.split(/['…]/).filter((piece) => piece.length > 10);
    expect(textOf(defect.test.file)).toContain(pieces.at(-1)?.trim().split(' ').slice(-6).join(' '));
  });
});

test.each([
  ['nowhere', 'a b c'],
  ['twice', 'x and x'],
])('what is there %s is not planted', (_where, text) => {
  expect(() => planted(text, { name: 'one', file: 'a.ts', from: 'x', to: 'y' })).toThrow(/not one/);
});
