/** A Temporal server as operators run it: its own program, its own configuration, PostgreSQL below it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { isListening } from './ports.ts';
import type { ProcessSpec } from './supervised-process.ts';
import type { TemporalDevConfig } from './temporal-dev-config.ts';
import { TEMPORAL_DATABASES, TEMPORAL_ROLE } from './temporal-schema.ts';

/** Where the four services of one server listen, on the loopback interface: gRPC, and word of who is there. */
export interface TemporalServerPorts {
  /** The one that clients know. */
  readonly frontend: number;
  /** Of history, matching, worker and the memberships, one after another. */
  readonly inner: readonly number[];
}

/** Cannot be changed once the cluster has been started: fixed when its databases are made. */
const HISTORY_SHARDS = 4;

const SERVICES = ['frontend', 'history', 'matching', 'worker'] as const;
/** Below those of our own stack; PORT_OFFSET is added. */
const FIRST_INNER_PORT = 6930;
const INNER_PORTS = SERVICES.length * 2 - 1;

/** The ports of the server of one stack. @param frontend with the offset added already */
export function temporalServerPorts(frontend: number, portOffset: number): TemporalServerPorts {
  return { frontend, inner: Array.from({ length: INNER_PORTS }, (_, index) => FIRST_INNER_PORT + portOffset + index) };
}

export interface TemporalOnPostgresOptions {
  readonly server: string;
  /** Name of the process; of two servers of one cluster each has its own. */
  readonly name?: string;
  /** Namespace, log level, search attributes and dynamic configuration are those of the dev server. */
  readonly config: TemporalDevConfig;
  readonly ports: TemporalServerPorts;
  readonly postgres: { readonly address: string; readonly password: string };
  /** Its configuration is written here. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

/**
 * How to run a server with the four services in one process. Its databases are there already (temporal-schema.ts).
 * Several may run on the same databases: they are one cluster.
 */
export function temporalOnPostgresProcess(options: TemporalOnPostgresOptions): ProcessSpec {
  const { config, folder, ports } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'dynamic.yml'), stringify(dynamicConfig(config)), { mode: 0o600 });
  writeFileSync(join(folder, 'development.yaml'), stringify(serverConfig(options)), { mode: 0o600 });
  const address = `127.0.0.1:${ports.frontend}`;
  // Takes half a second to load, in which the server starts.
  const client = import('./temporal-api.ts');
  return {
    name: options.name ?? 'temporal',
    command: options.server,
    args: ['--root', folder, '--config', '.', '--env', 'development', '--allow-no-auth', 'start'],
    env: options.env,
    cwd: folder,
    logFile: options.logFile,
    ready: async () => {
      if (!(await isListening(ports.frontend))) return false;
      const { findsWorkflows, makeNamespace } = await client;
      await makeNamespace(address, config.namespace);
      return findsWorkflows(address, config.namespace);
    },
    readyTimeoutMs: 60_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 20_000,
    afterStart: async () => {
      const { declareSearchAttributes } = await client;
      await declareSearchAttributes(address, config.namespace, config.searchAttributes);
    },
  };
}

/** https://docs.temporal.io/references/configuration */
function serverConfig({ config, folder, ports, postgres }: TemporalOnPostgresOptions): Record<string, unknown> {
  const [main, visibility] = TEMPORAL_DATABASES.map(({ name }, index) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName: name,
      connectAddr: postgres.address,
      connectProtocol: 'tcp',
      user: TEMPORAL_ROLE,
      password: postgres.password,
      maxConns: index === 0 ? 20 : 10,
      maxIdleConns: index === 0 ? 20 : 10,
      maxConnLifetime: '1h',
    },
  }));
  const listenOn = [ports.frontend, ...ports.inner];
  const rpc = SERVICES.map((service, index) => [
    service,
    { rpc: { grpcPort: listenOn[index], membershipPort: listenOn[SERVICES.length + index], bindOnLocalHost: true } },
  ]);
  return {
    log: { stdout: true, level: config.logLevel },
    persistence: {
      numHistoryShards: HISTORY_SHARDS,
      defaultStore: 'main',
      visibilityStore: 'visibility',
      datastores: { main, visibility },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: Object.fromEntries(rpc),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${ports.frontend}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: join(folder, 'dynamic.yml'), pollInterval: '10s' },
  };
}

/** The file's form: a list of values for each key, each with what it is constrained to. */
function dynamicConfig({ dynamicConfig }: TemporalDevConfig): Record<string, unknown> {
  const entries = Object.entries(dynamicConfig).map(([key, value]) => [key, [{ value, constraints: {} }]]);
  return Object.fromEntries(entries);
}
