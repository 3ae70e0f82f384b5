import type { Migration } from './index.ts';

/** The ledger against Stripe: what was compared, and what differs. */
export const reconciliations: Migration = {
  name: '0104_reconciliations',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA reconciliations;

      CREATE TABLE reconciliations.runs (
        id           text        PRIMARY KEY,
        workflow_id  text        NOT NULL UNIQUE,
        requested_by text,                   -- null: by the schedule
        from_at      timestamptz NOT NULL,   -- lines of [from_at, until_at) are compared
        until_at     timestamptz NOT NULL,
        settled_at   timestamptz NOT NULL,   -- what is younger is left to the next one
        state        text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed', 'failed')),
        pages        integer     NOT NULL DEFAULT 0,
        lines        integer     NOT NULL DEFAULT 0,  -- of Stripe
        postings     integer     NOT NULL DEFAULT 0,  -- of ours, that no line of the period answered to at once
        differences  integer     NOT NULL DEFAULT 0,
        settled      integer     NOT NULL DEFAULT 0,  -- differences of before that are no more
        posted       integer     NOT NULL DEFAULT 0,  -- fees and payouts that were posted from their lines
        started_at   timestamptz NOT NULL DEFAULT now(),
        ended_at     timestamptz,
        CHECK ((state = 'running') = (ended_at IS NULL))
      );
      CREATE INDEX runs_completed ON reconciliations.runs (until_at DESC) WHERE state = 'completed';

      -- Which objects of Stripe a run has looked at; gone when it ends.
      CREATE TABLE reconciliations.seen (
        run_id    text NOT NULL REFERENCES reconciliations.runs,
        reference text NOT NULL,
        category  text NOT NULL,
        PRIMARY KEY (run_id, reference, category)
      );

      CREATE TABLE reconciliations.differences (
        id           text        PRIMARY KEY,
        kind         text        NOT NULL CHECK (kind IN ('missing', 'extra', 'wrong_amount', 'wrong_currency', 'late')),
        reference    text        NOT NULL,  -- the object of Stripe
        category     text        NOT NULL,
        content_hash bytea       NOT NULL,
        details      jsonb       NOT NULL,  -- both sides
        purchase_id  text,
        case_id      text        NOT NULL,
        first_run    text        NOT NULL REFERENCES reconciliations.runs,
        last_run     text        NOT NULL REFERENCES reconciliations.runs,
        found_at     timestamptz NOT NULL DEFAULT now(),
        settled_at   timestamptz            -- since when it is no more
      );
      CREATE UNIQUE INDEX differences_open ON reconciliations.differences (reference, category) WHERE settled_at IS NULL;
      CREATE INDEX differences_by_run ON reconciliations.differences (last_run, id);

      GRANT USAGE ON SCHEMA reconciliations TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE ON reconciliations.runs, reconciliations.differences TO "${appRole}";
      GRANT SELECT, INSERT, DELETE ON reconciliations.seen TO "${appRole}";
    `);
  },
};
