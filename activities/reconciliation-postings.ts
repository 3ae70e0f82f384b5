/** What we learn from Stripe's lines alone, as postings of the company: fees, and what Stripe pays out to our bank. */
import type { BalanceLine } from '../providers/payments.ts';
import type { EntryAtStripe, Posting } from '../services/transactions/index.ts';

/** The expense that a fee is, by what it was kept of. */
const EXPENSES = { charge: 'stripeFees', dispute: 'disputeFees', refund: 'refundFees' } as const;

const isExpense = (category: string): category is keyof typeof EXPENSES => category in EXPENSES;

/**
 * The posting that a line calls for.
 * @param entries what the ledger has about its object already
 * @returns undefined when it calls for none, or is posted; a fee on something that the ledger does not know is none of ours
 */
export function companyPostingOf(
  { id, source, category, amount, fee, currency }: BalanceLine,
  entries: readonly EntryAtStripe[],
  origin: Pick<Posting, 'cause' | 'workflowId' | 'causedBy'>,
): Posting | undefined {
  const reference = source ?? id;
  const known = entries.filter((entry) => entry.reference === reference);
  const posting = { ...origin, source: `stripe/${reference}`, ordinal: 1, currency, purchaseId: null };
  if (category === 'payout' || category === 'payout_reversal') {
    if (known.some((entry) => entry.category === category)) return undefined;
    const entriesOf = [
      { account: 'bank', amount: -amount },
      { account: 'paidOut', amount, reference },
    ] as const;
    return { ...posting, step: category, entries: entriesOf };
  }
  if (known.some((entry) => entry.category === 'fee')) return undefined;
  const kept = category === 'fee' ? -amount : fee;
  const isOurs = category === 'fee' ? source === null || known.length > 0 : known.length > 0;
  if (kept === 0 || !isOurs) return undefined;
  const feeEntries = [
    { account: isExpense(category) ? EXPENSES[category] : 'otherFees', amount: kept },
    { account: 'stripeFeesPaid', amount: -kept, reference },
  ] as const;
  const purchaseId = known.find((entry) => entry.purchaseId !== null)?.purchaseId ?? null;
  // The very posting that a step of the purchase makes when it learns of the fee: whoever comes first makes it.
  if (category === 'charge' && purchaseId !== null) {
    return { ...posting, source: `purchase/${purchaseId}`, step: 'stripeFee', purchaseId, entries: feeEntries };
  }
  return { ...posting, step: 'fee', purchaseId, entries: feeEntries };
}
