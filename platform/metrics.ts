import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Database } from './database.ts';

/** Where a process keeps its figures; served at `/metrics`. */
export interface Metrics {
  readonly registry: Registry;
  /** The figures in the text format of Prometheus, and its content type. */
  render(): Promise<{ contentType: string; text: string }>;
}

/** @param role labels every figure: `api`, `worker`, `relay` */
export function createMetrics(role: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

/** Shows how the connections to the database are used, read whenever the figures are asked for. */
export function observeDatabase(metrics: Metrics, database: Pick<Database, 'stats'>): void {
  const connections = new Gauge({
    name: 'database_connections',
    help: 'Connections to PostgreSQL by use; `waiting` counts callers that wait for one.',
    labelNames: ['use'],
    registers: [metrics.registry],
    collect() {
      const { total, idle, waiting } = database.stats();
      connections.set({ use: 'busy' }, total - idle);
      connections.set({ use: 'idle' }, idle);
      connections.set({ use: 'waiting' }, waiting);
    },
  });
}
