import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from './problems.ts';

/** An entry younger than this may be in the making. */
const MIN_AGE_MS = 60 * 60_000;

/** Removes all entries of a folder but the `count` newest ones and those of the last hour. */
export function keepNewest(folder: string, count: number): void {
  const newestFirst = readdirSync(folder)
    .flatMap((name) => {
      const path = join(folder, name);
      const madeAt = modifiedAt(path);
      return madeAt === undefined ? [] : [{ path, madeAt }];
    })
    .sort((one, other) => other.madeAt - one.madeAt);
  for (const { path, madeAt } of newestFirst.slice(count)) {
    if (Date.now() - madeAt > MIN_AGE_MS) rmSync(path, { recursive: true, force: true });
  }
}

function modifiedAt(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs;
  } catch (error) {
    // Another starter has just removed it.
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
