import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../stack/problems.ts';

/** What has been told to end may still be about it. */
const GRACE_MS = 3_000;

/**
 * Ends every process that carries `variable=value` in its environment, apart from this one. Those that end by themselves
 * within three seconds are none. Looks where Linux tells; elsewhere it finds nothing.
 * @returns process id and command line of each
 */
export async function endLeftovers(variable: string, value: string): Promise<string[]> {
  const deadline = Date.now() + GRACE_MS;
  let found = processesWith(variable, value);
  while (found.length > 0 && Date.now() < deadline) {
    await sleep(100);
    found = processesWith(variable, value);
  }
  for (const { pid } of found) kill(pid);
  return found.map(({ pid, commandLine }) => `${pid} ${commandLine}`);
}

/** The processes whose environment, as it was when they were started, holds `variable=value`. */
export function processesWith(variable: string, value: string): { pid: number; commandLine: string }[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const environment = readIfAllowed(`/proc/${name}/environ`)?.split('\0') ?? [];
      if (!environment.includes(`${variable}=${value}`)) return [];
      const commandLine = readIfAllowed(`/proc/${name}/cmdline`)?.replaceAll('\0', ' ').trim() ?? '';
      return [{ pid: Number(name), commandLine }];
    });
}

function readIfAllowed(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // Somebody else's process, or one that has just ended: not ours either way.
    if (['EACCES', 'EPERM', 'ENOENT', 'ESRCH'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
