/** The disputes that buyers' banks open at Stripe: chargebacks, to us. */
import type { Stripe } from 'stripe';
import type { Dispute, DisputeEvidence, Payments } from './payments.ts';
import { asked, missing, required } from './stripe-calls.ts';

type DisputeCalls = Pick<Payments, 'getDispute' | 'submitEvidence' | 'acceptDispute'>;

export function stripeDisputes(stripe: Stripe): DisputeCalls {
  return {
    getDispute: (disputeId) => asked(async () => toDispute(await stripe.disputes.retrieve(disputeId))),
    submitEvidence: (disputeId, evidence, idempotencyKey) =>
      asked(async () =>
        toDispute(
          await stripe.disputes.update(disputeId, { evidence: toEvidence(evidence), submit: true }, { idempotencyKey }),
        ),
      ),
    acceptDispute: (disputeId, idempotencyKey) =>
      asked(async () => toDispute(await stripe.disputes.close(disputeId, {}, { idempotencyKey }))),
  };
}

const STATUSES = [
  'warning_needs_response',
  'warning_under_review',
  'warning_closed',
  'needs_response',
  'under_review',
  'prevented',
  'won',
  'lost',
] as const;

function toDispute(given: Stripe.Dispute): Dispute {
  const dispute = required(given);
  const paymentId = idIn(dispute.payment_intent);
  const moved = dispute.balance_transactions.map((transaction) => ({
    transaction,
    amount: amountOf(dispute, transaction),
  }));
  const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
  return {
    id: dispute.id,
    paymentId,
    chargeId: idIn(dispute.charge),
    status: STATUSES.find((known) => known === dispute.status) ?? missing('known_status'),
    amount: dispute.amount,
    currency: dispute.currency.toUpperCase(),
    reason: dispute.reason,
    dueMs: dispute.evidence_details.due_by === null ? null : dispute.evidence_details.due_by * 1_000,
    openedMs: dispute.created * 1_000,
    withdrawn: sum(moved.map(({ amount }) => Math.max(-amount, 0))),
    reinstated: sum(moved.map(({ amount }) => Math.max(amount, 0))),
    movements: moved.length,
    submissions: dispute.evidence_details.submission_count,
    fees: moved.map(({ transaction: { id, fee, currency } }) => ({
      id,
      amount: fee,
      currency: currency.toUpperCase(),
    })),
  };
}

const idIn = (given: string | { readonly id: string } | null): string | null =>
  given === null || typeof given === 'string' ? given : given.id;

/**
 * What a balance transaction moved, without its fee, in the currency of the charge. One in another currency is in that of our
 * balance: it moved what the dispute is about.
 */
function amountOf({ amount, currency }: Stripe.Dispute, moved: Stripe.BalanceTransaction): number {
  return moved.currency === currency ? moved.amount : Math.sign(moved.amount) * amount;
}

function toEvidence(evidence: DisputeEvidence): Stripe.DisputeUpdateParams.Evidence {
  const { description, deliveredOn, servedOn, refundPolicy, cancellationPolicy, activity, statement } = evidence;
  return {
    product_description: description,
    ...(deliveredOn !== undefined && { shipping_date: deliveredOn }),
    ...(servedOn !== undefined && { service_date: servedOn }),
    refund_policy_disclosure: refundPolicy,
    cancellation_policy_disclosure: cancellationPolicy,
    access_activity_log: activity,
    ...(statement !== undefined && { uncategorized_text: statement }),
  };
}
