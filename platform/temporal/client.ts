import { Client, Connection } from '@temporalio/client';
import type { Config } from '../config.ts';
import { createDataConverter } from './data-converter.ts';
import { stampedUpdates } from './stamped-updates.ts';
import { clientTracing } from './tracing.ts';

export interface Temporal {
  readonly client: Client;
  readonly connection: Connection;
  close(): Promise<void>;
}

/**
 * A client of the Temporal frontend. The connection is lazy: it is made on the first call and again after a break, so
 * that the API starts, and says in `/readyz` what is missing, while Temporal is away.
 */
export function connectTemporal(config: TemporalSettings): Temporal {
  const connection = Connection.lazy(config.temporal.connection);
  const client = new Client({
    connection,
    namespace: config.temporal.namespace,
    dataConverter: createDataConverter(config.PAYLOAD_KEYS),
    interceptors: { workflow: [clientTracing, stampedUpdates] },
  });
  return { client, connection, close: () => connection.close() };
}

export type TemporalSettings = Pick<Config, 'temporal' | 'PAYLOAD_KEYS'>;
