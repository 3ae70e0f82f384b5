import { join } from 'node:path';
import { type Client, WithStartWorkflowOperation, type Workflow, type WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { FailureInterceptor } from '../../activities/failures.ts';
import { createActivities } from '../../activities/index.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { createLogger } from '../../platform/logging.ts';
import { workflowBundle } from '../../platform/temporal/bundle.ts';
import { createWorkerConverter } from '../../platform/temporal/data-converter.ts';
import { stampedUpdates } from '../../platform/temporal/stamped-updates.ts';
import { createOnfidoIdentity } from '../../providers/onfido.ts';
import type { Dispute, Payment, Payments } from '../../providers/payments.ts';
import { createStripePayments } from '../../providers/stripe.ts';
import { createFixedTaxRates } from '../../providers/tax.ts';
import { loadPolicy, type Policy } from '../../services/transactions/index.ts';
import { type ClonedDatabase, cloneDatabase } from './database.ts';
import { TEST_PAYLOAD_KEYS } from './payload-key.ts';
import { ROOT } from './sources.ts';
import { stack } from './stack.ts';
import { timeSkipping } from './time-skipping.ts';

/** Workflows with their real steps, a real database and the sandbox, under a clock that jumps over waits. */
export interface Travel {
  readonly client: Client;
  readonly environment: TestWorkflowEnvironment;
  readonly database: ClonedDatabase['database'];
  /** Lets virtual time pass: `49 hours`. */
  sleep(duration: string): Promise<void>;
  /**
   * No worker is there meanwhile; those that come then know nothing but the histories. Only where workers keep nothing: the
   * time-skipping server goes on keeping tasks for a worker that had the workflow in its memory.
   */
  withoutWorkers(during: () => Promise<void>): Promise<void>;
  /** Starts a flow as the API does: together with its first update, if it has one. @returns a handle that lets the clock jump */
  start<Flow extends Workflow>(flow: FlowStart<Flow>): Promise<WorkflowHandle<Flow>>;
  end(): Promise<void>;
}

export interface FlowStart<Flow extends Workflow> {
  /** The name under which `workflows/index.ts` exports it. */
  readonly type: string;
  readonly id: string;
  readonly input: Parameters<Flow>[0];
  /** An update of the contract, and what it is given. */
  readonly update?: { readonly name: string };
  readonly args?: readonly unknown[];
}

async function startFlow<Flow extends Workflow>(client: Client, flow: FlowStart<Flow>): Promise<WorkflowHandle<Flow>> {
  const options = { workflowId: flow.id, taskQueue: TASK_QUEUES.workflows, args: [flow.input] };
  if (flow.update === undefined) await client.workflow.start(flow.type, options);
  else {
    await client.workflow.executeUpdateWithStart(flow.update.name, {
      args: [...(flow.args ?? [])],
      startWorkflowOperation: new WithStartWorkflowOperation(flow.type, {
        ...options,
        workflowIdConflictPolicy: 'USE_EXISTING',
      }),
    });
  }
  // Not the handle of the start: that one does not let the clock jump.
  return client.workflow.getHandle<Flow>(flow.id);
}

export interface TravelOptions {
  /** Workers have no workflow in their memory from one task to the next. */
  readonly workersForget?: boolean;
  /** How Stripe behaves otherwise. */
  readonly behaving?: (payments: Payments) => Payments;
}

/** @param changes what the policy says otherwise */
export async function beginTravel(
  changes: Partial<Policy> = {},
  { workersForget = false, behaving = (payments) => payments }: TravelOptions = {},
): Promise<Travel> {
  const dataConverter = createWorkerConverter(TEST_PAYLOAD_KEYS);
  const [environment, clone, bundle] = await Promise.all([
    timeSkipping({ client: { dataConverter, interceptors: { workflow: [stampedUpdates] } } }),
    cloneDatabase(),
    // Kept: each journey has a server and workers of its own, and making a bundle takes seconds.
    workflowBundle(join(ROOT, '.wellpact', 'bundles'), createLogger({ role: 'test', level: 'error' })),
  ]);
  const { env, urls } = stack();
  const activities = createActivities({
    database: clone.database,
    payments: behaving(
      keepingTime(
        createStripePayments({ apiKey: env['STRIPE_API_KEY'] ?? '', apiUrl: urls.stripe, timeoutMs: 10_000 }),
        () => environment.currentTimeMs(),
      ),
    ),
    identity: createOnfidoIdentity({
      apiToken: env['ONFIDO_API_TOKEN'] ?? '',
      apiUrl: env['ONFIDO_API_URL'] ?? '',
      workflowId: env['ONFIDO_WORKFLOW_ID'] ?? '',
      timeoutMs: 10_000,
    }),
    policy: { ...loadPolicy('services/transactions/policy.yml'), ...changes },
    taxes: createFixedTaxRates(),
  });
  const work = async (): Promise<() => Promise<unknown>> => {
    const workers = await Promise.all(
      Object.values(TASK_QUEUES).map((taskQueue) =>
        Worker.create({
          connection: environment.nativeConnection,
          taskQueue,
          activities,
          dataConverter,
          ...(workersForget && { maxCachedWorkflows: 0 }),
          interceptors: { activity: [() => ({ inbound: new FailureInterceptor() })] },
          ...(taskQueue === TASK_QUEUES.workflows && { workflowBundle: bundle }),
        }),
      ),
    );
    const running = workers.map((worker) => worker.run());
    return () => {
      for (const worker of workers) worker.shutdown();
      return Promise.all(running);
    };
  };
  let stopWork = await work();
  const begun: WorkflowHandle<Workflow>[] = [];
  return {
    // Its own client: waiting for a result through it lets the clock jump.
    client: environment.client,
    environment,
    database: clone.database,
    sleep: (duration) => environment.sleep(duration),
    withoutWorkers: async (during) => {
      await stopWork();
      await during();
      stopWork = await work();
    },
    start: async (flow) => {
      const handle = await startFlow(environment.client, flow);
      begun.push(handle);
      return handle;
    },
    end: async () => {
      // Whoever still waits for one of them would ask a server that is gone, and nobody would hear of that error.
      for (const handle of begun) await handle.terminate().catch(() => undefined);
      await stopWork();
      await environment.teardown();
      await clone.drop();
    },
  };
}

/**
 * The sandbox is shared and keeps the time of day; what it says of times is told by the clock that jumps. Otherwise an
 * authorisation would have ended before it began, once days have been jumped over.
 */
function keepingTime(payments: Payments, nowMs: () => Promise<number>): Payments {
  const told = async <Told extends Payment>(payment: Told): Promise<Told> => {
    const { captureBeforeMs } = payment;
    return captureBeforeMs === null
      ? payment
      : { ...payment, captureBeforeMs: captureBeforeMs + (await nowMs()) - Date.now() };
  };
  const due = async (dispute: Dispute): Promise<Dispute> => {
    const { dueMs } = dispute;
    return dueMs === null ? dispute : { ...dispute, dueMs: dueMs + (await nowMs()) - Date.now() };
  };
  return {
    ...payments,
    getDispute: async (...args) => due(await payments.getDispute(...args)),
    submitEvidence: async (...args) => due(await payments.submitEvidence(...args)),
    acceptDispute: async (...args) => due(await payments.acceptDispute(...args)),
    createPayment: async (...args) => told(await payments.createPayment(...args)),
    getPayment: async (...args) => told(await payments.getPayment(...args)),
    capturePayment: async (...args) => told(await payments.capturePayment(...args)),
    cancelPayment: async (...args) => told(await payments.cancelPayment(...args)),
    findPayment: async (...args) => {
      const found = await payments.findPayment(...args);
      return found && told(found);
    },
  };
}
