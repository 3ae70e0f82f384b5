import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from './database.ts';
import type { Logger } from './logging.ts';
import { METRICS, type MetricLabel, type MetricName, type MetricOf } from './metrics-table.ts';
import { checkReadiness, type ReadinessCheck } from './operations-readiness.ts';

/** Where a process keeps its figures; served at `/metrics`. A figure asked for twice is the same one. */
export interface Metrics {
  counter<Name extends MetricOf<'counter'>>(name: Name): Counter<MetricLabel<Name>>;
  /** @param collect called whenever the figures are fetched */
  gauge<Name extends MetricOf<'gauge'>>(name: Name, collect?: Collect<Name>): Gauge<MetricLabel<Name>>;
  histogram<Name extends MetricOf<'histogram'>>(name: Name): Histogram<MetricLabel<Name>>;
  /** The figures in the text format of Prometheus, and its content type. */
  render(): Promise<{ contentType: string; text: string }>;
}

type Collect<Name extends MetricName> = (gauge: Gauge<MetricLabel<Name>>) => void | Promise<void>;

/** @param role labels every figure: `api`, `worker`, `relay` */
export function createMetrics(role: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ role });
  collectDefaultMetrics({ register: registry });
  const known = (name: MetricName) => registry.getSingleMetric(name);
  const options = <Name extends MetricName>(name: Name) => {
    const { help, labels } = METRICS[name];
    return { name, help, labelNames: labels as readonly MetricLabel<Name>[], registers: [registry] };
  };
  return {
    counter: <Name extends MetricOf<'counter'>>(name: Name) =>
      (known(name) ?? new Counter(options(name))) as Counter<MetricLabel<Name>>,
    gauge: <Name extends MetricOf<'gauge'>>(name: Name, collect?: Collect<Name>) => {
      if (collect === undefined) return (known(name) ?? new Gauge(options(name))) as Gauge<MetricLabel<Name>>;
      const gauge: Gauge<MetricLabel<Name>> = new Gauge({ ...options(name), collect: () => collect(gauge) });
      return gauge;
    },
    histogram: <Name extends MetricOf<'histogram'>>(name: Name) =>
      (known(name) ?? new Histogram({ ...options(name), buckets: [...METRICS[name].buckets] })) as Histogram<
        MetricLabel<Name>
      >,
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

/** Shows how the connections to the database are used, read whenever the figures are asked for. */
export function observeDatabase(metrics: Metrics, database: Pick<Database, 'stats'>): void {
  metrics.gauge('wellpact_database_connections', (connections) => {
    const { total, idle, waiting } = database.stats();
    connections.set({ use: 'busy' }, total - idle);
    connections.set({ use: 'idle' }, idle);
    connections.set({ use: 'waiting' }, waiting);
  });
}

/** Shows whether what the process depends on answers, asked whenever the figures are. */
export function observeDependencies(metrics: Metrics, checks: readonly ReadinessCheck[], log: Logger): void {
  metrics.gauge('wellpact_dependency_up', async (up) => {
    const readiness = await checkReadiness(checks, log);
    for (const [dependency, state] of Object.entries(readiness.checks)) up.set({ dependency }, state === 'ok' ? 1 : 0);
  });
}
