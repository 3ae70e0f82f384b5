import type { Migration } from './index.ts';

/** What a person of staff has to decide, until when, and what was decided. */
export const cases: Migration = {
  name: '0011_cases',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA cases;

      CREATE TABLE cases.cases (
        id           text        PRIMARY KEY,
        kind         text        NOT NULL,
        subject_type text        NOT NULL,
        subject_id   text        NOT NULL,
        state        text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
        details      jsonb       NOT NULL,  -- references and figures
        due_at       timestamptz NOT NULL,
        escalated_at timestamptz,           -- when it was found past due
        opened_at    timestamptz NOT NULL DEFAULT now(),
        closed_at    timestamptz,
        decision     text,
        reason       text,                  -- why, as the person who decided wrote it
        decided_by   text,                  -- type:id
        CHECK ((state = 'closed') = (closed_at IS NOT NULL AND decision IS NOT NULL AND decided_by IS NOT NULL))
      );
      -- One open case of a kind about one subject: opening it again finds it.
      CREATE UNIQUE INDEX cases_open ON cases.cases (kind, subject_type, subject_id) WHERE state = 'open';
      CREATE INDEX cases_by_subject ON cases.cases (subject_id, id DESC);
      CREATE INDEX cases_by_state ON cases.cases (state, id DESC);

      GRANT USAGE ON SCHEMA cases TO "${appRole}";
      GRANT SELECT, INSERT, UPDATE ON cases.cases TO "${appRole}";
    `);
  },
};
