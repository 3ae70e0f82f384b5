import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { waitForLock } from '../bootstrap/file-lock.mjs';
import { codeOf } from './problems.ts';

/** Where this user keeps what every clone shares (https://specifications.freedesktop.org/basedir-spec). */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CACHE_HOME'];
  // The specification says that a relative path is to be ignored.
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'wellpact');
}

export interface CacheEntryOptions {
  readonly cache: string;
  /** The folder's name, with the version: an entry never changes once it is there. */
  readonly name: string;
  /** Fills the folder it is given. */
  readonly make: (folder: string) => Promise<void>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onWait?: (pid: number) => void;
}

/**
 * The path of a folder in the cache, made if it is not there. It appears complete or not at all, and two clones that
 * need it at the same time make it once.
 */
export async function cacheEntry(options: CacheEntryOptions): Promise<string> {
  const folder = join(options.cache, options.name);
  if (existsSync(folder)) return folder;
  mkdirSync(options.cache, { recursive: true });
  const lock = await waitForLock(`${folder}.lock`, {
    timeoutMs: options.timeoutMs,
    ...(options.signal && { signal: options.signal }),
    ...(options.onWait && { onWait: options.onWait }),
  });
  const temporary = mkdtempSync(`${folder}.new-`);
  try {
    if (existsSync(folder)) return folder;
    await options.make(temporary);
    renameSync(temporary, folder);
  } catch (error) {
    // Another user of the same cache without our lock (on a network file system) was faster: theirs is as good.
    if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    lock.release();
  }
  return folder;
}
