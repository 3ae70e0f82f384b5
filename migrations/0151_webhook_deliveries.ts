import type { Migration } from './index.ts';

/** How often a flow that is known could not be told of an event: counted apart from how often no flow was found. */
export const webhookDeliveries: Migration = {
  name: '0151_webhook_deliveries',
  async up(knex) {
    await knex.raw('ALTER TABLE webhooks.inbox ADD COLUMN undelivered integer NOT NULL DEFAULT 0');
  },
};
