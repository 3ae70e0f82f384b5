/** The worker: runs the workflows and their activities. One process can serve several task queues. */
import { NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import { TASK_QUEUES, type TaskQueue } from '../contracts/task-queues.ts';
import { type Config, configOrExit } from '../platform/config.ts';
import { openDatabase } from '../platform/database.ts';
import { createLogger, type Logger } from '../platform/logging.ts';
import { createMetrics, observeDatabase, observeDependencies } from '../platform/metrics.ts';
import { requireMigrations } from '../platform/migrations-applied.ts';
import type { ReadinessCheck } from '../platform/operations-readiness.ts';
import { startOperationsServer } from '../platform/operations-server.ts';
import { requireSearchAttributes } from '../platform/temporal/search-attributes.ts';
import { startTracing } from '../platform/tracing.ts';
import { createWorkers } from './assemble.ts';
import { declareSchedules } from './schedules.ts';
import { chosenTaskQueuesOrExit } from './task-queues.ts';

/** After it has failed. */
const EXIT_WITHIN_MS = 5_000;

async function main(config: Config, queues: readonly TaskQueue[], log: Logger): Promise<void> {
  const tracing = await startTracing(config, 'worker');
  installRuntime(log, `${config.HOST}:${config.ports.workerTemporalMetrics}`);
  const database = openDatabase({
    url: config.DATABASE_URL,
    maxConnections: config.DATABASE_MAX_CONNECTIONS,
    applicationName: 'wellpact-worker',
    log,
  });
  const metrics = createMetrics('worker');
  observeDatabase(metrics, database);
  const connection = await NativeConnection.connect(config.temporal.connection);
  const workers: Worker[] = [];
  const checks: readonly ReadinessCheck[] = [
    { name: 'database', check: () => database.query('SELECT 1') },
    { name: 'migrations', check: () => requireMigrations(database) },
    { name: 'temporal', check: () => connection.workflowService.getSystemInfo({}) },
    {
      name: 'workers',
      check: async () => {
        if (workers.length === 0 || !workers.every(isPolling)) throw new Error('a worker does not poll its task queue');
      },
    },
  ];
  // Before anything is polled: a process whose port is taken takes no work.
  const operations = await startOperationsServer({
    host: config.HOST,
    port: config.ports.workerOperations,
    log,
    metrics,
    checks,
  });
  try {
    // A worker polls as soon as it runs: whether it is ready is asked by nobody who could keep work from it.
    await requireMigrations(database);
    await requireSearchAttributes(connection, config.temporal.namespace);
    const schedules = { reconciliationHour: config.RECONCILIATION_HOUR };
    await declareSchedules(connection, config.temporal.namespace, schedules);
    workers.push(...(await createWorkers(config, { log, metrics, connection, database, tracing }, queues)));
    observeDependencies(metrics, checks, log);
    const running = workers.map((worker) => worker.run());
    log.info('the worker runs', { queues });
    await endOfAll(workers, running);
  } finally {
    // What ended the workers is what is told, not that something else could not be closed after it.
    await Promise.allSettled([operations.close(), connection.close(), database.close(), tracing?.stop()]);
  }
}

/** Resolves when all workers have ended. When one fails, the others are ended too: a process works whole or not at all. */
async function endOfAll(workers: readonly Worker[], running: readonly Promise<void>[]): Promise<void> {
  try {
    await Promise.all(running);
  } catch (error) {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await Promise.allSettled(running);
    throw error;
  }
}

/** Whether it asks Temporal for work: what a worker is there for. One that drains does not. */
function isPolling(worker: Worker): boolean {
  const { activityPollerState, runState, workflowPollerState } = worker.getStatus();
  const workflowsPolled = workflowPollerState === 'POLLING' || worker.options.taskQueue !== TASK_QUEUES.workflows;
  return runState === 'RUNNING' && activityPollerState === 'POLLING' && workflowsPolled;
}

/**
 * The SDK's own log lines go where ours go; its figures it serves itself.
 * @param metricsAddress host and port, under `/metrics`
 */
function installRuntime(log: Logger, metricsAddress: string): void {
  const line = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: Record<string, unknown>) =>
    log[level](message, meta ?? {});
  // Traces show whole tasks, payloads and all: they go nowhere.
  const lines = {
    TRACE: () => {},
    DEBUG: line('debug'),
    INFO: line('info'),
    WARN: line('warn'),
    ERROR: line('error'),
  };
  Runtime.install({
    shutdownSignals: ['SIGINT', 'SIGTERM'],
    logger: {
      log: (level, message, meta) => lines[level](message, meta),
      trace: lines.TRACE,
      debug: lines.DEBUG,
      info: lines.INFO,
      warn: lines.WARN,
      error: lines.ERROR,
    },
    telemetryOptions: {
      logging: { filter: 'temporalio_sdk_core=WARN', forward: {} },
      metrics: {
        prometheus: {
          bindAddress: metricsAddress,
          countersTotalSuffix: true,
          unitSuffix: true,
          useSecondsForDurations: true,
        },
        globalTags: { role: 'worker' },
        attachServiceName: false,
      },
    },
  });
}

const queues = chosenTaskQueuesOrExit();
const config = configOrExit();
const log = createLogger({ role: 'worker', level: config.LOG_LEVEL });

try {
  await main(config, queues, log);
} catch (error) {
  log.error('the worker stopped', { error });
  process.exitCode = 1;
  // Whatever still holds on must not keep a process that works no more: another one is started in its place.
  setTimeout(() => process.exit(1), EXIT_WITHIN_MS).unref();
}
