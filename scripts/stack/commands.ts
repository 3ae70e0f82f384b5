import { spawn } from 'node:child_process';
import { codeOf, StartError } from './problems.ts';
import { signalGroup } from './process-table.ts';

export interface CommandOptions {
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a command printed is kept up to this length; it is only read for its last lines. */
const MAX_OUTPUT_LENGTH = 1_000_000;

export interface CommandResult {
  readonly code: number | null;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

/**
 * Runs a command to its end, in a process group of its own that is killed when the time is over or `signal` is aborted.
 * @throws StartError when there is no such command or the time is over; the reason of `signal` when that is aborted
 */
export function run(command: string, options: CommandOptions): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const limit = AbortSignal.timeout(options.timeoutMs);
  const stop = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...options.args], {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT_LENGTH);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const kill = (): void => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    };
    stop.addEventListener('abort', kill, { once: true });
    child.once('error', (error) =>
      reject(codeOf(error) === 'ENOENT' ? new StartError(`${command} was not found.`) : error),
    );
    child.once('close', (code) => {
      stop.removeEventListener('abort', kill);
      if (options.signal?.aborted === true) reject(options.signal.reason);
      else if (limit.aborted) reject(new StartError(`${command} took longer than ${options.timeoutMs / 1000} s.`));
      else resolve({ code, output });
    });
  });
}

/** The last lines of what a command printed. */
export function lastLines(output: string, count: number): string {
  return output.trimEnd().split('\n').slice(-count).join('\n');
}
