import type { Migration } from './index.ts';
import { createIndexConcurrently } from './index-concurrently.ts';

/** What the figures for operators are counted by: only purchases that have not ended, or in which money waits. */
export const figures: Migration = {
  name: '0021_figures',
  withoutTransaction: true,
  async up(knex) {
    await createIndexConcurrently(
      knex,
      'purchases_open',
      `ON transactions.purchases (state)
        WHERE state NOT IN ('completed', 'refunded', 'cancelled', 'declined', 'expired')`,
    );
    await createIndexConcurrently(
      knex,
      'purchases_money_waits',
      `ON transactions.purchases (currency) INCLUDE (held, payable, owed_to_buyer, advanced)
        WHERE held > 0 OR payable > 0 OR owed_to_buyer > 0 OR advanced > 0`,
    );
  },
};
