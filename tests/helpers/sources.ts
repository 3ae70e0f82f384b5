/** A copy of the sources with a change in it, as another commit would be. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../setup/run-folder.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Everything that roles and tools are made of. */
const SOURCES = [
  'activities',
  'api',
  'contracts',
  'migrations',
  'package.json',
  'platform',
  'providers',
  'scripts',
  'services',
  'temporal-dev.yml',
  'tsconfig.json',
  'workers',
  'workflows',
];

/** One place of a file that is changed. */
export interface Edit {
  readonly file: string;
  readonly from: string | RegExp;
  readonly to: string;
}

export interface SourcesCopy {
  readonly path: string;
  readonly remove: () => void;
}

/** @throws Error when a place to change is not found */
export function copySources(edits: readonly Edit[]): SourcesCopy {
  const { path, remove } = temporaryFolder('sources');
  for (const source of SOURCES) cpSync(join(ROOT, source), join(path, source), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'));
  for (const { file, from, to } of edits) {
    const before = readFileSync(join(path, file), 'utf8');
    const after = before.replace(from, to);
    if (after === before) throw new Error(`the place to change was not found in ${file}: ${String(from)}`);
    writeFileSync(join(path, file), after);
  }
  return { path, remove };
}
