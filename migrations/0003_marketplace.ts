import type { Migration } from './index.ts';

/** What is offered for sale. Amounts are minor units. */
export const marketplace: Migration = {
  name: '0003_marketplace',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA marketplace;

      CREATE TABLE marketplace.listings (
        id              text        PRIMARY KEY,
        seller_id       text        NOT NULL,
        state           text        NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published', 'paused')),
        kind            text        NOT NULL CHECK (kind IN ('goods')),
        title           text        NOT NULL,
        description     text        NOT NULL,
        category        text        NOT NULL,
        price_amount    bigint      NOT NULL CHECK (price_amount > 0),
        price_currency  char(3)     NOT NULL,
        handling_days   integer     NOT NULL CHECK (handling_days BETWEEN 1 AND 30),
        stock_total     integer     NOT NULL,  -- ever offered, sold and reserved ones included
        stock_available integer     NOT NULL CHECK (stock_available >= 0),
        version         integer     NOT NULL DEFAULT 1,  -- counts the seller's changes, not reservations
        created_at      timestamptz NOT NULL DEFAULT now(),
        updated_at      timestamptz NOT NULL DEFAULT now(),
        published_at    timestamptz,
        CHECK (stock_total >= stock_available)
      );
      -- The lists go by id, newest first: ids begin with the time at which they were made.
      CREATE INDEX listings_public ON marketplace.listings (id DESC) WHERE state = 'published';
      CREATE INDEX listings_public_by_category ON marketplace.listings (category, id DESC) WHERE state = 'published';
      CREATE INDEX listings_by_seller ON marketplace.listings (seller_id, id DESC);

      GRANT USAGE ON SCHEMA marketplace TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE ON marketplace.listings TO "${appRole}";
    `);
  },
};
