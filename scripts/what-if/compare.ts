/** What became of each purchase, beside what would have become of it. */
import type { PurchaseId } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';
import { type Archived, archivedPurchases, countArchives, type Policy } from '../../services/transactions/index.ts';
import { FINAL_STATES } from '../../services/transactions/rules.ts';
import { type Fact, type Outcome, rerun, termsUnder } from '../../services/transactions/what-if-rules.ts';
import { type Disputed, disputesOf, factsUnder, notRun } from './disputes.ts';

export interface Compared {
  readonly purchaseId: PurchaseId;
  readonly currency: string;
  readonly was: Outcome;
  readonly wouldBe: Outcome;
  /** What somebody did and could not have done. */
  readonly refused: readonly Fact['event'][];
}

export interface Comparison {
  readonly policyVersion: number;
  readonly compared: readonly Compared[];
  /** Those that ended before their inputs were kept. */
  readonly notArchived: number;
  /** Those whose inputs do not lead to how they ended, even under their own terms: of them nothing can be said. */
  readonly notReproduced: readonly PurchaseId[];
  /** The keys of the policy that say otherwise than disputes were led under, and are not run; and how many disputes those are. */
  readonly notRun: { readonly keys: readonly string[]; readonly disputes: number };
}

export async function compareAll(
  db: Queryable,
  policy: Policy,
  tell: (done: number, total: number) => void,
): Promise<Comparison> {
  const { closed, archived } = await countArchives(db, FINAL_STATES);
  const compared: Compared[] = [];
  const notReproduced: PurchaseId[] = [];
  const keys = new Set<string>();
  let ledOtherwise = 0;
  let done = 0;
  for await (const purchase of archivedPurchases(db)) {
    const disputes = await disputesOf(db, purchase.purchaseId, purchase.inputs.facts);
    const result = compare(policy, purchase, disputes);
    if (result === undefined) notReproduced.push(purchase.purchaseId);
    else compared.push(result);
    for (const others of disputes.map((dispute) => notRun(policy, dispute)).filter(({ length }) => length > 0)) {
      ledOtherwise++;
      for (const key of others) keys.add(key);
    }
    tell(++done, Math.max(done, archived));
  }
  return {
    policyVersion: policy.version,
    compared,
    notArchived: Math.max(closed - done, 0),
    notReproduced,
    notRun: { keys: [...keys].sort(), disputes: ledOtherwise },
  };
}

/** @returns undefined when what was kept does not lead to what happened */
function compare(
  policy: Policy,
  { purchaseId, currency, inputs, outcome: was }: Archived,
  disputes: readonly Disputed[],
): Compared | undefined {
  const terms = termsUnder(policy, inputs);
  if (terms === undefined || !isSame(rerun(inputs.terms, inputs).outcome, was)) return undefined;
  const { outcome: wouldBe, refused } = rerun(terms, {
    ...inputs,
    facts: factsUnder(policy.dispute, inputs.facts, disputes),
  });
  return { purchaseId, currency, was, wouldBe, refused };
}

export const isSame = (one: Outcome, other: Outcome): boolean =>
  one.state === other.state &&
  one.buyer === other.buyer &&
  one.seller === other.seller &&
  one.commission === other.commission;
