/** What sellers owe, against what was put in for them. */
import { finalBalances, sum } from './arithmetic.ts';
import type { PurchaseFacts } from './facts.ts';
import type { Finding, Rule } from './rules.ts';
import { chaptersOf, leftIn } from './story.ts';

/**
 * What was put in for the seller is owed by them, as far as they have it; what they have not, the buyer got twice, and it is
 * Wellpact's loss. What was put in for a bank is owed once that is settled. What a release kept paid an older debt.
 */
const debtsEqualBooks: Rule = (facts) => {
  const { row, ledger, debts } = facts;
  const balances = finalBalances(ledger);
  const findings: Finding[] = [];
  const owed = sum(debts.receivables.map(({ amount }) => amount));
  const { least, most } = dueOf(facts);
  if (owed < least || owed > most) {
    const expected = least === most ? String(least) : `${least} to ${most}`;
    findings.push({ what: 'what the seller owes by it', expected, found: String(owed) });
  }
  const recovered = balances['recovered'] ?? 0n;
  // A release that is under way has set its part aside before it is posted.
  if (!BEFORE_RELEASE.includes(row.state) && debts.paidBack !== recovered) {
    findings.push({ what: 'what it paid back', expected: String(recovered), found: String(debts.paidBack) });
  }
  return findings;
};

const BEFORE_RELEASE: readonly string[] = ['held', 'delivered', 'disputed'];

/** How much the seller has come to owe by it, by its books. */
function dueOf(facts: PurchaseFacts): { readonly least: bigint; readonly most: bigint } {
  const balances = finalBalances(facts.ledger);
  const { pending, cameLate = 0n } = chaptersOf(facts).at(-1) ?? {};
  const advanced = (balances['advanced'] ?? 0n) - sum(pending?.values() ?? []);
  // More than the seller has the buyer got from a bank after having got it from us.
  const inReach = leftIn({ ...balances, advanced: 0n });
  const least = advanced < inReach ? advanced : inReach;
  return { least, most: least + cameLate };
}

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
  receivables_add_up: receivablesAddUp,
} as const satisfies Readonly<Record<string, Rule>>;
