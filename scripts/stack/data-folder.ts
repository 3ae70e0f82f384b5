import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock } from '../bootstrap/file-lock.mjs';
import { StartError } from './problems.ts';

/** Everything a stack keeps, in one folder that only its owner may enter. */
export interface DataFolder {
  readonly path: string;
  readonly logs: string;
  readonly postgres: string;
  /** Configuration of a Temporal server on PostgreSQL. */
  readonly temporalServer: string;
  /** Removes all that is in it. The caller has made sure that nothing runs there. */
  wipe(): void;
  /** Lets others use the folder again. */
  release(): void;
}

const LOCK = 'stack.lock';
/** What a stack keeps here, each perhaps with a suffix of its own while it is written. A folder with anything else is not ours. */
const DATA = ['postgres', 'temporal-server', 'logs', 'secrets.json', 'run.json', 'demo.json'];
const DATABASE_FILES = /^[\w-]+\.db(-shm|-wal)?$/;
/** What is no data: locks, and what is made from the sources and may be in use by a test run at this moment. */
const NO_DATA = [LOCK, 'install.lock', 'builds', 'bundles', 'test-logs'];

const isOurs = (name: string): boolean =>
  [...DATA, ...NO_DATA].some((known) => name === known || name.startsWith(`${known}.`)) || DATABASE_FILES.test(name);

/**
 * Makes the folder if it is not there, and takes its lock.
 * @throws StartError when another stack runs with this folder
 */
export function openDataFolder(path: string): DataFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const foreign = readdirSync(path).find((name) => !isOurs(name));
  if (foreign !== undefined) {
    throw new StartError(
      `${path} holds something that is not Wellpact's: ${foreign}. Name a folder of its own with WELLPACT_DATA, an empty or a new one.`,
    );
  }
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
    temporalServer: join(path, 'temporal-server'),
    wipe: () => {
      for (const name of readdirSync(path)) {
        if (NO_DATA.some((kept) => name === kept || name.startsWith(`${kept}.`))) continue;
        rmSync(join(path, name), { recursive: true, force: true });
      }
      mkdirSync(logs, { recursive: true, mode: 0o700 });
    },
    release: () => {
      if (existsSync(path)) lock.release();
    },
  };
}
