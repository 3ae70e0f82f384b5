import type { Migration } from './index.ts';

/** What every service writes beside its own rows: the audit trail and the outbox. */
export const platform: Migration = {
  name: '0001_platform',
  async up(knex, appRole) {
    await knex.raw(`
      -- Refuses any change of a row that is there: the last line of defence, also against the owner of the table.
      CREATE FUNCTION public.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, TG_OP
          USING ERRCODE = 'restrict_violation';
      END $$;

      CREATE SCHEMA audit;
      CREATE TABLE audit.entries (
        subject_type  text        NOT NULL,
        subject_id    text        NOT NULL,
        seq           bigint      NOT NULL CHECK (seq > 0),
        at            timestamptz NOT NULL,
        actor         text        NOT NULL,
        action        text        NOT NULL,
        change        text        NOT NULL,  -- canonical JSON, the very text that was hashed
        previous_hash bytea       NOT NULL CHECK (octet_length(previous_hash) = 32),
        hash          bytea       NOT NULL CHECK (octet_length(hash) = 32),
        PRIMARY KEY (subject_type, subject_id, seq)
      );
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit.entries
        FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
      CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit.entries
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

      CREATE SCHEMA outbox;
      CREATE TABLE outbox.events (
        position     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id           text        NOT NULL UNIQUE,
        type         text        NOT NULL,
        key          text        NOT NULL,
        data         jsonb       NOT NULL,
        occurred_at  timestamptz NOT NULL DEFAULT now(),
        attempts     integer     NOT NULL DEFAULT 0,
        retry_at     timestamptz,
        published_at timestamptz
      );
      CREATE INDEX events_waiting ON outbox.events (position) WHERE published_at IS NULL;

      GRANT USAGE ON SCHEMA audit, outbox TO "${appRole}";
      GRANT SELECT, INSERT ON audit.entries TO "${appRole}";
      GRANT SELECT, INSERT ON outbox.events TO "${appRole}";
      GRANT UPDATE (attempts, retry_at, published_at) ON outbox.events TO "${appRole}";
    `);
  },
};
