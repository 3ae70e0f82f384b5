import type { Migration } from './index.ts';
import { createIndexConcurrently } from './index-concurrently.ts';

/** What staff do about a purchase: notes, and pauses during which no money moves. */
export const staffOrders: Migration = {
  name: '0090_staff_orders',
  async up(knex, appRole) {
    await knex.raw(`
      ALTER TABLE transactions.purchases
        ADD COLUMN pause          jsonb,                      -- since when money stands still, by whom; null when it does not
        ADD COLUMN stood_still_ms bigint NOT NULL DEFAULT 0,  -- for how long it did since state_since, in pauses that are over
        ADD CONSTRAINT purchases_stood_still_ms_check CHECK (stood_still_ms >= 0) NOT VALID;

      -- What staff wrote. Kept apart from the audit trail, which is never to hold anything that people wrote.
      CREATE TABLE transactions.staff_notes (
        purchase_id text        NOT NULL REFERENCES transactions.purchases,
        seq         integer     NOT NULL CHECK (seq > 0),
        kind        text        NOT NULL CHECK (kind IN ('note', 'pause', 'resume')),
        words       text        NOT NULL CHECK (length(words) BETWEEN 1 AND 2000),
        staff_id    text        NOT NULL,
        verified    boolean     NOT NULL,  -- false: typed into the Temporal UI by somebody who named this account
        at          timestamptz NOT NULL,
        PRIMARY KEY (purchase_id, seq)
      );
      GRANT SELECT, INSERT ON transactions.staff_notes TO "${appRole}";
    `);
  },
};

/** What takes a look at every purchase, while they are written to. */
export const staffOrdersChecked: Migration = {
  name: '0091_staff_orders_checked',
  withoutTransaction: true,
  async up(knex) {
    await knex.raw('ALTER TABLE transactions.purchases VALIDATE CONSTRAINT purchases_stood_still_ms_check');
    await createIndexConcurrently(knex, 'purchases_paused', 'ON transactions.purchases (id) WHERE pause IS NOT NULL');
  },
};
