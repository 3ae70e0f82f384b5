import type { Migration } from './index.ts';

/** Chargebacks: what the buyer's bank does about a payment, and that it stops the money as a pause of staff does. */
export const chargebacks: Migration = {
  name: '0130_chargebacks',
  async up(knex, appRole) {
    await knex.raw(`
      ALTER TABLE transactions.purchases
        ADD COLUMN chargeback_sheet jsonb,        -- what stands behind the word in chargeback
        ADD COLUMN returned_at      timestamptz,  -- when the bank gave back what it had taken: held money counts from it
        ADD COLUMN standstill       jsonb;        -- since when its money stands still, whatever stopped it

      -- What staff have paused stands still, and may have reached its hold limit.
      UPDATE transactions.purchases
         SET standstill = jsonb_build_object('sinceMs', pause -> 'sinceMs')
                          || CASE WHEN pause -> 'limitReached' IS NOT NULL THEN '{"limitReached": true}' ELSE '{}' END::jsonb,
             pause = pause - 'limitReached'
       WHERE pause IS NOT NULL;

      -- One row for each dispute that Stripe shows.
      CREATE TABLE transactions.chargebacks (
        id          text        PRIMARY KEY,  -- Stripe's
        purchase_id text        NOT NULL REFERENCES transactions.purchases,
        status      text        NOT NULL,
        amount      bigint      NOT NULL CHECK (amount >= 0),  -- what it is about
        currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        reason      text        NOT NULL,
        due_at      timestamptz,              -- until when the bank takes evidence
        withdrawn   bigint      NOT NULL CHECK (withdrawn >= 0),
        reinstated  bigint      NOT NULL CHECK (reinstated >= 0),
        movements   integer     NOT NULL CHECK (movements >= 0),
        submissions integer     NOT NULL CHECK (submissions >= 0),
        advanced    bigint      NOT NULL CHECK (advanced >= 0),  -- put in for it by Wellpact, and not come back
        settled     boolean     NOT NULL DEFAULT false,
        given_up    boolean     NOT NULL DEFAULT false,  -- no evidence is to be sent
        opened_at   timestamptz NOT NULL,
        seen_at     timestamptz NOT NULL,
        answered_at timestamptz,              -- when we submitted evidence
        closed_at   timestamptz
      );
      CREATE INDEX chargebacks_of_purchase ON transactions.chargebacks (purchase_id, id);
      GRANT SELECT, INSERT, UPDATE ON transactions.chargebacks TO "${appRole}";

      -- By which payment an event is matched whose object is not the payment itself.
      ALTER TABLE webhooks.inbox ADD COLUMN payment_id text;
    `);
  },
};
