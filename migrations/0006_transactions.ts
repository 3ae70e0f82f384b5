import type { Migration } from './index.ts';

/** Purchases and what was done for them, step by step. */
export const transactions: Migration = {
  name: '0006_transactions',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA transactions;

      CREATE TABLE transactions.purchases (
        id                   text        PRIMARY KEY,
        buyer_id             text        NOT NULL,
        seller_id            text        NOT NULL CHECK (seller_id <> buyer_id),
        listing_id           text        NOT NULL,
        quantity             integer     NOT NULL CHECK (quantity > 0),
        currency             text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        terms                jsonb       NOT NULL,  -- what was agreed when it was opened; never changes
        accepted_disclaimers text[]      NOT NULL,
        state                text        NOT NULL,
        state_since          timestamptz NOT NULL,
        deadline_at          timestamptz,           -- when the clock moves it on, if nobody does
        payment_status       text        NOT NULL,
        payment_problem      text,                  -- Stripe's decline code, in a word
        payment_intent_id    text        UNIQUE,
        charge_id            text        UNIQUE,
        capture_before       timestamptz,
        transfer_status      text        NOT NULL DEFAULT 'none',
        transfer_id          text        UNIQUE,
        chargeback           text        NOT NULL DEFAULT 'none',
        captured             bigint      NOT NULL DEFAULT 0 CHECK (captured >= 0),
        platform_funded      bigint      NOT NULL DEFAULT 0 CHECK (platform_funded >= 0),
        advanced             bigint      NOT NULL DEFAULT 0 CHECK (advanced >= 0),
        held                 bigint      NOT NULL DEFAULT 0 CHECK (held >= 0),
        payable              bigint      NOT NULL DEFAULT 0 CHECK (payable >= 0),
        transferred          bigint      NOT NULL DEFAULT 0 CHECK (transferred >= 0),
        fees                 bigint      NOT NULL DEFAULT 0 CHECK (fees >= 0),
        refunded             bigint      NOT NULL DEFAULT 0 CHECK (refunded >= 0),
        charged_back         bigint      NOT NULL DEFAULT 0 CHECK (charged_back >= 0),
        recovered            bigint      NOT NULL DEFAULT 0 CHECK (recovered >= 0),
        owed_to_buyer        bigint      NOT NULL DEFAULT 0 CHECK (owed_to_buyer >= 0),
        created_at           timestamptz NOT NULL,
        updated_at           timestamptz NOT NULL,
        CONSTRAINT money_equation CHECK (
          captured + platform_funded + advanced
            = held + payable + transferred + fees + refunded + charged_back + recovered + owed_to_buyer)
      );
      CREATE INDEX purchases_of_buyer ON transactions.purchases (buyer_id, id DESC);
      CREATE INDEX purchases_of_seller ON transactions.purchases (seller_id, id DESC);

      CREATE INDEX purchases_due ON transactions.purchases (deadline_at) WHERE deadline_at IS NOT NULL;

      -- One row per step that was taken: a repeated step finds its row and does nothing.
      CREATE TABLE transactions.steps (
        purchase_id text        NOT NULL REFERENCES transactions.purchases,
        step        text        NOT NULL,
        taken_at    timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (purchase_id, step)
      );

      GRANT USAGE ON SCHEMA transactions TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE ON transactions.purchases TO "${appRole}";
      GRANT SELECT, INSERT ON transactions.steps TO "${appRole}";
    `);
  },
};
