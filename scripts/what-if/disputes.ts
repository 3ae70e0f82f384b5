/** What the policy itself decided in disputes, since nobody else did, decided anew; what people decided stays as it was. */
import type { PurchaseId } from '../../contracts/ids.ts';
import type { Queryable } from '../../platform/database.ts';
import { type Dispute, type DisputeRuling, listDisputes, listRulings } from '../../services/disputes/index.ts';
import { refundLeaning } from '../../services/disputes/rules.ts';
import type { Policy } from '../../services/transactions/index.ts';
import type { Fact } from '../../services/transactions/what-if-rules.ts';

/** A dispute, and what ruled in it. */
export type Disputed = Pick<Dispute, 'claimedBy' | 'gross' | 'claimRefund' | 'currency' | 'terms' | 'decision'> & {
  readonly rulings: readonly Pick<DisputeRuling, 'ruledBy' | 'status'>[];
};

const OPENS: readonly Fact['event'][] = ['open_dispute', 'claim_no_show'];

/** The disputes of a purchase, oldest first; asked for only where there was one. */
export async function disputesOf(db: Queryable, purchaseId: PurchaseId, facts: readonly Fact[]): Promise<Disputed[]> {
  if (!facts.some(({ event }) => OPENS.includes(event))) return [];
  const disputes: Disputed[] = [];
  for (const dispute of await listDisputes(db, purchaseId)) {
    disputes.push({ ...dispute, rulings: await listRulings(db, dispute.id) });
  }
  return disputes;
}

type Percents = Pick<Policy['dispute'], 'silencePercent' | 'defaultPercent'>;

/** What happened, with what the policy would have decided in place of what it did. */
export function factsUnder(policy: Percents, facts: readonly Fact[], disputes: readonly Disputed[]): Fact[] {
  let opened = 0;
  return facts.map((fact) => {
    if (OPENS.includes(fact.event)) opened++;
    const dispute = disputes[opened - 1];
    if (dispute === undefined) return fact;
    if (fact.defaultRefund !== undefined) {
      return { ...fact, defaultRefund: refundLeaning(dispute, policy.defaultPercent) };
    }
    const percent = fact.event === 'dispute_decided' ? decidedByPolicy(dispute) : undefined;
    return percent === undefined ? fact : { ...fact, refund: refundLeaning(dispute, policy[percent]) };
  });
}

/** Which percentage of the policy decided; undefined when people did. */
function decidedByPolicy({ decision, rulings }: Disputed): keyof Percents | undefined {
  if (decision?.by === 'silence') return 'silencePercent';
  const stands = rulings.filter(({ status }) => status === 'stands').at(-1);
  return decision?.by === 'ruling' && stands?.ruledBy === null ? 'defaultPercent' : undefined;
}

/** Which keys of the policy say otherwise than a dispute was led under, and are not run: when it was decided, and by whom. */
export function notRun({ dispute: policy }: Pick<Policy, 'dispute'>, { terms, currency }: Disputed): string[] {
  const pairs: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ['response', policy.response, terms.responseMs],
    ['noShowContest', policy.noShowContest, terms.noShowContestMs],
    ['escalateAfter', policy.escalateAfter, terms.escalateAfterMs],
    ['negotiation', policy.negotiation, terms.negotiationMs],
    ['mediation', policy.mediation, terms.mediationMs],
    ['appeal', policy.appeal, terms.appealMs],
    ['fourEyesFrom', policy.fourEyesFrom[currency], terms.fourEyesFrom],
  ];
  return pairs.filter(([, now, then]) => now !== then).map(([key]) => `dispute.${key}`);
}
