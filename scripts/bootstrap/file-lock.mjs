import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { startTimeOf } from './process-identity.mjs';

const MAX_ATTEMPTS = 20;
let counter = 0;

/**
 * Takes a lock that is a file naming its holder. The lock of a process that has died is taken over.
 * @param {string} path where the lock's file is made
 * @returns {{ release: () => void } | { heldBy: number }} the lock, or the id of the process that holds it
 */
export function acquireLock(path) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const content = `${process.pid} ${startTimeOf(process.pid)} ${++counter}\n`;
  const own = `${path}.${process.pid}.${counter}`;
  writeFileSync(own, content, { mode: 0o600 });
  try {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      // A link appears with its whole content or not at all, and never replaces what is there.
      if (madeLink(own, path)) return { release: () => release(path, content) };
      const found = read(path);
      if (found === undefined) continue;
      const holder = holderOf(found);
      if (holder !== undefined) return { heldBy: holder };
      setAside(path, found, `${own}.stale`);
    }
    throw new Error(`The lock ${path} changes hands all the time; remove the file if nothing is running.`);
  } finally {
    rmSync(own, { force: true });
  }
}

/**
 * Waits for the lock.
 * @param {string} path as in {@link acquireLock}
 * @param {{ timeoutMs: number, signal?: AbortSignal, onWait?: (pid: number) => void }} options `onWait` is called once
 * @returns {Promise<{ release: () => void }>}
 */
export async function waitForLock(path, { timeoutMs, signal, onWait }) {
  const deadline = Date.now() + timeoutMs;
  for (let first = true; ; first = false) {
    signal?.throwIfAborted();
    const result = acquireLock(path);
    if ('release' in result) return result;
    if (first) onWait?.(result.heldBy);
    if (Date.now() > deadline) throw new Error(`Process ${result.heldBy} has held ${path} for too long; end it first.`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function madeLink(own, path) {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The id of the process that holds the lock, if it is still the very process that took it. */
function holderOf(content) {
  const [, pid, startTime] = /^(\d+) (.+) \d+\n$/.exec(content) ?? [];
  return pid !== undefined && startTimeOf(Number(pid)) === startTime ? Number(pid) : undefined;
}

/** Removes a dead process's lock, and puts it back if somebody else took the lock over in the meantime. */
function setAside(path, found, aside) {
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (read(aside) !== found) madeLink(aside, path);
  rmSync(aside, { force: true });
}

function release(path, content) {
  if (read(path) === content) rmSync(path, { force: true });
}
