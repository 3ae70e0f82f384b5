import type { Migration } from './index.ts';

/** What Stripe sends from the sellers' accounts to their banks, as we last saw it. */
export const payouts: Migration = {
  name: '0141_payouts',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA payouts;
      CREATE TABLE payouts.payouts (
        id           text        PRIMARY KEY,                          -- Stripe's: po_…
        place        bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,  -- in the order in which we first saw them
        seller_id    text        NOT NULL,
        account_id   text        NOT NULL,
        status       text        NOT NULL CHECK (status IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')),
        amount       bigint      NOT NULL,
        currency     text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        automatic    boolean     NOT NULL,
        failure_code text,
        created_at   timestamptz NOT NULL,
        arrival_at   timestamptz NOT NULL,
        paid_at      timestamptz,                                      -- when we saw it
        failed_at    timestamptz,
        CHECK ((status = 'failed') = (failed_at IS NOT NULL))
      );
      CREATE INDEX payouts_of_seller ON payouts.payouts (seller_id, place DESC);
      CREATE INDEX payouts_of_account ON payouts.payouts (account_id, currency, created_at) WHERE status IN ('paid', 'failed');
      GRANT USAGE ON SCHEMA payouts TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE ON payouts.payouts TO "${appRole}";
    `);
  },
};
