import type { Migration } from './index.ts';

/** What the other paths of a purchase need to know: which deadline runs, bookings, steps in two parts, keys given up. */
export const purchasePaths: Migration = {
  name: '0009_purchase_paths',
  async up(knex) {
    await knex.raw(`
      ALTER TABLE transactions.purchases
        ADD COLUMN deadline_event text,         -- what happens at deadline_at
        ADD COLUMN captured_at    timestamptz,  -- since when money is held: the hold limit counts from it
        ADD COLUMN slot_starts_at timestamptz,  -- of a booking
        ADD COLUMN slot_ends_at   timestamptz,
        ADD COLUMN slot_since     timestamptz,  -- when it was booked, or moved there
        ADD COLUMN unfinished     jsonb,        -- a row of the table that was begun and has to be gone through with
        ADD COLUMN key_epochs     jsonb NOT NULL DEFAULT '{}',  -- idempotency keys that were given up, by step
        ADD COLUMN refund_id      text UNIQUE,
        ADD COLUMN refund_status  text NOT NULL DEFAULT 'none',
        ADD CONSTRAINT slot_whole CHECK (
          (slot_starts_at IS NULL) = (slot_ends_at IS NULL) AND slot_starts_at < slot_ends_at);

      -- Purchases of before: what is held gets the deadline that its terms always had. The relay tells their workflows.
      UPDATE transactions.purchases
         SET captured_at = state_since,
             deadline_at = state_since + make_interval(secs => (terms ->> 'handlingMs')::numeric / 1000)
       WHERE state = 'held' AND deadline_at IS NULL;
      UPDATE transactions.purchases
         SET deadline_event = CASE state WHEN 'payment_pending' THEN 'payment_window_over'
                                         WHEN 'authorised' THEN 'accept_window_over'
                                         WHEN 'held' THEN 'delivery_overdue'
                                         WHEN 'delivered' THEN 'inspection_over'
                                         WHEN 'released' THEN 'aftercare_over' END
       WHERE deadline_at IS NOT NULL;

      CREATE INDEX purchases_unfinished ON transactions.purchases (updated_at) WHERE unfinished IS NOT NULL;
      CREATE INDEX purchases_blocked ON transactions.purchases (seller_id) WHERE transfer_status = 'blocked';
    `);
  },
};
