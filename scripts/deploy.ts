/**
 * `npm run deploy -- list|set-current <build>|ramp <build> <percent>`: which builds of the workers a running Temporal
 * knows, and which of them it gives the work to. Workers are versioned when WELLPACT_BUILD_ID says so.
 */
import Table from 'cli-table3';
import { helpIfAsked } from '../platform/arguments.ts';
import type { Temporal } from '../platform/temporal/client.ts';
import { listBuilds, rampBuild, setCurrentBuild } from '../platform/temporal/deployments.ts';
import { StartError } from './stack/problems.ts';
import { temporalSettings, withTemporal } from './stack/temporal-settings.ts';

const USAGE = `Usage: npm run deploy -- list
       npm run deploy -- set-current <build>      all work goes to it, that of open workflows too
       npm run deploy -- ramp <build> <percent>   a part of the work goes to it
       npm run deploy -- ramp <build> 0 --force   none any more; what it has taken over a guarded change cannot go on elsewhere

Ends by telling which builds there are. Goes to TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and PAYLOAD_KEYS, else to the local
stack. Before another build gets work: npm run replay -- --query "ExecutionStatus = 'Running'"`;

type Command =
  | { readonly name: 'list' }
  | { readonly name: 'set-current'; readonly buildId: string }
  | { readonly name: 'ramp'; readonly buildId: string; readonly percent: number; readonly force: boolean };

function readArguments([name, buildId, percent, ...more]: readonly string[]): Command {
  if (name === 'list' && buildId === undefined) return { name };
  if (name === 'set-current' && buildId !== undefined && percent === undefined) return { name, buildId };
  if (name === 'ramp' && buildId !== undefined && /^(\d{1,2}|100)$/.test(percent ?? '')) {
    const force = more.join() === '--force';
    if (force || more.length === 0) return { name, buildId, percent: Number(percent), force };
  }
  throw new StartError(USAGE);
}

/** @throws StartError when open workflows have run on this build: the others may not know what it has marked in them */
async function refuseToStrand({ connection, client }: Temporal, buildId: string): Promise<void> {
  const open = (await listBuilds(connection, client)).find((build) => build.buildId === buildId)?.open ?? 0;
  if (open === 0) return;
  throw new StartError(
    `${open} open workflows have run on ${buildId}. Those that have gone along a change which patched guards cannot go on with the build of before: give a third build the work instead, or say --force.`,
  );
}

async function follow(temporal: Temporal, command: Command): Promise<void> {
  const { connection, client } = temporal;
  const { namespace } = client.options;
  if (command.name === 'set-current') await setCurrentBuild(connection, namespace, command.buildId);
  if (command.name === 'ramp' && command.percent === 0 && !command.force)
    await refuseToStrand(temporal, command.buildId);
  if (command.name === 'ramp') await rampBuild(connection, namespace, command.buildId, command.percent);
  const builds = await listBuilds(connection, client);
  if (builds.length === 0) {
    console.log('No versioned worker has been started yet: workers without WELLPACT_BUILD_ID get all the work.');
    return;
  }
  const table = new Table({
    head: ['build', 'status', 'gets', 'open workflows', 'since'],
    style: { head: [], border: [] },
  });
  for (const { buildId, status, percent, open, createdAt } of builds) {
    table.push([buildId, status, `${percent} %`, open, createdAt?.toISOString() ?? '']);
  }
  console.log(table.toString());
}

helpIfAsked(USAGE);

try {
  const command = readArguments(process.argv.slice(2));
  await withTemporal(await temporalSettings(), (temporal) => follow(temporal, command));
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}
