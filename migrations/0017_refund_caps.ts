import type { Migration } from './index.ts';

/** What a buyer could still get back of a booking when they had it moved: moving it does not bring back more. */
export const refundCaps: Migration = {
  name: '0017_refund_caps',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE transactions.purchases
        ADD COLUMN refund_cap integer NOT NULL DEFAULT 10000  -- basis points of the price
          CHECK (refund_cap BETWEEN 0 AND 10000);
    `);
  },
};
