import { ensureInstalled } from './install.mjs';

/** As a shell reports a process that Ctrl-C ended. */
const EXIT_CODE_INTERRUPTED = 130;

/**
 * Installs what is missing, then hands over to TypeScript: `entry` exports
 * `main({ root, args, signal }): Promise<exit code>`, and ends all it started before it settles.
 * `signal` is aborted by Ctrl-C, SIGTERM and SIGHUP, from the very first moment on.
 * @param {{ root: string, entry: URL, args: string[], help: string }} options `help` is printed for `--help`, without
 *   installing anything
 */
export async function launch({ root, entry, args, help }) {
  if (args.includes('--help')) {
    console.log(help);
    return;
  }
  const interruption = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // Never removed: npm passes Ctrl-C on although the terminal has sent it to us already, and the second one must not
    // end us while we are stopping what we started. Stopping is bounded, so nobody is held up.
    process.on(name, () => interruption.abort(new Error(`Interrupted (${name}).`)));
  }
  stopWithoutNpm(interruption);
  const say = (line) => console.log(line);
  try {
    await ensureInstalled({ root, signal: interruption.signal, say });
    // tsx compiles TypeScript as it is imported. Imported here, since it may have been installed only just now.
    const { register } = await import('tsx/esm/api');
    register();
    const { main } = await import(entry.href);
    process.exitCode = await main({ root, args, signal: interruption.signal });
  } catch (error) {
    if (interruption.signal.aborted) process.exitCode = EXIT_CODE_INTERRUPTED;
    else {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    }
  }
}

const PARENT_INTERVAL_MS = 500;

/**
 * npm runs a script in a shell, and that shell does not pass on what it is told to die of: it dies, and npm after it,
 * while we would go on unseen. So we stop when the shell has gone.
 */
function stopWithoutNpm(interruption) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) interruption.abort(new Error('Interrupted (npm has gone).'));
  }, PARENT_INTERVAL_MS);
  // It keeps nobody waiting at the end.
  timer.unref();
}
