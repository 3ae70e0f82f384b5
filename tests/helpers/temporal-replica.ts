import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { portsFor } from '../../platform/ports.ts';
import { ProcessTable } from '../../scripts/stack/process-table.ts';
import { loadSecrets } from '../../scripts/stack/secrets.ts';
import { SupervisedProcess } from '../../scripts/stack/supervised-process.ts';
import { loadTemporalDevConfig } from '../../scripts/stack/temporal-dev-config.ts';
import { temporalOnPostgresProcess, temporalServerPorts } from '../../scripts/stack/temporal-on-postgres.ts';
import { acquireTemporalPrograms } from '../../scripts/stack/temporal-programs.ts';
import { freePortOffset, ROOT } from '../setup/test-stack.ts';
import { stack } from './stack.ts';

export interface TemporalReplica {
  readonly port: number;
  /** In an orderly way. */
  stop(): Promise<void>;
}

/** A second server of the cluster that runs below the stack: the same databases, ports of its own. */
export async function startTemporalReplica(): Promise<TemporalReplica> {
  const { dataDir, portOffset } = stack();
  const offset = await freePortOffset();
  const port = portsFor(offset).temporal;
  const folder = join(dataDir, '..', 'second-temporal');
  mkdirSync(folder, { recursive: true });
  const spec = temporalOnPostgresProcess({
    server: (await acquireTemporalPrograms({ env: process.env, onNote: () => undefined })).server,
    config: loadTemporalDevConfig(join(ROOT, 'temporal-dev.yml')),
    ports: temporalServerPorts(port, offset),
    postgres: {
      address: `127.0.0.1:${portsFor(portOffset).postgres}`,
      password: (await loadSecrets(dataDir)).POSTGRES_TEMPORAL_PASSWORD,
    },
    folder,
    env: process.env,
    logFile: join(dataDir, 'logs', 'second-temporal.log'),
  });
  const running = new SupervisedProcess(spec, new ProcessTable(folder), {
    onNote: () => undefined,
    onGivenUp: () => undefined,
  });
  await running.start();
  return { port, stop: () => running.stop() };
}
