import type { Migration } from './index.ts';

/** What sellers owe, since buyers were refunded in their place, and which later releases pay it back. */
export const receivables: Migration = {
  name: '0110_receivables',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE TABLE transactions.seller_receivables (
        id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        purchase_id text        NOT NULL REFERENCES transactions.purchases,  -- which was refunded in the seller's place
        step        text        NOT NULL,                                    -- by which of its steps
        seller_id   text        NOT NULL,
        currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        amount      bigint      NOT NULL CHECK (amount > 0),
        recovered   bigint      NOT NULL DEFAULT 0,                          -- paid back, or set aside by a release under way
        at          timestamptz NOT NULL DEFAULT now(),
        UNIQUE (purchase_id, step),
        CONSTRAINT never_more_than_owed CHECK (recovered BETWEEN 0 AND amount)
      );
      CREATE INDEX seller_receivables_open ON transactions.seller_receivables (seller_id, currency, id)
        WHERE recovered < amount;

      -- Which releases paid back how much of what.
      CREATE TABLE transactions.recoveries (
        purchase_id   text        NOT NULL REFERENCES transactions.purchases,  -- which was released
        receivable_id bigint      NOT NULL REFERENCES transactions.seller_receivables,
        amount        bigint      NOT NULL CHECK (amount > 0),
        at            timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (purchase_id, receivable_id)
      );

      ALTER TABLE transactions.purchases
        ADD COLUMN recovers bigint,  -- what its release keeps for that, fixed before Stripe is asked; null until then
        ADD CONSTRAINT purchases_recovers_check CHECK (recovers >= 0) NOT VALID;

      GRANT SELECT, INSERT, UPDATE ON transactions.seller_receivables TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE, DELETE ON transactions.recoveries TO "${appRole}";
    `);
  },
};

/** What takes a look at every purchase, while they are written to. */
export const receivablesChecked: Migration = {
  name: '0111_receivables_checked',
  withoutTransaction: true,
  async up(knex) {
    await knex.raw('ALTER TABLE transactions.purchases VALIDATE CONSTRAINT purchases_recovers_check');
  },
};
