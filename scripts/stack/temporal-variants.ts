import type { Ports } from '../../platform/ports.ts';
import type { DataFolder } from './data-folder.ts';
import { inheritedEnvironment } from './environment.ts';
import type { WantedPort } from './ports.ts';
import { superuserUrl } from './postgres.ts';
import { StartError } from './problems.ts';
import type { Secrets } from './secrets.ts';
import type { ProcessSpec } from './supervised-process.ts';
import { acquireTemporalCli } from './temporal-cli.ts';
import type { TemporalDevConfig } from './temporal-dev-config.ts';
import { temporalOnPostgresProcess, temporalServerPorts } from './temporal-on-postgres.ts';
import { acquireTemporalPrograms } from './temporal-programs.ts';
import { ensureTemporalDatabases } from './temporal-schema.ts';
import { temporalAddresses, temporalProcess } from './temporal-server.ts';
import type { StackOptions } from './types.ts';

export interface TemporalContext {
  readonly config: TemporalDevConfig;
  readonly folder: DataFolder;
  readonly ports: Ports;
  readonly portOffset: number;
  readonly secrets: Secrets;
  readonly logFile: string;
  readonly signal?: AbortSignal | undefined;
  readonly onNote: (line: string) => void;
}

/** One way to run Temporal below a stack. */
export interface TemporalVariant {
  readonly wantedPorts: readonly WantedPort[];
  /**
   * Fetches or builds the programs, which takes minutes the first time for a user.
   * @returns what prepares the server, once the embedded PostgreSQL runs, and says how to run it
   */
  readonly acquire: (context: TemporalContext) => Promise<() => Promise<ProcessSpec>>;
}

/** @throws StartError when the way that is asked for needs a PostgreSQL that is not ours */
export function temporalVariant(
  wanted: StackOptions['temporal'],
  config: TemporalDevConfig,
  { portOffset, hasOwnPostgres }: { readonly portOffset: number; readonly hasOwnPostgres: boolean },
): TemporalVariant | undefined {
  if (wanted === false) return undefined;
  const { ports } = temporalAddresses(config, portOffset);
  if (wanted !== 'postgres') {
    const ui = config.ui.enabled ? [{ port: ports.temporalUi, by: 'Temporal Web UI' }] : [];
    return { wantedPorts: [{ port: ports.temporal, by: 'Temporal' }, ...ui], acquire: devServer };
  }
  if (hasOwnPostgres) {
    throw new StartError('Temporal on PostgreSQL runs on the embedded one only: unset DATABASE_URL and its like.');
  }
  const { frontend, inner } = temporalServerPorts(ports.temporal, portOffset);
  return { wantedPorts: [frontend, ...inner].map((port) => ({ port, by: 'Temporal' })), acquire: onPostgres };
}

async function devServer(context: TemporalContext): Promise<() => Promise<ProcessSpec>> {
  const { config, folder, logFile, portOffset } = context;
  const cli = await acquireTemporalCli({ env: process.env, signal: context.signal, onNote: context.onNote });
  return async () =>
    temporalProcess({ cli, config, dataDir: folder.path, portOffset, env: inheritedEnvironment(), logFile });
}

async function onPostgres(context: TemporalContext): Promise<() => Promise<ProcessSpec>> {
  const { config, folder, logFile, portOffset, ports, secrets, signal } = context;
  const programs = await acquireTemporalPrograms({ env: process.env, signal, onNote: context.onNote });
  const password = secrets.POSTGRES_TEMPORAL_PASSWORD;
  return async () => {
    await ensureTemporalDatabases({
      sqlTool: programs.sqlTool,
      superuserUrl: superuserUrl(ports.postgres, secrets.POSTGRES_PASSWORD),
      password,
      signal,
    });
    return temporalOnPostgresProcess({
      server: programs.server,
      config,
      ports: temporalServerPorts(temporalAddresses(config, portOffset).ports.temporal, portOffset),
      postgres: { address: `127.0.0.1:${ports.postgres}`, password },
      folder: folder.temporalServer,
      env: inheritedEnvironment(),
      logFile,
    });
  };
}
