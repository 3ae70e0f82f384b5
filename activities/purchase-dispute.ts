/** The steps by which a purchase and its dispute follow each other. */

import { decideByDefault, findDispute, listDisputes, openDispute } from '../services/disputes/index.ts';
import { type DisputeTerms, MAX_DISPUTES, type Positions, refundLeaning } from '../services/disputes/rules.ts';
import { cancellationSplit } from '../services/transactions/cancellation-rules.ts';
import { commitStep, type OpenDispute, type Policy, type Purchase } from '../services/transactions/index.ts';
import { leftOf } from '../services/transactions/refund-rules.ts';
import { refusal } from './failures.ts';
import {
  type PurchaseDeps,
  type PurchaseStanding,
  type PurchaseStep,
  partyOf,
  planOf,
  refuseStopped,
  rowKey,
  standing,
  stepKey,
} from './purchase-steps.ts';

export function createPurchaseDisputeActivities({ database, policy }: PurchaseDeps) {
  return {
    /**
     * The money stays where it is, and a dispute begins: both together.
     * @throws ApplicationFailure TOO_MANY_DISPUTES, BEYOND_WHAT_IS_DISPUTED
     */
    async pauseForDispute(step: PurchaseStep): Promise<PurchaseStanding> {
      const asked = step.command?.dispute;
      if (asked === undefined) throw refusal('NOT_ALLOWED_NOW', 'A dispute says what it is about.');
      let opening: (OpenDispute & Positions & { readonly terms: DisputeTerms }) | undefined;
      const after = await commitStep(
        database,
        rowKey(step, `pauseForDispute/${step.command?.id}`),
        async (current, tx) => {
          const { row } = planOf(current, step);
          refuseStopped(current, 'pauseForDispute', row);
          const n = (await listDisputes(tx, current.id)).length + 1;
          if (n > MAX_DISPUTES) {
            throw refusal(
              'TOO_MANY_DISPUTES',
              `A purchase can be disputed ${MAX_DISPUTES} times. Write to our support.`,
            );
          }
          const claimedBy = partyOf(current, step) === 'seller' ? 'seller' : 'buyer';
          const gross = leftOf(current.books);
          if (gross <= 0) throw refusal('NOT_ALLOWED_NOW', 'Nothing is left of what was paid.');
          const claimRefund = claimedRefund(current, step, gross, asked.wants);
          const terms = termsOf(policy, current);
          const positions = { claimedBy, gross, claimRefund } as const;
          const defaultRefund = refundLeaning(positions, terms.defaultPercent);
          const dispute = { id: asked.id, n, reason: asked.reason, gross, defaultRefund, refund: null };
          opening = { ...dispute, ...positions, terms };
          return { to: row.to, dispute };
        },
        async (tx, { id: purchaseId, buyerId, sellerId, currency }) => {
          if (opening === undefined) return;
          const { id, n, reason, claimedBy, gross, claimRefund, terms } = opening;
          const { statementId } = asked;
          const parties = { purchaseId, buyerId, sellerId, currency, claimedBy };
          const about = { id, n, reason, statementId, gross, claimRefund, terms };
          await openDispute(tx, { ...parties, ...about }, step.actor, step.atMs);
        },
      );
      return standing(after);
    },

    /** The dispute says that it is decided: the purchase keeps how, until it can carry that out. */
    async noteDecision(step: PurchaseStep & { readonly n: number }): Promise<PurchaseStanding> {
      const after = await commitStep(database, stepKey(step, `noteDecision/${step.n}`), async ({ dispute }, tx) => {
        if (dispute === null || dispute.n !== step.n) return {};
        const decision = (await findDispute(tx, dispute.id))?.decision;
        if (decision === undefined || decision === null) throw new Error(`${dispute.id} is not decided`);
        return { dispute: { ...dispute, refund: decision.refund } };
      });
      return standing(after);
    },

    /**
     * Money may be held no longer. What the dispute has decided by now counts, though its word has not come; if it has not
     * decided, the default ruling does, and what anybody agrees to from now on comes too late.
     */
    async decideAtHoldLimit(step: PurchaseStep & { readonly n: number }): Promise<PurchaseStanding> {
      const after = await commitStep(
        database,
        stepKey(step, `decideAtHoldLimit/${step.n}`),
        async ({ dispute }, tx) => {
          if (dispute === null || dispute.n !== step.n) return {};
          const decision = await decideByDefault(tx, dispute.id, dispute.defaultRefund, step.actor, step.atMs);
          return decision.by === 'default_ruling' ? {} : { dispute: { ...dispute, refund: decision.refund } };
        },
      );
      return standing(after);
    },
  };
}

/**
 * What the buyer gets back if the claim is right: what they want; of a no-show everything, or what cancelling at the last
 * moment would have given, when it is the buyer who was not there.
 */
function claimedRefund(purchase: Purchase, step: PurchaseStep, gross: number, wants: number | undefined): number {
  if (step.event === 'claim_no_show') {
    if (partyOf(purchase, step) === 'buyer') return gross;
    const { terms, refundCap } = purchase;
    return terms.cancellation === undefined || terms.cancellation.length === 0
      ? 0
      : cancellationSplit(gross, terms.cancellation, 'buyer', 0, refundCap).refund;
  }
  if (wants === undefined) return gross;
  if (wants > 0 && wants <= gross) return wants;
  const disputed = { amount: gross, currency: purchase.currency };
  throw refusal('BEYOND_WHAT_IS_DISPUTED', 'You cannot get back more than is left of what you paid.', { disputed });
}

/** The policy of now: a dispute keeps it. */
function termsOf({ version, dispute }: Policy, { currency }: Purchase): DisputeTerms {
  return {
    policyVersion: version,
    responseMs: dispute.response,
    noShowContestMs: dispute.noShowContest,
    escalateAfterMs: dispute.escalateAfter,
    negotiationMs: dispute.negotiation,
    mediationMs: dispute.mediation,
    appealMs: dispute.appeal,
    silencePercent: dispute.silencePercent,
    defaultPercent: dispute.defaultPercent,
    fourEyesFrom: dispute.fourEyesFrom[currency],
  };
}
