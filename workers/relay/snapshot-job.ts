import type { Database } from '../../platform/database.ts';
import { takeSnapshot } from '../../services/transactions/index.ts';
import type { Job } from './jobs.ts';

const EVERY_MS = 5 * 60_000;

/** Takes a snapshot of the ledger's balances now and then: whoever reads them adds up what came since. */
export function snapshotJob({ database }: { database: Database }): Job {
  return {
    name: 'ledger-snapshot',
    idleMs: EVERY_MS,
    run: async () => {
      await takeSnapshot(database);
      return false;
    },
  };
}
