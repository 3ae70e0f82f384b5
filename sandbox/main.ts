import { createLogger } from '../platform/logging.ts';
import { startSandbox } from './sandbox.ts';
import { loadSettings } from './settings.ts';

/** The process has this long to end after a signal; then it is ended as it is. */
const STOP_TIMEOUT_MS = 9_000;

async function main(): Promise<void> {
  const settings = loadSettings(process.env);
  const log = createLogger({ role: 'sandbox', level: settings.logLevel });
  const sandbox = await startSandbox(settings, log);
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info('The sandbox stops', { signal });
    setTimeout(() => {
      log.error('The sandbox did not stop in time and is ended');
      process.exit(1);
    }, STOP_TIMEOUT_MS).unref();
    sandbox.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('The sandbox did not stop cleanly', { error });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`The sandbox cannot start. ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
