/** A worker for one of the ways in which purchases are compared; says `ready` on its standard output, ends with SIGTERM. */
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
} from '@temporalio/worker';
import { z } from 'zod';
import { createLogger } from '../platform/logging.ts';
import { workflowBundle } from '../platform/temporal/bundle.ts';
import { createDataConverter, FAILURE_CONVERTER_PATH } from '../platform/temporal/data-converter.ts';
import { ourActivities, usualActivities } from './shapes/activities.ts';

const env = z
  .object({
    BENCH_SHAPE: z.enum(['ours', 'usual']),
    BENCH_TASK_QUEUE: z.string(),
    TEMPORAL_ADDRESS: z.string(),
    TEMPORAL_NAMESPACE: z.string(),
    PAYLOAD_KEYS: z.string(),
  })
  .parse(process.env);
const log = createLogger({ role: 'bench', level: 'warn' });
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: ['SIGTERM', 'SIGINT'] });

const usualBundle = (): Promise<WorkflowBundle> =>
  bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./shapes/usual-purchase.ts', import.meta.url)),
    failureConverterPath: FAILURE_CONVERTER_PATH,
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address: env.TEMPORAL_ADDRESS }),
  namespace: env.TEMPORAL_NAMESPACE,
  taskQueue: env.BENCH_TASK_QUEUE,
  workflowBundle: env.BENCH_SHAPE === 'ours' ? await workflowBundle(undefined, log) : await usualBundle(),
  activities: env.BENCH_SHAPE === 'ours' ? ourActivities : usualActivities,
  dataConverter: createDataConverter(env.PAYLOAD_KEYS.split(',')),
  maxCachedWorkflows: 2_000,
  reuseV8Context: true,
});
console.log('ready');
await worker.run();
