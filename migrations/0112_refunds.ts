import type { Migration } from './index.ts';

/** Several refunds of one purchase, each with how it stands at Stripe; and why finance made one. */
export const refunds: Migration = {
  name: '0112_refunds',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE TABLE transactions.refunds (
        purchase_id text        NOT NULL REFERENCES transactions.purchases,
        number      integer     NOT NULL CHECK (number > 0),
        step        text        NOT NULL,
        provider_id text        NOT NULL UNIQUE,  -- Stripe's
        amount      bigint      NOT NULL CHECK (amount > 0),
        status      text        NOT NULL,
        at          timestamptz NOT NULL,
        PRIMARY KEY (purchase_id, number),
        UNIQUE (purchase_id, step)
      );
      GRANT SELECT, INSERT, UPDATE ON transactions.refunds TO "${appRole}";

      -- Purchases of before had one refund at the most, of all that their books say.
      INSERT INTO transactions.refunds (purchase_id, number, step, provider_id, amount, status, at)
      SELECT id, 1, 'refundBuyer', refund_id, refunded + owed_to_buyer, refund_status, updated_at
        FROM transactions.purchases WHERE refund_id IS NOT NULL;

      ALTER TABLE transactions.staff_notes
        DROP CONSTRAINT staff_notes_kind_check,
        ADD CONSTRAINT staff_notes_kind_check CHECK (kind IN ('note', 'pause', 'resume', 'refund')) NOT VALID;
    `);
  },
};

/** What takes a look at every note, while they are written. */
export const refundsChecked: Migration = {
  name: '0113_refunds_checked',
  withoutTransaction: true,
  async up(knex) {
    await knex.raw('ALTER TABLE transactions.staff_notes VALIDATE CONSTRAINT staff_notes_kind_check');
  },
};
