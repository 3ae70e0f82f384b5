import { join } from 'node:path';
import { isListening } from './ports.ts';
import type { ProcessSpec } from './supervised-process.ts';
import type { TemporalDevConfig } from './temporal-dev-config.ts';

export interface TemporalServerOptions {
  /** The Temporal CLI. */
  readonly cli: string;
  readonly config: TemporalDevConfig;
  readonly dataDir: string;
  readonly portOffset: number;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

/** Where the server of one stack is. */
export interface TemporalAddresses {
  /** host:port of the frontend. */
  readonly address: string;
  readonly uiUrl: string;
  readonly ports: { readonly temporal: number; readonly temporalUi: number };
}

export function temporalAddresses(config: TemporalDevConfig, portOffset: number): TemporalAddresses {
  const ports = { temporal: config.ports.frontend + portOffset, temporalUi: config.ports.ui + portOffset };
  return { address: `127.0.0.1:${ports.temporal}`, uiUrl: `http://127.0.0.1:${ports.temporalUi}`, ports };
}

/** How to run the dev server that `temporal-dev.yml` describes. Its search attributes are declared after each start. */
export function temporalProcess(options: TemporalServerOptions): ProcessSpec {
  const { config } = options;
  const { address, ports } = temporalAddresses(config, options.portOffset);
  // Takes half a second to load, in which the server starts.
  const client = import('./temporal-api.ts');
  return {
    name: 'temporal',
    command: options.cli,
    args: serverArguments(options),
    env: options.env,
    cwd: options.dataDir,
    logFile: options.logFile,
    ready: async () => {
      if (!(await isListening(ports.temporal))) return false;
      const { serves } = await client;
      return serves(address, config.namespace);
    },
    readyTimeoutMs: 60_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
    afterStart: async () => {
      const { declareSearchAttributes } = await client;
      await declareSearchAttributes(address, config.namespace, config.searchAttributes);
    },
  };
}

function serverArguments({ config, dataDir, portOffset }: TemporalServerOptions): string[] {
  const { ports } = temporalAddresses(config, portOffset);
  const ui = config.ui.enabled
    ? [`--ui-port=${ports.temporalUi}`, `--ui-codec-endpoint=${withOffset(config.ui.codecEndpoint, portOffset)}`]
    : ['--headless'];
  return [
    'server',
    'start-dev',
    '--ip=127.0.0.1',
    `--port=${ports.temporal}`,
    `--namespace=${config.namespace}`,
    `--db-filename=${join(dataDir, config.dataFile)}`,
    `--log-level=${config.logLevel}`,
    '--log-format=json',
    ...ui,
    ...Object.entries(config.dynamicConfig).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];
}

function withOffset(endpoint: string, portOffset: number): string {
  const url = new URL(endpoint);
  if (url.port !== '') url.port = String(Number(url.port) + portOffset);
  // Without the slash that URL adds: the UI appends the path.
  return url.href.replace(/\/$/, '');
}
