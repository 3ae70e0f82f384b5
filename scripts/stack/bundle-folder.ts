import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { keepNewest } from './keep-newest.ts';

const BUNDLES_KEPT = 5;

/**
 * Where workers of this clone keep the bundle of the workflows, by the hash of its sources: shared by `npm start` and
 * `npm test`, since it depends on the sources alone. Those that have not been made lately are removed.
 */
export function bundleFolder(root: string): string {
  const folder = join(root, '.wellpact', 'bundles');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  keepNewest(folder, BUNDLES_KEPT);
  return folder;
}
