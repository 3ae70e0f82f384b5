import { spawn } from 'node:child_process';
import { type CommandOptions, type CommandResult, run } from '../stack/commands.ts';
import { signalGroup } from '../stack/process-table.ts';

/** Runs a command and keeps what it prints. */
export async function runSilently(
  command: string,
  options: CommandOptions,
): Promise<CommandResult & { readonly ms: number }> {
  const started = performance.now();
  const result = await run(command, options);
  return { ...result, ms: performance.now() - started };
}

/** After Ctrl-C, the time for stopping stacks and removing data. */
const STOP_TIMEOUT_MS = 40_000;

/**
 * Runs a command whose output goes straight through, or to the open file `outputTo`. When `signal` is aborted or the time is over it is asked to stop,
 * and killed when it does not; its exit code is then not 0.
 */
export async function runShown(
  command: string,
  options: CommandOptions & { readonly outputTo?: number },
): Promise<{ readonly code: number | null; readonly ms: number }> {
  const started = performance.now();
  const output = options.outputTo ?? 'inherit';
  const child = spawn(command, [...options.args], {
    cwd: options.cwd,
    env: options.env,
    // A group of its own: Ctrl-C reaches it through us, once.
    detached: true,
    stdio: ['ignore', output, output],
  });
  const limit = AbortSignal.timeout(options.timeoutMs);
  const stop = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  let killTimer: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    const { pid } = child;
    if (pid === undefined) return;
    child.kill('SIGINT');
    killTimer = setTimeout(() => signalGroup(pid, 'SIGKILL'), STOP_TIMEOUT_MS);
  };
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { code: stop.aborted ? (code ?? 1) || 1 : code, ms: performance.now() - started };
  } finally {
    stop.removeEventListener('abort', onStop);
    clearTimeout(killTimer);
  }
}
