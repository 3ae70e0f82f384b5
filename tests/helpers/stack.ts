import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { z } from 'zod';
import { portsFor } from '../../platform/ports.ts';
import { ROLES, readyUrl } from '../../scripts/stack/roles.ts';
import { answersOk } from '../../scripts/stack/waiting.ts';
import type { ProvidedStack } from '../setup/integration.ts';
import { waitFor } from './wait-for.ts';

/** The one stack that all integration tests share. */
export function stack(): ProvidedStack {
  return inject('stack');
}

const runSchema = z.object({ processes: z.array(z.object({ name: z.string(), pid: z.number() })) });

/** The process id of a role, of `postgres` or of `temporal`; undefined while it is being started again. */
export function pidOf(name: string): number | undefined {
  const run = runSchema.parse(JSON.parse(readFileSync(join(stack().dataDir, 'run.json'), 'utf8')));
  return run.processes.find((candidate) => candidate.name === name)?.pid;
}

/**
 * Sends a signal to a process of the stack and waits until its successor runs, and is ready if it is a role.
 * Files that use this run one after another with those that mind: the stack is shared.
 * @param then what happens as soon as it is gone, before its successor is ready
 */
export async function kill(
  name: string,
  signal: NodeJS.Signals = 'SIGKILL',
  then: () => void | Promise<void> = () => undefined,
): Promise<void> {
  const before = pidOf(name);
  if (before === undefined) throw new Error(`${name} does not run at the moment.`);
  process.kill(before, signal);
  await waitFor(() => !runs(before), { what: `${name} to be gone`, timeoutMs: 15_000 });
  await then();
  await waitFor(() => ![before, undefined].includes(pidOf(name)), {
    what: `${name} to be started again`,
    timeoutMs: 30_000,
  });
  const role = ROLES.find((candidate) => candidate.name === name);
  if (role === undefined) return;
  const url = readyUrl(role, portsFor(stack().portOffset));
  await waitFor(() => answersOk(url), { what: `${name} to be ready again`, timeoutMs: 60_000 }).catch(async (error) => {
    throw new Error(`${name} says of itself: ${await said(url)}`, { cause: error });
  });
}

const said = (url: string): Promise<string> =>
  fetch(url, { signal: AbortSignal.timeout(5_000) }).then((answer) => answer.text(), String);

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
