/** The worker: runs the workflows and their activities. One process can serve several task queues. */
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { FailureInterceptor } from '../activities/failures.ts';
import { createActivities } from '../activities/index.ts';
import { TASK_QUEUES, type TaskQueue } from '../contracts/task-queues.ts';
import { type Config, loadConfig } from '../platform/config.ts';
import { type Database, openDatabase } from '../platform/database.ts';
import { createLogger, type Logger } from '../platform/logging.ts';
import { createMetrics, observeDatabase } from '../platform/metrics.ts';
import { startOperationsServer } from '../platform/operations-server.ts';
import { workflowBundle } from '../platform/temporal/bundle.ts';
import { createDataConverter } from '../platform/temporal/data-converter.ts';
import { requireSearchAttributes } from '../platform/temporal/search-attributes.ts';
import { createOnfidoIdentity } from '../providers/onfido.ts';
import { createStripePayments } from '../providers/stripe.ts';
import { loadPolicy } from '../services/transactions/index.ts';
import { chosenTaskQueues } from './task-queues.ts';

const config = loadConfig(process.env);
const log = createLogger({ role: 'worker', level: config.LOG_LEVEL });

try {
  await main(config, log);
} catch (error) {
  log.error('the worker stopped', { error });
  process.exitCode = 1;
}

async function main(config: Config, log: Logger): Promise<void> {
  const queues = chosenTaskQueues(process.argv.slice(2));
  installRuntime(log);
  const database = openDatabase({
    url: config.DATABASE_URL,
    maxConnections: config.DATABASE_MAX_CONNECTIONS,
    applicationName: 'wellpact-worker',
    log,
  });
  const metrics = createMetrics('worker');
  observeDatabase(metrics, database);
  const connection = await NativeConnection.connect({ address: config.TEMPORAL_ADDRESS });
  try {
    await requireSearchAttributes(connection, config.TEMPORAL_NAMESPACE);
    const workers = await createWorkers(config, log, connection, database, queues);
    const running = workers.map((worker) => worker.run());
    const operations = await startOperationsServer({
      host: config.HOST,
      port: config.ports.workerOperations,
      log,
      metrics,
      checks: [
        { name: 'database', check: async () => void (await database.query('SELECT 1')) },
        { name: 'temporal', check: async () => void (await connection.workflowService.getSystemInfo({})) },
        {
          name: 'workers',
          check: async () => {
            if (workers.some((worker) => worker.getState() !== 'RUNNING')) throw new Error('a worker is not running');
          },
        },
      ],
    });
    log.info('the worker is ready', { queues });
    await Promise.all(running);
    await operations.close();
  } finally {
    await connection.close();
    await database.close();
  }
}

/** One worker a task queue: only the workflows' own queue runs workflows, the others have their provider's rate limit. */
async function createWorkers(
  config: Config,
  log: Logger,
  connection: NativeConnection,
  database: Database,
  queues: readonly TaskQueue[],
): Promise<Worker[]> {
  const activities = createActivities({
    database,
    payments: createStripePayments({
      apiKey: config.STRIPE_API_KEY,
      apiUrl: config.STRIPE_API_URL,
      timeoutMs: PROVIDER_TIMEOUT_MS,
    }),
    identity: createOnfidoIdentity({
      apiToken: config.ONFIDO_API_TOKEN,
      apiUrl: config.ONFIDO_API_URL,
      workflowId: config.ONFIDO_WORKFLOW_ID,
      timeoutMs: PROVIDER_TIMEOUT_MS,
    }),
    policy: loadPolicy(config.POLICY_FILE),
  });
  const common = {
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    activities,
    dataConverter: createDataConverter(config.PAYLOAD_KEYS),
    interceptors: { activity: [() => ({ inbound: new FailureInterceptor() })] },
    shutdownGraceTime: '8s',
    shutdownForceTime: '9s',
  } satisfies Partial<WorkerOptions>;
  const bundle = await workflowBundle(config.BUNDLE_CACHE_DIR, log);
  return Promise.all(
    queues.map((taskQueue) =>
      Worker.create({ ...common, taskQueue, ...(taskQueue === TASK_QUEUES.workflows ? ofWorkflows(bundle) : LIMITED) }),
    ),
  );
}

const PROVIDER_TIMEOUT_MS = 20_000;

/** Stripe allows 100 requests a second in live mode; Onfido 400 a minute. Half of it leaves room for the API and webhooks. */
const LIMITED = { maxTaskQueueActivitiesPerSecond: 3, maxConcurrentActivityTaskExecutions: 20 };

const ofWorkflows = (bundle: { code: string }): Partial<WorkerOptions> => ({
  workflowBundle: bundle,
  maxCachedWorkflows: 2_000,
  maxConcurrentLocalActivityExecutions: 50,
  reuseV8Context: true,
});

/** The SDK's own log lines go where ours go. */
function installRuntime(log: Logger): void {
  const line = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: Record<string, unknown>) =>
    log[level](message, meta ?? {});
  Runtime.install({
    shutdownSignals: ['SIGINT', 'SIGTERM'],
    logger: {
      log: (level, message, meta) =>
        level === 'ERROR' ? log.error(message, meta ?? {}) : log.info(message, meta ?? {}),
      trace: () => {},
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
    },
    telemetryOptions: { logging: { filter: 'temporalio_sdk_core=WARN', forward: {} } },
  });
}
