import type { Migration } from './index.ts';

/** What the rules saw of each purchase that has ended, so that they can be run again over it with another policy. */
export const archives: Migration = {
  name: '0150_archives',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE TABLE transactions.archives (
        purchase_id text        PRIMARY KEY REFERENCES transactions.purchases,
        closed_at   timestamptz NOT NULL,
        currency    text        NOT NULL,
        inputs      jsonb       NOT NULL,  -- terms, offer and everything that happened; nothing personal
        outcome     jsonb       NOT NULL   -- how it ended, and what each side has of it
      );
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON transactions.archives
        FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
      CREATE TRIGGER no_truncate BEFORE TRUNCATE ON transactions.archives
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
      GRANT SELECT, INSERT ON transactions.archives TO "${appRole}";
    `);
  },
};
