import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StartError } from '../stack/problems.ts';
import { refuseUnwritable, writeTable } from './table-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'table-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(['missing/table.csv', '.'])(
  'a table that cannot be written to %s is refused, with what to do',
  async (name) => {
    const file = join(folder, name);
    for (const refused of [refuseUnwritable(file), writeTable(file, 'a,b')]) {
      await expect(refused).rejects.toThrow(StartError);
      await expect(refused).rejects.toThrow(file);
    }
    await expect(refuseUnwritable(file)).rejects.toThrow('Name a file in a folder that exists');
  },
);

test('one that can be written is, and what was there stays until then', async () => {
  const file = join(folder, 'table.csv');
  writeFileSync(file, 'before');
  await refuseUnwritable(file);
  expect(readFileSync(file, 'utf8')).toBe('before');
  await writeTable(file, 'a,b');
  expect(readFileSync(file, 'utf8')).toBe('a,b');
});
