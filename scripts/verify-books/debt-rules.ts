/** What sellers owe, against what was put in for them. */
import { finalBalances, sum } from './arithmetic.ts';
import { isWithBank, namedBy } from './cases.ts';
import type { PurchaseFacts } from './facts.ts';
import type { Finding, Rule } from './rules.ts';
import { chaptersOf } from './story.ts';

/**
 * What was put in for the seller is owed by them, as far as they have it; what they have not, the buyer got twice, and it is
 * Wellpact's loss. What was put in for a bank is owed once that is settled. What a release kept paid an older debt.
 */
const debtsEqualBooks: Rule = (facts) => {
  const { row, ledger, debts } = facts;
  const balances = finalBalances(ledger);
  const findings: Finding[] = [];
  const owed = sum(debts.receivables.map(({ amount }) => amount));
  const due = dueOf(facts);
  if (owed !== due) findings.push({ what: 'what the seller owes by it', expected: String(due), found: String(owed) });
  const recovered = balances['recovered'] ?? 0n;
  // A release that is under way has set its part aside before it is posted.
  if (!BEFORE_RELEASE.includes(row.state) && debts.paidBack !== recovered) {
    findings.push({ what: 'what it paid back', expected: String(recovered), found: String(debts.paidBack) });
  }
  return findings;
};

const BEFORE_RELEASE: readonly string[] = ['held', 'delivered', 'disputed'];

/**
 * How much the seller has come to owe by it, by its books. What a bank gave back late is not theirs, and so in nobody's
 * reach: it is no reason to owe anything.
 */
function dueOf(facts: PurchaseFacts): bigint {
  const last = chaptersOf(facts).at(-1);
  if (last === undefined) return 0n;
  const { pending, left, after } = last;
  const putIn = after['advanced'] ?? 0n;
  const advanced = putIn - sum(pending.values());
  // More than the seller has the buyer got from a bank after having got it from us.
  const inReach = left.after + putIn;
  return advanced < inReach ? advanced : inReach;
}

/** What was put in and is owed by nobody is a loss: finance have, or had, a case that names it. */
const lossesAreNamed: Rule = (facts) => {
  const last = chaptersOf(facts).at(-1);
  if (last === undefined || isWithBank(facts.row)) return [];
  const lost = (last.after['advanced'] ?? 0n) - sum(last.pending.values()) - dueOf(facts);
  const named = namedBy(facts.cases, 'chargeback_remainder', 'loss');
  if (named.includes(lost)) return [];
  return [{ what: 'what nobody bears', expected: `a case that names ${lost}`, found: named.join(' or ') }];
};

/** What is paid back of a debt is what the releases say that paid it, and the debt is that of the very seller. */
const receivablesAddUp: Rule = ({ row, debts }) =>
  debts.receivables.flatMap(({ step, sellerId, currency, recovered, paidBack }) => {
    const findings: Finding[] = [];
    if (recovered !== paidBack) {
      findings.push({
        what: `what is paid back of the debt of ${step}`,
        expected: String(paidBack),
        found: String(recovered),
      });
    }
    if (sellerId !== row.sellerId || currency !== row.currency) {
      findings.push({
        what: `whose debt ${step} made it`,
        expected: `${row.sellerId} in ${row.currency}`,
        found: `${sellerId} in ${currency}`,
      });
    }
    return findings;
  });

export const debtRules = {
  debts_equal_books: debtsEqualBooks,
  losses_are_named: lossesAreNamed,
  receivables_add_up: receivablesAddUp,
} as const satisfies Readonly<Record<string, Rule>>;
