import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock } from '../bootstrap/file-lock.mjs';
import { StartError } from './problems.ts';

/** Everything a stack keeps, in one folder that only its owner may enter. */
export interface DataFolder {
  readonly path: string;
  readonly logs: string;
  readonly postgres: string;
  /** Removes all that is in it. The caller has made sure that nothing runs there. */
  wipe(): void;
  /** Lets others use the folder again. */
  release(): void;
}

const LOCK = 'stack.lock';
/** What is no data: locks, and what is made from the sources and may be in use by a test run at this moment. */
const NO_DATA = [LOCK, 'install.lock', 'builds', 'bundles', 'test-logs'];

/**
 * Makes the folder if it is not there, and takes its lock.
 * @throws StartError when another stack runs with this folder
 */
export function openDataFolder(path: string): DataFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  const lock = acquireLock(join(path, LOCK));
  if ('heldBy' in lock) {
    throw new StartError(
      `Wellpact already runs with the data in ${path} (process ${lock.heldBy}). Stop it with Ctrl-C first, or run a second one beside it with: PORT_OFFSET=100 npm start -- --ephemeral`,
    );
  }
  const logs = join(path, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  return {
    path,
    logs,
    postgres: join(path, 'postgres'),
    wipe: () => {
      for (const name of readdirSync(path)) {
        if (NO_DATA.some((kept) => name.startsWith(kept))) continue;
        rmSync(join(path, name), { recursive: true, force: true });
      }
      mkdirSync(logs, { recursive: true, mode: 0o700 });
    },
    release: () => {
      if (existsSync(path)) lock.release();
    },
  };
}
