import type { Migration } from './index.ts';

/** Which trace an event belongs to, so that its publishing shows there. */
export const outboxTrace: Migration = {
  name: '0022_outbox_trace',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE outbox.events ADD COLUMN trace text;  -- a W3C traceparent; null where nothing was traced
    `);
  },
};
