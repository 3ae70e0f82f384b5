import type { Migration } from './index.ts';
import { createIndexConcurrently } from './index-concurrently.ts';

/** What staff look purchases up by. Ids begin with the time at which they were made, so each list goes by id. */
export const purchaseSearch: Migration = {
  name: '0020_purchase_search',
  withoutTransaction: true,
  async up(knex) {
    await createIndexConcurrently(knex, 'purchases_by_state', 'ON transactions.purchases (state, id DESC)');
    await createIndexConcurrently(knex, 'purchases_of_listing', 'ON transactions.purchases (listing_id, id DESC)');
    // The few that somebody has to look at; those past their deadline are found by purchases_due.
    await createIndexConcurrently(
      knex,
      'purchases_in_trouble',
      `ON transactions.purchases (id DESC)
        WHERE transfer_status = 'blocked' OR unfinished IS NOT NULL OR owed_to_buyer > 0
           OR chargeback IN ('inquiry', 'open')`,
    );
  },
};
