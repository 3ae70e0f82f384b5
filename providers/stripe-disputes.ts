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
  const moved = dispute.balance_transactions;
  const amounts = moved.map((transaction) => amountOf(dispute, transaction));
  const sum = (sign: 1 | -1): number =>
    amounts.reduce<number>((all, amount = 0) => all + Math.max(sign * amount, 0), 0);
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
    withdrawn: sum(-1),
    reinstated: sum(1),
    hasUnclearPart: amounts.includes(undefined),
    movements: moved.length,
    submissions: dispute.evidence_details.submission_count,
    fees: moved.map(({ id, fee, currency }) => ({
      id,
      amount: fee,
      currency: currency.toUpperCase(),
    })),
  };
}

const idIn = (given: string | { readonly id: string } | null): string | null =>
  given === null || typeof given === 'string' ? given : given.id;

type Movement = Pick<Stripe.BalanceTransaction, 'amount' | 'currency' | 'exchange_rate'>;

/**
 * What a balance transaction moved, without its fee, in the currency of the dispute. One in another currency is in that of our
 * balance. A bank takes all that the dispute is about; what comes back may be a part, so all of it is only what by its rate,
 * or by what was taken in the same currency, is all of it.
 * @returns undefined for what is a part in another currency: rates are rounded, so it is not known to the minor unit
 */
export function amountOf(
  {
    amount,
    currency,
    balance_transactions: booked,
  }: Pick<Stripe.Dispute, 'amount' | 'currency'> & {
    readonly balance_transactions: readonly Movement[];
  },
  moved: Movement,
): number | undefined {
  if (moved.currency === currency) return moved.amount;
  if (moved.amount <= 0) return moved.amount === 0 ? 0 : -amount;
  if (booked.some((taken) => taken.currency === moved.currency && taken.amount === -moved.amount)) return amount;
  const { exchange_rate: rate } = moved;
  if (rate === null || rate <= 0) return undefined;
  return Math.abs(moved.amount / rate - amount) <= 1 / rate + amount * RATE_PRECISION ? amount : undefined;
}

/** Stripe shows its rates with six digits. */
const RATE_PRECISION = 1e-5;

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
