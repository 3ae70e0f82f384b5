import type { Migration } from './index.ts';

/** What the API and the relay remember of requests and deliveries, beside the services' own data. */
export const api: Migration = {
  name: '0004_api',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA api;

      CREATE TABLE api.idempotency_records (
        scope          text        NOT NULL,  -- the caller's id, or 'anonymous'
        operation      text        NOT NULL,
        key_hash       bytea       NOT NULL CHECK (octet_length(key_hash) = 32),
        request_hash   bytea       NOT NULL CHECK (octet_length(request_hash) = 32),
        operation_uuid uuid        NOT NULL,
        claimed_until  timestamptz NOT NULL,
        location       text,
        answer         bytea,                 -- encrypted; only final answers
        created_at     timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (scope, operation, key_hash)
      );
      CREATE INDEX idempotency_records_age ON api.idempotency_records (created_at);

      -- Counters that may be lost in a crash: UNLOGGED spares the write-ahead log. The columns are the limiter's own.
      CREATE UNLOGGED TABLE api.rate_limits (
        key    varchar(255) PRIMARY KEY,
        points integer NOT NULL DEFAULT 0,
        expire bigint
      );

      -- Events of one key wait for the first of them: this finds whether an earlier one is still there.
      CREATE INDEX events_waiting_by_key ON outbox.events (key, position) WHERE published_at IS NULL;

      CREATE SCHEMA relay;
      CREATE TABLE relay.deliveries (
        subscriber   text        NOT NULL,
        event_id     text        NOT NULL,
        delivered_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (subscriber, event_id)
      );

      GRANT USAGE ON SCHEMA api, relay TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE, DELETE ON api.idempotency_records, api.rate_limits TO "${appRole}";
      GRANT SELECT, INSERT ON relay.deliveries TO "${appRole}";
    `);
  },
};
