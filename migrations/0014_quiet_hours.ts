import type { Migration } from './index.ts';

/** When people want to be left alone. Mails are now written down as notifications before they are sent. */
export const quietHours: Migration = {
  name: '0014_quiet_hours',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE messaging.preferences
        ADD COLUMN quiet_from  text CHECK (quiet_from ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),  -- on the person's own clock
        ADD COLUMN quiet_until text CHECK (quiet_until ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
        ADD COLUMN version     integer NOT NULL DEFAULT 1,
        ADD CONSTRAINT preferences_quiet_whole CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
        ADD CONSTRAINT preferences_quiet_span CHECK (quiet_from <> quiet_until);

      -- It remembered which mails had gone out; messaging.notifications does now.
      DROP TABLE relay.deliveries;
    `);
  },
};
