import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock, type Lock, waitForLock } from '../../scripts/bootstrap/file-lock.mjs';
import { startTimeOf } from '../../scripts/bootstrap/process-identity.mjs';
import { temporaryFolder } from '../setup/run-folder.ts';

const LOCK_MODULE = fileURLToPath(new URL('../../scripts/bootstrap/file-lock.mjs', import.meta.url));

describe('a lock', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    folder = temporaryFolder('lock');
    path = join(folder.path, 'some.lock');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await ended(child);
    folder.remove();
  });

  it('is held by one, and free again once released', () => {
    const lock = held(acquireLock(path));
    expect(acquireLock(path)).toEqual({ heldBy: process.pid });
    lock.release();
    held(acquireLock(path)).release();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('of a process that was killed is taken over', async () => {
    const child = await holder();
    expect(acquireLock(path)).toEqual({ heldBy: child.pid });
    await ended(child);
    expect(existsSync(path)).toBe(true);
    held(acquireLock(path)).release();
  });

  it('is not mistaken for that of another process that got the same id', () => {
    writeFileSync(path, `${process.pid} ${startTimeOf(process.pid)}0 1\n`);
    held(acquireLock(path)).release();
  });

  it('is not released by somebody who has lost it', () => {
    const lock = held(acquireLock(path));
    const others = readFileSync(path, 'utf8').replace(/\d+\n$/, '999999\n');
    writeFileSync(path, others);
    lock.release();
    expect(readFileSync(path, 'utf8')).toBe(others);
  });

  it('can be waited for', async () => {
    const child = await holder();
    const waited: number[] = [];
    const waiting = waitForLock(path, { timeoutMs: 10_000, onWait: (pid) => waited.push(pid) });
    await ended(child);
    (await waiting).release();
    expect(waited).toEqual([child.pid]);
  });

  it('is not waited for longer than told', async () => {
    const lock = held(acquireLock(path));
    await expect(waitForLock(path, { timeoutMs: 0 })).rejects.toThrow(/has held .* for too long/);
    lock.release();
  });

  /** Another process that holds the lock until it is killed. */
  async function holder(): Promise<ChildProcess> {
    const program = `
      const { acquireLock } = await import(${JSON.stringify(LOCK_MODULE)});
      console.log('release' in acquireLock(${JSON.stringify(path)}));
      setInterval(() => undefined, 1_000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const [line] = await once(child.stdout, 'data');
    expect(String(line)).toBe('true\n');
    return child;
  }
});

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function held(result: Lock | { heldBy: number }): Lock {
  if ('heldBy' in result) throw new Error(`held by ${result.heldBy}`);
  return result;
}
