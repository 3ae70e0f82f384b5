/**
 * `npm run replay -- <workflow id>` and `npm run replay -- --query "<visibility query>"`: replays workflows of a running
 * Temporal with the code of this folder, before it is deployed. Ends with 1 when one of them would no longer go on.
 */
import { parseArgs } from 'node:util';
import { DefaultLogger, type ReplayHistoriesIterable, Runtime } from '@temporalio/worker';
import { helpIfAsked } from '../platform/arguments.ts';
import { createLogger } from '../platform/logging.ts';
import { replayBundle } from '../platform/temporal/bundle.ts';
import type { Temporal, TemporalSettings } from '../platform/temporal/client.ts';
import { createWorkerConverter } from '../platform/temporal/data-converter.ts';
import { replay } from '../platform/temporal/replay.ts';
import { StartError } from './stack/problems.ts';
import { temporalSettings, withTemporal } from './stack/temporal-settings.ts';

const USAGE = `Usage: npm run replay -- <workflow id>
       npm run replay -- --query "WorkflowType = 'purchase' AND ExecutionStatus = 'Running'"

Replays with the code of this folder what a running Temporal has: that of PAYLOAD_KEYS and TEMPORAL_ADDRESS (with
its TLS, API key or profile as in docs/reference/settings.md), else that of the local stack. Ends with 1 when the code does not lead to a history.
Queries: https://docs.temporal.io/list-filter`;

/** How often progress is told where no terminal shows it. */
const TELL_EVERY = 100;

type Wanted = { readonly workflowId: string } | { readonly query: string };

function readArguments(): Wanted {
  let parsed: { positionals: string[]; values: { query?: string | undefined } };
  try {
    parsed = parseArgs({ allowPositionals: true, options: { query: { type: 'string' } } });
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
  const { query } = parsed.values;
  const [workflowId, ...more] = parsed.positionals;
  if (query !== undefined && workflowId === undefined) return { query };
  if (query === undefined && workflowId !== undefined && more.length === 0) return { workflowId };
  throw new StartError(USAGE);
}

/** The histories that are asked for, as they are fetched, and how many there are. */
async function fetchHistories(
  { client }: Temporal,
  wanted: Wanted,
): Promise<{ readonly total: number; readonly histories: ReplayHistoriesIterable }> {
  const { workflow } = client;
  if ('query' in wanted) {
    const { count } = await workflow.count(wanted.query);
    return { total: count, histories: workflow.list(wanted).intoHistories() };
  }
  const history = await workflow.getHandle(wanted.workflowId).fetchHistory();
  return { total: 1, histories: [{ ...wanted, history }] };
}

/** One line that is written over and over on a terminal; elsewhere a line now and then. */
function tellProgress(done: number, total: number): void {
  const text = `${done} of ${Math.max(done, total)} replayed`;
  if (process.stderr.isTTY) process.stderr.write(`\r${text}`);
  else if (done % TELL_EVERY === 0) console.error(text);
}

async function replayAll(temporal: Temporal, config: TemporalSettings, wanted: Wanted): Promise<string[]> {
  const { total, histories } = await fetchHistories(temporal, wanted);
  const log = createLogger({ role: 'replay', level: 'error' });
  const bundle = await replayBundle(log);
  const options = { workflowBundle: bundle, dataConverter: createWorkerConverter(config.PAYLOAD_KEYS) };
  // What the SDK would log of a difference is told below, in words. Installed only here: it ends with the last worker.
  Runtime.install({
    telemetryOptions: { logging: { filter: 'OFF', forward: {} } },
    logger: new DefaultLogger('ERROR', () => {}),
  });
  const differences: string[] = [];
  let done = 0;
  for await (const { difference } of replay(options, histories)) {
    tellProgress(++done, total);
    if (difference !== undefined) differences.push(difference);
  }
  if (process.stderr.isTTY) process.stderr.write('\r');
  console.log(`${done} replayed, ${differences.length} would not go on.`);
  return differences;
}

helpIfAsked(USAGE);

try {
  const wanted = readArguments();
  const config = await temporalSettings();
  const differences = await withTemporal(config, (temporal) => replayAll(temporal, config, wanted));
  for (const difference of differences) console.log(`\n${difference}`);
  if (differences.length > 0) process.exitCode = 1;
} catch (error) {
  // A person reads this: the reason alone, where it is one of ours.
  console.error(error instanceof StartError || error instanceof RangeError ? error.message : error);
  process.exitCode = 1;
}
