import type { Database } from '../platform/database.ts';
import type { Logger } from '../platform/logging.ts';
import { deleteOldSessions } from '../services/users/index.ts';
import { deleteOldRecords } from './idempotency/store.ts';

const EVERY_MS = 10 * 60 * 1_000;
/** One statement deletes at most so many rows, so that none holds locks for long. */
const BATCH = 5_000;

export interface Housekeeping {
  stop(): void;
}

/** Deletes what is past its time, every ten minutes. Replicas do not get into each other's way: locked rows are skipped. */
export function startHousekeeping(database: Database, log: Logger): Housekeeping {
  const round = async (): Promise<void> => {
    try {
      const idempotencyRecords = await untilDone(() => deleteOldRecords(database, BATCH));
      const sessions = await untilDone(() => deleteOldSessions(database, BATCH));
      if (idempotencyRecords + sessions > 0)
        log.info('deleted what is past its time', { idempotencyRecords, sessions });
    } catch (error) {
      log.warn('housekeeping failed and is tried again in the next round', { error });
    }
  };
  const timer = setInterval(() => void round(), EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** A round ends after so many batches: what is left then waits for the next one. */
const MAX_BATCHES = 200;

/** Deletes batch after batch until one is not full. @returns how many rows in all */
async function untilDone(deleteBatch: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let batch = 1; batch <= MAX_BATCHES; batch++) {
    const deleted = await deleteBatch();
    total += deleted;
    if (deleted < BATCH) break;
  }
  return total;
}
