/** Workers of several builds, as an operator starts them: processes of their own, from sources of their own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { portsFor } from '../../platform/ports.ts';
import { freePortOffset } from '../setup/test-stack.ts';
import { stack } from './stack.ts';
import { answersOk, waitFor } from './wait-for.ts';

export interface RunningWorker {
  /** Ends it in an orderly way. */
  stop(): Promise<void>;
}

/** Starts a worker and waits until it is ready, which does not mean that it gets work. */
export async function startWorker(folder: string, buildId: string): Promise<RunningWorker> {
  const offset = await freePortOffset();
  const logFile = join(stack().dataDir, 'logs', `worker-${buildId}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, ['--import', 'tsx', 'workers/main.ts'], {
    cwd: folder,
    env: { ...stack().env, PORT_OFFSET: String(offset), WELLPACT_BUILD_ID: buildId },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const url = `http://127.0.0.1:${portsFor(offset).workerOperations}/readyz`;
  await waitFor(() => hasEnded(child) || answersOk(url), { what: `${buildId} to be ready`, timeoutMs: 90_000 });
  if (hasEnded(child)) throw new Error(`the worker ended: ${readFileSync(logFile, 'utf8').slice(-2_000)}`);
  return {
    stop: async () => {
      if (hasEnded(child)) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

export interface ToolResult {
  readonly code: number;
  readonly out: string;
  readonly problems: string;
}

/** A script of `npm run`, with the settings of the stack's roles. */
export function runScript(folder: string, script: string, ...args: string[]): Promise<ToolResult> {
  return new Promise((resolve) => {
    const command = ['--import', 'tsx', `scripts/${script}.ts`, ...args];
    execFile(process.execPath, command, { cwd: folder, env: stack().env }, (error, out, problems) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, problems });
    });
  });
}
