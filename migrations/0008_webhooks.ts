import type { Migration } from './index.ts';

/** The inbox of the providers' events: what was answered with 2xx stands here, until it is dealt with. */
export const webhooks: Migration = {
  name: '0008_webhooks',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA webhooks;
      CREATE TABLE webhooks.inbox (
        provider    text        NOT NULL,
        event_id    text        NOT NULL,
        event_type  text        NOT NULL,
        account_id  text,                 -- the connected account of a Connect event
        object_id   text,                 -- what the event is about
        purchase_id text,                 -- what the platform wrote on its own object
        body        bytea       NOT NULL, -- as it was received and signed
        received_at timestamptz NOT NULL DEFAULT now(),
        status      text        NOT NULL DEFAULT 'received'
                    CHECK (status IN ('received', 'signalled', 'ignored', 'unmatched')),
        attempts    integer     NOT NULL DEFAULT 0,
        retry_at    timestamptz,
        PRIMARY KEY (provider, event_id)
      );
      CREATE INDEX inbox_waiting ON webhooks.inbox (received_at) WHERE status = 'received';
      GRANT USAGE ON SCHEMA webhooks TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE ON webhooks.inbox TO "${appRole}";
    `);
  },
};
