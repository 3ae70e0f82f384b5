/** A fresh copy of the sources, in which a defect can be planted: the working tree is never touched. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../stack/commands.ts';
import { StartError } from '../stack/problems.ts';
import type { Defect } from './defects.ts';

export interface Sources {
  readonly path: string;
  /** Puts a defect into its place. @returns what takes it out again @throws StartError when its place is not there exactly once */
  plant(defect: Pick<Defect, 'name' | 'file' | 'from' | 'to'>): () => void;
  remove(): void;
}

const LIST_TIMEOUT_MS = 30_000;

/** Copies what git knows or would take, as it is in the working tree, beside the packages that are installed there. */
export async function copySources(root: string): Promise<Sources> {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { code, output } = await run('git', { args, cwd: root, timeoutMs: LIST_TIMEOUT_MS });
  if (code !== 0) throw new StartError(`git cannot list the sources: ${output}`);
  const path = mkdtempSync(join(tmpdir(), 'wellpact-plant-'));
  for (const file of new Set(output.split('\0').filter((name) => name !== '' && existsSync(join(root, name))))) {
    cpSync(join(root, file), join(path, file), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'));
  return {
    path,
    plant: (defect) => {
      const file = join(path, defect.file);
      const before = readFileSync(file, 'utf8');
      writeFileSync(file, planted(before, defect));
      return () => writeFileSync(file, before);
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** @throws StartError when the place is not found exactly once */
export function planted(text: string, { name, file, from, to }: Pick<Defect, 'name' | 'file' | 'from' | 'to'>): string {
  const [before, after, ...more] = text.split(from);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new StartError(
      `"${name}" cannot be planted: ${file} has ${text.split(from).length - 1} places like this, not one:\n${from}`,
    );
  }
  return `${before}${to}${after}`;
}
