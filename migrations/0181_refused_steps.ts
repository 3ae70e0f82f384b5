import type { Migration } from './index.ts';
import { createIndexConcurrently } from './index-concurrently.ts';

/** A step that the provider refuses, though nobody has asked for it just now: finance is asked. */
export const refusedSteps: Migration = {
  name: '0181_refused_steps',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE transactions.purchases
        ADD COLUMN refused_step jsonb;  -- which, why and since when; null when none is
    `);
  },
};

/** What takes a look at every purchase, while they are written to. */
export const refusedStepsIndexed: Migration = {
  name: '0182_refused_steps_indexed',
  withoutTransaction: true,
  async up(knex) {
    await createIndexConcurrently(
      knex,
      'purchases_step_refused',
      'ON transactions.purchases (id DESC) WHERE refused_step IS NOT NULL',
    );
  },
};
