import type { Migration } from './index.ts';
import { createIndexConcurrently } from './index-concurrently.ts';

/** What a posting came from, and what its entries stand for at the payment provider. Postings of before say neither. */
export const ledgerOrigins: Migration = {
  name: '0100_ledger_origins',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE ledger.transactions
        ADD COLUMN workflow_id text,  -- the workflow whose run \`cause\` is
        ADD COLUMN caused_by   text;  -- the update, the provider's event or the deadline behind it
      ALTER TABLE ledger.entries
        ADD COLUMN reference text;    -- the provider's object: 'ch_…', 're_…', 'tr_…', 'trr_…'
    `);
  },
};

/** By it the lines of the provider find their entries. */
export const ledgerReferences: Migration = {
  name: '0101_ledger_references',
  withoutTransaction: true,
  async up(knex) {
    await createIndexConcurrently(
      knex,
      'ledger.entries_reference',
      'ON ledger.entries (reference) WHERE reference IS NOT NULL',
    );
  },
};
