import type { Migration } from './index.ts';

/** Receipts and invoices: each has a number, given once and without gaps, and says the same for ever. */
export const invoices: Migration = {
  name: '0142_invoices',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE TABLE transactions.invoice_numbers (
        kind text    NOT NULL,
        year integer NOT NULL,
        last integer NOT NULL,
        PRIMARY KEY (kind, year)
      );
      CREATE TABLE transactions.invoices (
        kind        text        NOT NULL CHECK (kind IN ('receipt', 'commission')),
        year        integer     NOT NULL,
        number      integer     NOT NULL CHECK (number > 0),
        purchase_id text        NOT NULL REFERENCES transactions.purchases,
        version     integer     NOT NULL CHECK (version > 0),  -- each takes the place of the one before
        figures     jsonb       NOT NULL,
        issued_at   timestamptz NOT NULL,
        PRIMARY KEY (kind, year, number),
        UNIQUE (purchase_id, kind, version)
      );
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON transactions.invoices
        FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
      CREATE TRIGGER no_truncate BEFORE TRUNCATE ON transactions.invoices
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
      GRANT SELECT, INSERT, UPDATE ON transactions.invoice_numbers TO "${appRole}";
      GRANT SELECT, INSERT ON transactions.invoices TO "${appRole}";
    `);
  },
};
