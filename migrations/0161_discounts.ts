import type { Migration } from './index.ts';

/** Discount codes that Wellpact pays for, and what each purchase used of them. */
export const discounts: Migration = {
  name: '0161_discounts',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA discounts;
      CREATE TABLE discounts.codes (
        id                 text        PRIMARY KEY,
        code               text        NOT NULL UNIQUE CHECK (code ~ '^[A-Z0-9][A-Z0-9-]{2,31}$'),
        currency           text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        basis_points       integer     CHECK (basis_points BETWEEN 1 AND 10000),
        amount             bigint      CHECK (amount > 0),          -- all amounts in minor units of the currency
        maximum_amount     bigint      CHECK (maximum_amount > 0),
        minimum_price      bigint      CHECK (minimum_price > 0),
        valid_from         timestamptz NOT NULL,
        valid_until        timestamptz,
        max_uses           integer     CHECK (max_uses > 0),
        max_uses_per_buyer integer     CHECK (max_uses_per_buyer > 0),
        budget             bigint      CHECK (budget > 0),
        uses               integer     NOT NULL DEFAULT 0,
        spent              bigint      NOT NULL DEFAULT 0,          -- promised by the uses that were not given back
        created_by         text        NOT NULL,
        created_at         timestamptz NOT NULL,
        disabled_at        timestamptz,
        CHECK ((basis_points IS NULL) <> (amount IS NULL)),
        CHECK (valid_until > valid_from),
        CHECK (uses BETWEEN 0 AND coalesce(max_uses, uses)),
        CHECK (spent BETWEEN 0 AND coalesce(budget, spent)),
        CHECK (max_uses IS NOT NULL OR budget IS NOT NULL)          -- every code ends some time
      );
      CREATE TABLE discounts.uses (
        purchase_id   text        PRIMARY KEY,
        code_id       text        NOT NULL REFERENCES discounts.codes,
        buyer_id      text        NOT NULL,
        amount        bigint      NOT NULL CHECK (amount > 0),
        used_at       timestamptz NOT NULL,
        given_back_at timestamptz                                   -- the purchase ended before its payment was captured
      );
      CREATE INDEX uses_of_buyer ON discounts.uses (code_id, buyer_id) WHERE given_back_at IS NULL;
      GRANT USAGE ON SCHEMA discounts TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE ON discounts.codes, discounts.uses TO "${appRole}";

      -- The second transfer of a discounted purchase: Stripe's id, and what of it was not taken back.
      ALTER TABLE transactions.purchases ADD COLUMN top_up jsonb;
    `);
  },
};
