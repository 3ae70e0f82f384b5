import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { portsFor } from '../../platform/ports.ts';
import { openDataFolder } from './data-folder.ts';
import { ownDatabases } from './databases.ts';
import { orAborted } from './deferred.ts';
import { RunningStack } from './running-stack.ts';
import { loadTemporalDevConfig } from './temporal-dev-config.ts';
import { temporalVariant } from './temporal-variants.ts';
import type { Stack, StackOptions } from './types.ts';

/**
 * Starts PostgreSQL, Temporal and the roles, and resolves once all are ready. When it rejects, nothing is left running.
 * @throws StartError saying what to do, when something is in the way; the reason of `signal` when that is aborted
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { portOffset } = options;
  const file = loadTemporalDevConfig(join(options.root, 'temporal-dev.yml'));
  const config = { ...file, dynamicConfig: { ...file.dynamicConfig, ...options.dynamicConfig } };
  const own = options.database === 'embedded' ? undefined : ownDatabases(process.env);
  const temporal = temporalVariant(options.temporal, config, { portOffset, hasOwnPostgres: own !== undefined });
  const plan = { config, ports: portsFor(portOffset), own, temporal };
  const folder = openDataFolder(options.dataDir);
  const stack = new RunningStack(options, plan, folder);
  const start = stack.start();
  try {
    await orAborted(start, options.signal);
    return stack.face();
  } catch (error) {
    await stack.stop();
    // What was under way fails or ends now that the processes have gone; it must not go on behind the caller's back.
    await Promise.race([Promise.allSettled([start]), sleep(5_000, undefined, { ref: false })]);
    throw error;
  }
}
