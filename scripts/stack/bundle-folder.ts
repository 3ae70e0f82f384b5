import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bundles that are kept: the newest ones, so that going back and forth between branches stays quick. */
const BUNDLES_KEPT = 5;

/**
 * Where workers of this clone keep the bundle of the workflows, by the hash of its sources: shared by `npm start` and
 * `npm test`, since it depends on the sources alone. Those that have not been made lately are removed.
 */
export function bundleFolder(root: string): string {
  const folder = join(root, '.wellpact', 'bundles');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const newestFirst = readdirSync(folder)
    .map((name) => ({ path: join(folder, name), madeAt: statSync(join(folder, name)).mtimeMs }))
    .sort((one, other) => other.madeAt - one.madeAt);
  for (const { path } of newestFirst.slice(BUNDLES_KEPT)) rmSync(path, { force: true });
  return folder;
}
