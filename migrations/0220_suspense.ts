import type { Migration } from './index.ts';

/**
 * What a bank gives back after the money of its purchase was released, or decided about otherwise: an account of its own, so
 * that no rule takes it for money that waits for delivery.
 */
export const suspense: Migration = {
  name: '0220_suspense',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE transactions.purchases
        ADD COLUMN suspense bigint NOT NULL DEFAULT 0,
        ADD CONSTRAINT purchases_suspense_check CHECK (suspense >= 0) NOT VALID,
        DROP CONSTRAINT money_equation,
        ADD CONSTRAINT money_equation CHECK (
          captured + platform_funded + advanced
            = held + payable + transferred + fees + refunded + charged_back + recovered + owed_to_buyer + suspense
        ) NOT VALID;
    `);
  },
};

/** Rows of before are looked at without keeping anybody from writing. */
export const suspenseChecked: Migration = {
  name: '0221_suspense_checked',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE transactions.purchases
        VALIDATE CONSTRAINT purchases_suspense_check,
        VALIDATE CONSTRAINT money_equation;
    `);
  },
};
