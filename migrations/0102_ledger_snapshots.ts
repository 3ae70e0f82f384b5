import type { Migration } from './index.ts';
import { createIndexConcurrently } from './index-concurrently.ts';

/**
 * Balances as they were at a moment, so that those of now are that and the entries since: the cost does not grow with the
 * years. And no posting, no purchase mixes currencies.
 */
export const ledgerSnapshots: Migration = {
  name: '0102_ledger_snapshots',
  async up(knex, appRole) {
    await knex.raw(`
      -- Null in entries of before, which every snapshot has in it: nobody writes while a column is added.
      ALTER TABLE ledger.entries ADD COLUMN created_in xid8;
      ALTER TABLE ledger.entries ALTER COLUMN created_in SET DEFAULT pg_current_xact_id();

      CREATE TABLE ledger.snapshots (
        id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        before   xid8        NOT NULL,  -- has all entries of database transactions before this one, and no other
        entries  bigint      NOT NULL CHECK (entries >= 0),  -- how many
        taken_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE ledger.snapshot_balances (
        snapshot_id bigint NOT NULL REFERENCES ledger.snapshots ON DELETE CASCADE,
        account     text   NOT NULL,
        currency    text   NOT NULL,
        balance     bigint NOT NULL,  -- debits minus credits
        PRIMARY KEY (snapshot_id, account, currency)
      );

      CREATE FUNCTION ledger.is_of_company(account text) RETURNS boolean LANGUAGE sql IMMUTABLE
        RETURN account = ANY (ARRAY['stripeFees', 'disputeFees', 'refundFees', 'otherFees', 'stripeFeesPaid', 'paidOut', 'bank']);

      -- Stripe's fee on a purchase may be in the currency of our balance; the purchase's own money never is in another one.
      CREATE FUNCTION ledger.refuse_mixed_currency() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        mixed text;
      BEGIN
        SELECT format('ledger transaction %s has entries in %s and %s', a.transaction_id, e.currency, a.currency) INTO mixed
          FROM added a JOIN ledger.entries e USING (transaction_id)
         WHERE e.currency <> a.currency LIMIT 1;
        IF mixed IS NULL THEN
          SELECT format('%s is in %s, its entry in %s', p.id, p.currency, a.currency) INTO mixed
            FROM added a JOIN transactions.purchases p ON p.id = a.purchase_id
           WHERE p.currency <> a.currency AND NOT ledger.is_of_company(a.account) LIMIT 1;
        END IF;
        IF mixed IS NOT NULL THEN
          RAISE EXCEPTION '%', mixed USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_currency';
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER one_currency AFTER INSERT ON ledger.entries
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_mixed_currency();

      GRANT SELECT, INSERT, DELETE ON ledger.snapshots, ledger.snapshot_balances TO "${appRole}";
    `);
  },
};

/** What came since a snapshot is found by it. Sums over an account no longer read the account. */
export const ledgerSinceSnapshot: Migration = {
  name: '0103_ledger_since_snapshot',
  withoutTransaction: true,
  async up(knex) {
    await createIndexConcurrently(
      knex,
      'ledger.entries_created',
      'ON ledger.entries (created_in) INCLUDE (account, currency, amount)',
    );
    await knex.raw('DROP INDEX CONCURRENTLY IF EXISTS ledger.entries_account');
  },
};
