import type { Migration } from './index.ts';

/** Disputes: how they stand, what was offered and ruled, what people wrote. */
export const disputes: Migration = {
  name: '0120_disputes',
  async up(knex, appRole) {
    await knex.raw(`
      -- What a purchase has to know of the dispute that is open about it; null when none is.
      ALTER TABLE transactions.purchases ADD COLUMN dispute jsonb;

      CREATE SCHEMA disputes;

      -- What people wrote, encrypted by the API, which alone reads it: it may be about their health.
      CREATE TABLE disputes.statements (
        id          text        PRIMARY KEY,
        purchase_id text        NOT NULL,
        author_id   text        NOT NULL,
        words       bytea       NOT NULL,
        at          timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE disputes.disputes (
        id            text        PRIMARY KEY,
        purchase_id   text        NOT NULL,
        n             integer     NOT NULL CHECK (n > 0),
        buyer_id      text        NOT NULL,
        seller_id     text        NOT NULL,
        claimed_by    text        NOT NULL CHECK (claimed_by IN ('buyer', 'seller')),
        reason        text        NOT NULL,
        statement_id  text        NOT NULL REFERENCES disputes.statements,
        currency      text        NOT NULL,
        gross         bigint      NOT NULL CHECK (gross > 0),
        claim_refund  bigint      NOT NULL CHECK (claim_refund BETWEEN 0 AND gross),
        terms         jsonb       NOT NULL,  -- the policy of then
        state         text        NOT NULL CHECK (state IN ('opened', 'negotiating', 'mediating', 'ruled', 'appealed', 'closed')),
        state_since   timestamptz NOT NULL,
        deadline_at   timestamptz,
        deadline_event text,
        escalate_from timestamptz,           -- when a party can ask for a mediator
        frozen_since  timestamptz,           -- since when a chargeback makes it stand still
        waived        text[]      NOT NULL DEFAULT '{}',  -- which roles will not appeal
        appealed_by   text        CHECK (appealed_by IN ('claimant', 'respondent')),
        decision      jsonb,                 -- what the buyer gets back, what that rests on, since when; null while undecided
        closed_at     timestamptz,
        created_at    timestamptz NOT NULL,
        updated_at    timestamptz NOT NULL,
        UNIQUE (purchase_id, n),
        CHECK ((state = 'closed') = (closed_at IS NOT NULL AND decision IS NOT NULL))
      );
      CREATE UNIQUE INDEX disputes_one_open ON disputes.disputes (purchase_id) WHERE state <> 'closed';

      CREATE TABLE disputes.offers (
        dispute_id   text        NOT NULL REFERENCES disputes.disputes,
        number       integer     NOT NULL CHECK (number > 0),
        made_by      text        NOT NULL CHECK (made_by IN ('claimant', 'respondent')),
        refund       bigint      NOT NULL CHECK (refund >= 0),
        statement_id text        REFERENCES disputes.statements,
        status       text        NOT NULL CHECK (status IN ('open', 'superseded', 'accepted')),
        at           timestamptz NOT NULL,
        PRIMARY KEY (dispute_id, number)
      );

      CREATE TABLE disputes.rulings (
        dispute_id   text        NOT NULL REFERENCES disputes.disputes,
        number       integer     NOT NULL CHECK (number > 0),
        refund       bigint      NOT NULL CHECK (refund >= 0),
        ruled_by     text,                   -- null: the default ruling of the policy
        approved_by  text        CHECK (approved_by <> ruled_by),
        statement_id text        REFERENCES disputes.statements,
        on_appeal    boolean     NOT NULL,
        status       text        NOT NULL CHECK (status IN ('proposed', 'superseded', 'stands')),
        at           timestamptz NOT NULL,
        PRIMARY KEY (dispute_id, number)
      );

      -- What parties said beside offers: an answer, an appeal.
      CREATE TABLE disputes.remarks (
        dispute_id   text        NOT NULL REFERENCES disputes.disputes,
        number       integer     NOT NULL CHECK (number > 0),
        event        text        NOT NULL,
        said_by      text        NOT NULL,
        statement_id text        NOT NULL REFERENCES disputes.statements,
        at           timestamptz NOT NULL,
        PRIMARY KEY (dispute_id, number)
      );

      CREATE TABLE disputes.steps (
        dispute_id text        NOT NULL REFERENCES disputes.disputes,
        step       text        NOT NULL,
        taken_at   timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (dispute_id, step)
      );

      GRANT USAGE ON SCHEMA disputes TO "${appRole}";
      GRANT SELECT, INSERT, DELETE ON disputes.statements TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE ON disputes.disputes, disputes.offers, disputes.rulings TO "${appRole}";
      GRANT SELECT, INSERT ON disputes.remarks, disputes.steps TO "${appRole}";
    `);
  },
};
