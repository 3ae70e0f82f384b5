import type { Migration } from './index.ts';

/**
 * What an entry has to keep to is looked at once a statement, for all that it adds, and no longer once an entry and again at
 * the end: a posting is one statement. That it has entries, and that they sum to zero, is still looked at when it ends.
 */
export const ledgerChecks: Migration = {
  name: '0105_ledger_checks',
  async up(knex) {
    await knex.raw(`
      DROP TRIGGER together ON ledger.entries;
      DROP TRIGGER ledger_balance ON ledger.entries;
      DROP TRIGGER one_currency ON ledger.entries;
      DROP FUNCTION ledger.refuse_late_entry();
      DROP FUNCTION ledger.refuse_mixed_currency();

      CREATE FUNCTION ledger.refuse_wrong_entries() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        wrong record;
      BEGIN
        -- All entries of the postings that were added to: those of earlier statements, too.
        SELECT * INTO wrong
          FROM (SELECT e.transaction_id, bool_or(t.created_in <> pg_current_xact_id()) AS late,
                       min(e.currency) AS currency, max(e.currency) AS other, sum(e.amount) AS total
                  FROM ledger.entries e JOIN ledger.transactions t ON t.id = e.transaction_id
                 WHERE e.transaction_id IN (SELECT transaction_id FROM added)
                 GROUP BY e.transaction_id) AS postings
         WHERE late OR currency <> other OR total <> 0 LIMIT 1;
        IF FOUND AND wrong.late THEN
          RAISE EXCEPTION 'ledger transaction % is closed: no entry can be added', wrong.transaction_id
            USING ERRCODE = 'restrict_violation';
        ELSIF FOUND AND wrong.currency <> wrong.other THEN
          RAISE EXCEPTION 'ledger transaction % has entries in % and %', wrong.transaction_id, wrong.currency, wrong.other
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_currency';
        ELSIF FOUND THEN
          RAISE EXCEPTION 'ledger transaction % does not balance: % %', wrong.transaction_id, wrong.currency, wrong.total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balance';
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
      CREATE TRIGGER right_entries AFTER INSERT ON ledger.entries
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_wrong_entries();
    `);
  },
};
