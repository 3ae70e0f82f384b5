import type { Migration } from './index.ts';

/** A bank decides before the money moves: what is known of money that has not moved yet. */
export const chargebackFunds: Migration = {
  name: '0191_chargeback_funds',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE transactions.chargebacks
        ADD COLUMN funds text NOT NULL DEFAULT 'awaited'  -- or finance was told (overdue), or took it as it stands
          CHECK (funds IN ('awaited', 'overdue', 'accepted'));
    `);
  },
};
