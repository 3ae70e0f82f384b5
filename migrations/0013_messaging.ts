import type { Migration } from './index.ts';

/** Where people are told things: their devices, their wishes, and every message that is to reach them. */
export const messaging: Migration = {
  name: '0013_messaging',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA messaging;

      CREATE TABLE messaging.devices (
        id            text        PRIMARY KEY,
        user_id       text        NOT NULL,
        platform      text        NOT NULL CHECK (platform IN ('ios', 'android', 'web')),
        token         text        NOT NULL,
        -- A token is longer than what an index takes; one token is one installed app, whoever is signed in there.
        token_hash    bytea       NOT NULL CONSTRAINT devices_token UNIQUE CHECK (octet_length(token_hash) = 32),
        registered_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX devices_by_user ON messaging.devices (user_id, registered_at DESC);

      CREATE TABLE messaging.preferences (
        user_id    text        PRIMARY KEY,
        time_zone  text,                 -- null: that of the country
        email      boolean     NOT NULL,
        push       boolean     NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now()
      );

      -- One row for each (occasion, recipient, channel): the primary key is what keeps a message from going out twice.
      CREATE TABLE messaging.notifications (
        occasion     text        NOT NULL,  -- the event, or what several events tell of together
        recipient_id text        NOT NULL,
        channel      text        NOT NULL CHECK (channel IN ('email', 'push')),
        name         text        NOT NULL,
        data         jsonb       NOT NULL,  -- the event's: references and figures
        occurred_at  timestamptz NOT NULL,
        state        text        NOT NULL DEFAULT 'waiting'
                     CHECK (state IN ('waiting', 'sent', 'stale', 'unwanted', 'refused', 'given_up')),
        attempts     integer     NOT NULL DEFAULT 0,
        due_at       timestamptz NOT NULL DEFAULT now(),
        reached      text[]      NOT NULL DEFAULT '{}',  -- the devices that have it already
        settled_at   timestamptz,
        PRIMARY KEY (occasion, recipient_id, channel)
      );
      CREATE INDEX notifications_waiting ON messaging.notifications (channel, due_at) WHERE state = 'waiting';
      CREATE INDEX notifications_settled ON messaging.notifications (settled_at) WHERE state <> 'waiting';

      GRANT USAGE ON SCHEMA messaging TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE, DELETE ON messaging.devices, messaging.notifications TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE ON messaging.preferences TO "${appRole}";
    `);
  },
};
