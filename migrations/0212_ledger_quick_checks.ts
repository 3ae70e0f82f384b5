import type { Migration } from './index.ts';

/**
 * The checks of 0105 cost more the more rows there were: planned while the tables were small, a session went on reading them
 * whole. Now what a statement adds is judged by itself where that is enough, and nothing is looked up but the purchase.
 *
 * It is enough where all that is added to a posting has one currency and one purchase, sums to zero and holds entry 1: no
 * posting has entries without having entry 1, so it had none before this statement, and is none that was committed before.
 * Anything else is looked at as before. In which database transaction a row was written the application can no longer say
 * itself: by it a posting is closed, and balances know what came since a snapshot.
 */
export const ledgerQuickChecks: Migration = {
  name: '0212_ledger_quick_checks',
  async up(knex, appRole) {
    await knex.raw(`
      -- Nobody writes until this is committed, so that whatever a transaction adds is judged by one rule.
      LOCK TABLE ledger.transactions, ledger.entries IN SHARE ROW EXCLUSIVE MODE;
      DO $$
      DECLARE
        headless uuid;
      BEGIN
        SELECT id INTO headless FROM ledger.transactions t
         WHERE NOT EXISTS (SELECT FROM ledger.entries e WHERE e.transaction_id = t.id AND e.ordinal = 1) LIMIT 1;
        IF FOUND THEN
          RAISE EXCEPTION 'ledger transaction % has no entry 1: Wellpact has not written it; find out who did', headless;
        END IF;
      END $$;

      CREATE OR REPLACE FUNCTION ledger.refuse_wrong_entries() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        wrong record;
      BEGIN
        -- A second currency or a second purchase would be a group without entry 1.
        IF NOT EXISTS (
          SELECT FROM added GROUP BY transaction_id, currency, purchase_id
          HAVING min(ordinal) <> 1 OR sum(amount) <> 0
              OR currency <> (SELECT p.currency FROM transactions.purchases p WHERE p.id = added.purchase_id)
        ) THEN
          RETURN NULL;
        END IF;

        -- All entries of the postings that were added to: those of earlier statements, too.
        SELECT * INTO wrong
          FROM (SELECT e.transaction_id, bool_or(t.created_in <> pg_current_xact_id()) AS late,
                       min(e.currency) AS currency, max(e.currency) AS other, sum(e.amount) AS total, min(e.ordinal) AS first
                  FROM ledger.entries e JOIN ledger.transactions t ON t.id = e.transaction_id
                 WHERE e.transaction_id IN (SELECT transaction_id FROM added)
                 GROUP BY e.transaction_id) AS postings
         WHERE late OR currency <> other OR total <> 0 OR first <> 1 LIMIT 1;
        IF FOUND AND wrong.late THEN
          RAISE EXCEPTION 'ledger transaction % is closed: no entry can be added', wrong.transaction_id
            USING ERRCODE = 'restrict_violation';
        ELSIF FOUND AND wrong.currency <> wrong.other THEN
          RAISE EXCEPTION 'ledger transaction % has entries in % and %', wrong.transaction_id, wrong.currency, wrong.other
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_currency';
        ELSIF FOUND AND wrong.total <> 0 THEN
          RAISE EXCEPTION 'ledger transaction % does not balance: % %', wrong.transaction_id, wrong.currency, wrong.total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balance';
        ELSIF FOUND THEN
          RAISE EXCEPTION 'ledger transaction % begins with entry %: the first one is entry 1', wrong.transaction_id, wrong.first
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_first_entry';
        END IF;
        -- Stripe's fee on a purchase may be in the currency of our balance; the purchase's own money never is in another one.
        SELECT p.id, p.currency, a.currency AS other INTO wrong
          FROM added a JOIN transactions.purchases p ON p.id = a.purchase_id
         WHERE p.currency <> a.currency AND NOT ledger.is_of_company(a.account) LIMIT 1;
        IF FOUND THEN
          RAISE EXCEPTION '% is in %, its entry in %', wrong.id, wrong.currency, wrong.other
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_currency';
        END IF;
        RETURN NULL;
      END $$;

      REVOKE INSERT ON ledger.transactions, ledger.entries FROM "${appRole}";
      GRANT INSERT (id, source, step, ordinal, content_hash, cause, posted_at, workflow_id, caused_by)
        ON ledger.transactions TO "${appRole}";
      GRANT INSERT (transaction_id, ordinal, account, currency, amount, purchase_id, reference)
        ON ledger.entries TO "${appRole}";

      -- That they sum to zero was seen to when they were added; that there are any can be seen at the end only.
      CREATE OR REPLACE FUNCTION ledger.refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NOT EXISTS (SELECT FROM ledger.entries WHERE transaction_id = NEW.id AND ordinal = 1) THEN
          RAISE EXCEPTION 'ledger transaction % does not balance: it has no entries', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balance';
        END IF;
        RETURN NULL;
      END $$;
    `);
  },
};
