import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { portsFor } from '../../platform/ports.ts';
import { buildRoles } from '../../scripts/stack/build.ts';
import { type Role, readyUrl } from '../../scripts/stack/roles.ts';
import { freePortOffset, ROOT } from '../setup/test-stack.ts';
import { stack } from './stack.ts';
import { answersOk, waitFor } from './wait-for.ts';

/** One process of a role, beside others of the same role, on ports of its own. */
export interface Replica {
  /** Where it is asked whether it is ready, and, of the API, all else. */
  readonly port: number;
  readonly child: ChildProcess;
  /** Told to stop. @returns its exit code, or the signal that ended it */
  stop(): Promise<number | NodeJS.Signals | null>;
}

/** Long enough for the longest request and the drain; a process that takes longer hangs. */
const STOP_TIMEOUT_MS = 25_000;
let count = 0;

/** Starts a process of a role, compiled as an operator's is, and resolves once it is ready. */
export async function startReplica(
  role: Role,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Replica> {
  const build = await buildRoles(ROOT, undefined);
  const offset = await freePortOffset();
  const log = openSync(join(stack().dataDir, 'logs', `${role.name}-${++count}.log`), 'a', 0o600);
  const entry = join(build, role.entry.replace(/\.ts$/, '.js'));
  const child = spawn(process.execPath, ['--enable-source-maps', entry, ...args], {
    cwd: ROOT,
    // Its own ports; all addresses in the settings are whole and stay what they are.
    env: { ...stack().env, PORT_OFFSET: String(offset), ...env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  const ports = portsFor(offset);
  await waitFor(() => answersOk(readyUrl(role, ports)), { what: `${role.name} to be ready`, timeoutMs: 60_000 });
  return {
    port: ports[role.ready.port],
    child,
    stop: async () => {
      child.kill('SIGTERM');
      const hang = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      const how = await ended;
      clearTimeout(hang);
      return how;
    },
  };
}
