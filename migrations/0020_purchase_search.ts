import type { Migration } from './index.ts';

/** What staff look purchases up by. Ids begin with the time at which they were made, so each list goes by id. */
export const purchaseSearch: Migration = {
  name: '0020_purchase_search',
  async up(knex) {
    await knex.raw(`
      CREATE INDEX purchases_by_state ON transactions.purchases (state, id DESC);
      CREATE INDEX purchases_of_listing ON transactions.purchases (listing_id, id DESC);

      -- The few that somebody has to look at; those past their deadline are found by purchases_due.
      CREATE INDEX purchases_in_trouble ON transactions.purchases (id DESC)
        WHERE transfer_status = 'blocked' OR unfinished IS NOT NULL OR owed_to_buyer > 0
           OR chargeback IN ('inquiry', 'open');
    `);
  },
};
