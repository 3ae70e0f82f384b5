import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { isListening } from './ports.ts';
import { messageOf, StartError } from './problems.ts';
import type { ProcessSpec } from './supervised-process.ts';
import { SEARCH_ATTRIBUTE_TYPES, type SearchAttributeType, type TemporalDevConfig } from './temporal-dev-config.ts';

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
  return {
    name: 'temporal',
    command: options.cli,
    args: serverArguments(options),
    env: options.env,
    cwd: options.dataDir,
    logFile: options.logFile,
    ready: async () => (await isListening(ports.temporal)) && serves(address, config.namespace),
    readyTimeoutMs: 60_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
    afterStart: () => declareSearchAttributes(address, config.namespace, config.searchAttributes),
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

async function serves(address: string, namespace: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } finally {
    await connection.close();
  }
}

const { IndexedValueType } = proto.temporal.api.enums.v1;
/** How the server's API numbers the types. */
const TYPE_CODES: Readonly<Record<SearchAttributeType, proto.temporal.api.enums.v1.IndexedValueType>> = {
  Bool: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  Double: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  KeywordList: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
  Text: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
};

/** The types of search attributes as the server's API wants them. */
export function searchAttributeCodes(
  attributes: TemporalDevConfig['searchAttributes'],
): Record<string, proto.temporal.api.enums.v1.IndexedValueType> {
  return Object.fromEntries(Object.entries(attributes).map(([name, type]) => [name, TYPE_CODES[type]]));
}

/**
 * Declares the search attributes that are missing. Safe to repeat.
 * @throws StartError when one is there with another type: it cannot be changed
 */
export async function declareSearchAttributes(
  address: string,
  namespace: string,
  wanted: TemporalDevConfig['searchAttributes'],
): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 5_000 });
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing: Record<string, SearchAttributeType> = {};
    for (const [name, type] of Object.entries(wanted)) {
      const present = customAttributes[name];
      if (present === undefined) missing[name] = type;
      else if (present !== TYPE_CODES[type]) {
        const has = SEARCH_ATTRIBUTE_TYPES.find((candidate) => TYPE_CODES[candidate] === present) ?? 'another type';
        throw new StartError(
          `has the search attribute ${name} as ${has}, but temporal-dev.yml says ${type}. A type cannot be changed: give it a new name, or delete all data with: npm start -- --reset`,
        );
      }
    }
    if (Object.keys(missing).length > 0) {
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: searchAttributeCodes(missing),
      });
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new Error(`search attributes could not be declared: ${messageOf(error)}`, { cause: error });
  } finally {
    await connection.close();
  }
}
