import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataFolder } from '../../scripts/stack/data-folder.ts';
import { StartError } from '../../scripts/stack/problems.ts';
import { temporaryFolder } from '../setup/run-folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder('data-folder');
});
afterEach(() => folder.remove());

test("a folder that holds somebody's own files is refused, and nothing in it is touched", () => {
  mkdirSync(join(folder.path, 'photos'));
  writeFileSync(join(folder.path, 'thesis.txt'), 'all of it');
  expect(() => openDataFolder(folder.path)).toThrow(StartError);
  expect(readdirSync(folder.path).sort()).toEqual(['photos', 'thesis.txt']);
});

test('a reset removes the data of a stack, and leaves what is made from the sources', () => {
  for (const name of ['postgres', 'builds']) mkdirSync(join(folder.path, name));
  for (const name of ['secrets.json', 'temporal.db', 'temporal.db-wal', 'run.json']) {
    writeFileSync(join(folder.path, name), '');
  }
  const data = openDataFolder(folder.path);
  data.wipe();
  data.release();
  expect(readdirSync(folder.path).sort()).toEqual(['builds', 'logs']);
  expect(existsSync(data.logs)).toBe(true);
});
