import type { Migration } from './index.ts';

/** Files that were handed in in disputes: what is known of each. Their bytes lie in the object store, encrypted. */
export const evidence: Migration = {
  name: '0121_evidence',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE TABLE disputes.evidence (
        dispute_id   text        NOT NULL REFERENCES disputes.disputes,
        number       integer     NOT NULL CHECK (number > 0),
        handed_in_by text        NOT NULL CHECK (handed_in_by IN ('buyer', 'seller', 'staff')),
        person_id    text        NOT NULL,
        name         bytea       NOT NULL,  -- as its owner called it; encrypted
        type         text        NOT NULL,
        size         integer     NOT NULL CHECK (size > 0),
        sha256       text        NOT NULL,  -- of the bytes as they were handed in; it stays when they are deleted
        scan         text        NOT NULL CHECK (scan IN ('pending', 'clean', 'infected', 'failed')),
        redacted_at  timestamptz,
        redacted_by  text,
        redacted_why text        REFERENCES disputes.statements,
        at           timestamptz NOT NULL,
        PRIMARY KEY (dispute_id, number),
        CHECK ((redacted_at IS NULL) = (redacted_by IS NULL) AND (redacted_at IS NULL) = (redacted_why IS NULL))
      );
      -- The same file of the same side is one file, until it is redacted.
      CREATE UNIQUE INDEX evidence_once ON disputes.evidence (dispute_id, handed_in_by, sha256) WHERE redacted_at IS NULL;
      GRANT SELECT, INSERT, UPDATE ON disputes.evidence TO "${appRole}";
    `);
  },
};
