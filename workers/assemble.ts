import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { FailureInterceptor } from '../activities/failures.ts';
import { createActivities } from '../activities/index.ts';
import { TASK_QUEUES, type TaskQueue } from '../contracts/task-queues.ts';
import type { Config } from '../platform/config.ts';
import type { Database } from '../platform/database.ts';
import type { Logger } from '../platform/logging.ts';
import type { Metrics } from '../platform/metrics.ts';
import { workflowBundle } from '../platform/temporal/bundle.ts';
import { createWorkerConverter } from '../platform/temporal/data-converter.ts';
import { activityTracing, workflowTracing } from '../platform/temporal/tracing.ts';
import type { Tracing } from '../platform/tracing.ts';
import { createOnfidoIdentity } from '../providers/onfido.ts';
import { createStripePayments } from '../providers/stripe.ts';
import { createFixedTaxRates } from '../providers/tax.ts';
import { watched } from '../providers/watched.ts';
import { loadPolicy } from '../services/transactions/index.ts';
import { stepTimer } from './step-timer.ts';
import { buildIdOf, versioned } from './versioning.ts';

export interface WorkerDeps {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly connection: NativeConnection;
  readonly database: Database;
  /** Undefined when traces are off. */
  readonly tracing: Tracing | undefined;
}

/** One worker a task queue: only the workflows' own queue runs workflows, the others have their provider's rate limit. */
export async function createWorkers(
  config: Config,
  { log, metrics, connection, database, tracing }: WorkerDeps,
  queues: readonly TaskQueue[],
): Promise<Worker[]> {
  const payments = createStripePayments({
    apiKey: config.STRIPE_API_KEY,
    apiUrl: config.STRIPE_API_URL,
    timeoutMs: PROVIDER_TIMEOUT_MS,
  });
  const identity = createOnfidoIdentity({
    apiToken: config.ONFIDO_API_TOKEN,
    apiUrl: config.ONFIDO_API_URL,
    workflowId: config.ONFIDO_WORKFLOW_ID,
    timeoutMs: PROVIDER_TIMEOUT_MS,
  });
  const activities = createActivities({
    database,
    payments: watched('stripe', payments, metrics),
    identity: watched('onfido', identity, metrics),
    policy: loadPolicy(config.POLICY_FILE),
    reconciliationSettleMs: config.RECONCILIATION_SETTLE_SECONDS * 1_000,
    taxes: createFixedTaxRates(),
  });
  const common = {
    connection,
    namespace: config.temporal.namespace,
    activities,
    dataConverter: createWorkerConverter(config.PAYLOAD_KEYS),
    // From the outside in: what is counted and traced is the failure that the workflow gets.
    interceptors: {
      activity: [
        (context) => ({ inbound: activityTracing(context) }),
        (context) => ({ inbound: stepTimer(metrics, context) }),
        () => ({ inbound: new FailureInterceptor() }),
      ],
    },
    sinks: workflowTracing(tracing),
    shutdownGraceTime: '8s',
    shutdownForceTime: '9s',
  } satisfies Partial<WorkerOptions>;
  const bundle = await workflowBundle(config.BUNDLE_CACHE_DIR, log);
  const buildId = await buildIdOf(config.WELLPACT_BUILD_ID, bundle);
  if (buildId !== undefined) log.info('this worker gets work once its build is current', { buildId });
  return Promise.all(
    queues.map((taskQueue) =>
      Worker.create({
        ...common,
        ...LIMITS[taskQueue],
        ...versioned(buildId),
        taskQueue,
        ...(taskQueue === TASK_QUEUES.workflows && ofWorkflows(bundle)),
      }),
    ),
  );
}

const PROVIDER_TIMEOUT_MS = 20_000;

/**
 * Starts of activities a second, over all workers together. Stripe allows 100 requests a second in live mode
 * (https://docs.stripe.com/rate-limits), Onfido 400 a minute; half of it leaves room for the API and for local tries.
 */
const LIMITS: Readonly<Record<TaskQueue, Partial<WorkerOptions>>> = {
  [TASK_QUEUES.workflows]: {},
  [TASK_QUEUES.stripe]: { maxTaskQueueActivitiesPerSecond: 50, maxConcurrentActivityTaskExecutions: 50 },
  [TASK_QUEUES.onfido]: { maxTaskQueueActivitiesPerSecond: 3, maxConcurrentActivityTaskExecutions: 10 },
};

const ofWorkflows = (bundle: { code: string }): Partial<WorkerOptions> => ({
  workflowBundle: bundle,
  maxCachedWorkflows: 2_000,
  maxConcurrentLocalActivityExecutions: 50,
  reuseV8Context: true,
});
