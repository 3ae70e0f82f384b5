/** Every update has a validator: without one, what it was sent as is not compared. See decision 0090. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { projectFiles } from '../helpers/project-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The arguments of each call of `setHandler` for an update, as text. */
function handlersIn(source: string): string[] {
  return [...source.matchAll(/setHandler\((?=\w*update\b)/gi)].map(({ index, 0: call }) => {
    let depth = 1;
    let end = index + call.length;
    for (; depth > 0 && end < source.length; end++) {
      if ('([{'.includes(source[end] ?? ' ')) depth++;
      if (')]}'.includes(source[end] ?? ' ')) depth--;
    }
    return source.slice(index + call.length, end - 1);
  });
}

test('each handler of an update in workflows/ comes with a validator', () => {
  const paths = projectFiles('.ts').filter((path) => path.startsWith('workflows/'));
  const handlers = paths.flatMap((path) => handlersIn(readFileSync(join(ROOT, path), 'utf8')));
  expect(handlers.length).toBeGreaterThan(4);
  expect(handlers.filter((handler) => !/\bvalidator:|, GUARDED$/.test(handler))).toEqual([]);
});
