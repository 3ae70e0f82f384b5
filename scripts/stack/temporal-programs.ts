import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { cacheEntry, cacheFolder } from './cache-folder.ts';
import { goInstall } from './go-install.ts';

/** The server that the Temporal CLI holds, too: both stacks run the same one. */
export const TEMPORAL_SERVER_VERSION = '1.29.1';

const BUILD_TIMEOUT_MS = 15 * 60_000;

/** The programs of a Temporal cluster, which are given out as sources and as images only. */
export interface TemporalPrograms {
  readonly server: string;
  /** Makes and upgrades the schema; it has the schema of its version built in. */
  readonly sqlTool: string;
}

export interface AcquireProgramsOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** One line about what takes long. */
  readonly onNote: (line: string) => void;
}

/**
 * Temporal's server and schema tool: from the user's cache, else built from source by Go.
 * @throws StartError when there is no Go or it fails
 */
export async function acquireTemporalPrograms(options: AcquireProgramsOptions): Promise<TemporalPrograms> {
  const folder = await cacheEntry({
    cache: cacheFolder(options.env),
    name: `temporal-server-${TEMPORAL_SERVER_VERSION}`,
    make: (target) => build(target, options),
    timeoutMs: BUILD_TIMEOUT_MS,
    signal: options.signal,
    onWait: (pid) => options.onNote(`Process ${pid} is building Temporal's server; waiting for it.`),
  });
  return { server: join(folder, 'server'), sqlTool: join(folder, 'sql') };
}

async function build(folder: string, options: AcquireProgramsOptions): Promise<void> {
  const module = 'go.temporal.io/server/cmd';
  await goInstall({
    packages: ['server', 'tools/sql'].map((name) => `${module}/${name}@v${TEMPORAL_SERVER_VERSION}`),
    folder,
    what: `Temporal's server ${TEMPORAL_SERVER_VERSION}`,
    remedy: 'Install Go 1.24 or newer and see that it can fetch modules.',
    env: options.env,
    timeoutMs: BUILD_TIMEOUT_MS,
    signal: options.signal,
    onNote: options.onNote,
  });
  for (const program of ['server', 'sql']) chmodSync(join(folder, program), 0o755);
}
