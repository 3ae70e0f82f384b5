import type { Logger } from '../../platform/logging.ts';
import { overduePurchases } from '../../services/transactions/index.ts';
import type { FlowSignals } from '../../services/webhooks/index.ts';
import type { Job } from './jobs.ts';

/** A workflow moves a purchase on within moments of its deadline. */
export const GRACE_SECONDS = 120;
const BATCH = 100;
const EVERY_MS = 5 * 60_000;
const ROUNDS = { graceSeconds: GRACE_SECONDS, everySeconds: EVERY_MS / 1_000, limit: BATCH };

/**
 * Tells the flows of purchases whose deadline passed and nothing happened: a workflow whose last step was taken, but whose
 * history lost that, waits for something else. It looks at the row then, and goes on from there. A flow whose step waits for a
 * provider for days is told ever more rarely, since each telling stands in its history.
 */
export function overdueJob({ signals, log }: { signals: Pick<FlowSignals, 'payment'>; log: Logger }): Job {
  return {
    name: 'overdue',
    idleMs: EVERY_MS,
    run: async (leader, signal) => {
      for (const id of await overduePurchases(leader, ROUNDS)) {
        if (signal.aborted) break;
        const eventId = `overdue/${new Date().toISOString()}`;
        const alive = await signals.payment(id, { eventId, eventType: 'purchase.overdue' });
        log.warn('a purchase is past its deadline', { workflowId: `purchase/${id}`, alive });
      }
      // Not at once again, however many there are: the flows need their time.
      return false;
    },
  };
}
