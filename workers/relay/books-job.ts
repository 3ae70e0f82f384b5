import type { Database } from '../../platform/database.ts';
import type { Logger } from '../../platform/logging.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { booksDifferences } from '../../services/transactions/index.ts';
import type { Job } from './jobs.ts';
import { showFigures, single } from './shown-figures.ts';

const EVERY_MS = 60 * 60_000;

/**
 * Compares the ledger with the rows of the purchases. Every step writes both in one transaction, so they can only differ
 * when somebody wrote to the database by hand, or the code is wrong: either is for a person, at once.
 */
export function booksJob(deps: { database: Database; metrics: Metrics; log: Logger }): Job {
  const { database, metrics, log } = deps;
  const show = showFigures(
    metrics,
    ['wellpact_books_difference_minor_units', 'wellpact_books_checked_timestamp_seconds'],
    2 * EVERY_MS,
  );
  return {
    name: 'books',
    idleMs: EVERY_MS,
    run: async () => {
      const differences = await booksDifferences(database);
      for (const difference of differences) {
        if (difference.amount !== 0) log.error('ledger and purchases differ', { ...difference });
      }
      show({
        wellpact_books_difference_minor_units: differences.map(({ account, currency, amount }) => ({
          labels: { account, currency },
          value: amount,
        })),
        wellpact_books_checked_timestamp_seconds: single(Date.now() / 1_000),
      });
      return false;
    },
  };
}
