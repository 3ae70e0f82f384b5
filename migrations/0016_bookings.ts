import type { Migration } from './index.ts';

/** Times that are booked: when sellers offer them, who has them, and where a booking is proposed to be moved. */
export const bookings: Migration = {
  name: '0016_bookings',
  async up(knex, appRole) {
    await knex.raw(`
      -- Comparing a seller and a span of time in one index. Trusted: the owner of a database may create it.
      CREATE EXTENSION IF NOT EXISTS btree_gist;

      ALTER TABLE marketplace.listings
        DROP CONSTRAINT listings_kind_check,
        ADD CONSTRAINT listings_kind_check CHECK (kind IN ('goods', 'booking')),
        ALTER COLUMN handling_days DROP NOT NULL,
        ALTER COLUMN stock_total DROP NOT NULL,
        ALTER COLUMN stock_available DROP NOT NULL,
        ADD COLUMN duration_minutes    integer CHECK (duration_minutes BETWEEN 15 AND 1440),
        ADD COLUMN seats               integer CHECK (seats BETWEEN 1 AND 100),  -- of one session
        ADD COLUMN cancellation_policy text    CHECK (cancellation_policy IN ('flexible', 'moderate', 'strict')),
        ADD CONSTRAINT listings_goods_or_booking CHECK (
          num_nulls(handling_days, stock_total, stock_available) = CASE kind WHEN 'goods' THEN 0 ELSE 3 END AND
          num_nulls(duration_minutes, seats, cancellation_policy) = CASE kind WHEN 'goods' THEN 3 ELSE 0 END);

      -- When a listing can be booked, as its seller planned it; the times themselves are worked out from it.
      CREATE TABLE marketplace.availabilities (
        listing_id             text    PRIMARY KEY REFERENCES marketplace.listings,
        time_zone              text    NOT NULL,
        weekly                 jsonb   NOT NULL,
        exceptions             jsonb   NOT NULL,
        minimum_notice_minutes integer NOT NULL CHECK (minimum_notice_minutes >= 0)
      );

      -- A time that somebody booked; it is there as long as a seat of it is taken.
      CREATE TABLE marketplace.sessions (
        listing_id  text        NOT NULL REFERENCES marketplace.listings,
        starts_at   timestamptz NOT NULL,
        ends_at     timestamptz NOT NULL CHECK (ends_at > starts_at),
        seller_id   text        NOT NULL,
        seats       integer     NOT NULL,
        seats_taken integer     NOT NULL CHECK (seats_taken BETWEEN 1 AND seats),
        PRIMARY KEY (listing_id, starts_at),
        CONSTRAINT sessions_seller_is_in_one_place
          EXCLUDE USING gist (seller_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
      );

      -- Which purchase holds how many of its seats.
      CREATE TABLE marketplace.bookings (
        purchase_id text        PRIMARY KEY,
        listing_id  text        NOT NULL,
        starts_at   timestamptz NOT NULL,
        quantity    integer     NOT NULL CHECK (quantity > 0),
        FOREIGN KEY (listing_id, starts_at) REFERENCES marketplace.sessions
      );
      CREATE INDEX bookings_by_session ON marketplace.bookings (listing_id, starts_at);

      ALTER TABLE transactions.purchases
        ADD COLUMN proposed_starts_at timestamptz,  -- where a party wants to move the booking
        ADD COLUMN proposed_by        text CHECK (proposed_by IN ('buyer', 'seller')),
        ADD CONSTRAINT proposal_whole CHECK ((proposed_starts_at IS NULL) = (proposed_by IS NULL));

      GRANT SELECT, INSERT, UPDATE ON marketplace.availabilities TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE, DELETE ON marketplace.sessions, marketplace.bookings TO "${appRole}";
    `);
  },
};
