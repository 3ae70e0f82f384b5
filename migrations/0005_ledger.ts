import type { Migration } from './index.ts';

/** The double-entry ledger. The database itself refuses what is out of balance, and any change of what was written. */
export const ledger: Migration = {
  name: '0005_ledger',
  async up(knex, appRole) {
    await knex.raw(`
      CREATE SCHEMA ledger;

      CREATE TABLE ledger.transactions (
        id           uuid        PRIMARY KEY DEFAULT uuidv7(),
        source       text        NOT NULL,  -- who posted: 'purchase/pur_…'
        step         text        NOT NULL,  -- which of its steps: 'capturePayment'
        ordinal      smallint    NOT NULL,  -- which posting of that step
        content_hash bytea       NOT NULL CHECK (octet_length(content_hash) = 32),
        cause        text        NOT NULL,  -- workflow run that made it
        posted_at    timestamptz NOT NULL DEFAULT now(),
        created_in   xid8        NOT NULL DEFAULT pg_current_xact_id(),
        UNIQUE (source, step, ordinal)
      );

      CREATE TABLE ledger.entries (
        transaction_id uuid     NOT NULL REFERENCES ledger.transactions,
        ordinal        smallint NOT NULL,
        account        text     NOT NULL CHECK (account ~ '^[a-zA-Z]+$'),
        currency       text     NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        amount         bigint   NOT NULL CHECK (amount <> 0),  -- minor units; debits positive, credits negative
        purchase_id    text,
        PRIMARY KEY (transaction_id, ordinal)
      );
      CREATE INDEX entries_purchase ON ledger.entries (purchase_id, account, currency) INCLUDE (amount);
      CREATE INDEX entries_account ON ledger.entries (account, currency) INCLUDE (amount);

      -- Entries are written together with their transaction, never added to an old one.
      CREATE FUNCTION ledger.refuse_late_entry() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NOT EXISTS (SELECT 1 FROM ledger.transactions
                        WHERE id = NEW.transaction_id AND created_in = pg_current_xact_id()) THEN
          RAISE EXCEPTION 'ledger transaction % is closed: no entry can be added', NEW.transaction_id
            USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER together BEFORE INSERT ON ledger.entries
        FOR EACH ROW EXECUTE FUNCTION ledger.refuse_late_entry();

      -- At commit, each transaction has entries, and they sum to zero in each currency.
      CREATE FUNCTION ledger.refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        checked uuid := CASE TG_TABLE_NAME WHEN 'entries' THEN (to_jsonb(NEW) ->> 'transaction_id')::uuid
                                           ELSE (to_jsonb(NEW) ->> 'id')::uuid END;
        entry_count integer;
        off_balance text;
      BEGIN
        SELECT sum(n), string_agg(currency || ' ' || total, ', ') FILTER (WHERE total <> 0)
          INTO entry_count, off_balance
          FROM (SELECT currency, count(*) AS n, sum(amount) AS total
                  FROM ledger.entries WHERE transaction_id = checked GROUP BY currency) AS by_currency;
        IF entry_count IS NULL OR off_balance IS NOT NULL THEN
          RAISE EXCEPTION 'ledger transaction % does not balance: %', checked, coalesce(off_balance, 'it has no entries')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balance';
        END IF;
        RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER ledger_balance AFTER INSERT ON ledger.transactions
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.refuse_imbalance();
      -- Once more for each entry: what was checked early can still be added to until the transaction ends.
      CREATE CONSTRAINT TRIGGER ledger_balance AFTER INSERT ON ledger.entries
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.refuse_imbalance();

      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.transactions
        FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
      CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.transactions
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
      CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.entries
        FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
      CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.entries
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

      GRANT USAGE ON SCHEMA ledger TO "${appRole}";
      GRANT SELECT, INSERT ON ledger.transactions, ledger.entries TO "${appRole}";
    `);
  },
};
