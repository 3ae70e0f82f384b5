/** Processes of a benchmark: started here, ended here. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly pid: number;
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 10_000;

/**
 * Runs a program of this folder until it says `ready`.
 * @throws Error when it ends before, or says nothing for five minutes
 */
export async function startChild(program: string, env: Readonly<Record<string, string>>): Promise<Child> {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await Promise.race([
      says(child, 'ready'),
      once(child, 'exit').then(() => Promise.reject(new Error(`${program} ended before it was ready`))),
    ]);
  } catch (error) {
    await stop(child);
    throw error;
  }
  return { pid: child.pid ?? 0, stop: () => stop(child) };
}

async function says(child: ChildProcess, word: string): Promise<void> {
  if (child.stdout === null) throw new Error('its output is not read');
  const lines = createInterface({ input: child.stdout });
  const timer = setTimeout(() => lines.close(), READY_TIMEOUT_MS);
  try {
    for await (const line of lines) if (line === word) return;
  } finally {
    clearTimeout(timer);
    child.stdout.resume();
  }
  throw new Error(`it did not say "${word}" in ${READY_TIMEOUT_MS / 1_000} s`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
