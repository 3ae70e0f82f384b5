import type { Migration } from './index.ts';

/** Finance and the seller are reminded, once, before evidence about a chargeback is submitted by itself. */
export const evidenceReminders: Migration = {
  name: '0152_evidence_reminders',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE transactions.chargebacks
        ADD COLUMN reminded_at timestamptz;  -- when that was; null when nobody was, or it is asked anew since
    `);
  },
};
