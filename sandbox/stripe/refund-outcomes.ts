import type { Stripe } from 'stripe';
import type { Call } from '../stripe-api/operation.ts';
import { change, lockKnown, record } from '../stripe-api/resources.ts';
import { book } from './balance-transactions.ts';
import { CHARGE } from './charges.ts';
import { emit } from './events.ts';
import { REFUND, type StoredRefund } from './refunds.ts';

/** What a refund can still become. One that succeeded can fail days later: the buyer's bank sends it back. */
export const REFUND_OUTCOMES = ['succeeded', 'failed'] as const;
export type RefundOutcome = (typeof REFUND_OUTCOMES)[number];

const POSSIBLE: Readonly<Record<string, readonly RefundOutcome[]>> = {
  pending: ['succeeded', 'failed'],
  succeeded: ['failed'],
};

/** Whether a refund can still end this way. One that failed is over: a new one has to be made. */
export const canBecome = ({ body }: StoredRefund, outcome: RefundOutcome): boolean =>
  POSSIBLE[body.status ?? '']?.includes(outcome) === true;

/** The refund ends in another way than it stands. The caller has locked it and asked {@link canBecome}. */
export async function settleRefund(call: Call, refund: StoredRefund, outcome: RefundOutcome): Promise<Stripe.Refund> {
  return outcome === 'failed' ? fail(call, refund) : succeed(call, refund);
}

async function succeed(call: Call, refund: StoredRefund): Promise<Stripe.Refund> {
  const after = await change(call, refund, { status: 'succeeded' }, { next: null });
  await emit(call, 'refund.updated', after.body, { previous: refund.body });
  await record(call, { kind: 'refund_succeeded', id: refund.body.id });
  return after.body;
}

/** The money is back on the platform's balance, and the charge can be refunded again. */
async function fail(call: Call, refund: StoredRefund): Promise<Stripe.Refund> {
  const { id, amount, currency } = refund.body;
  const charge = await lockKnown(call, CHARGE, chargeOf(refund.body));
  const booked = await book(call, {
    movement: 'refund_failure',
    amount,
    currency,
    source: id,
    description: `REFUND FAILURE FOR CHARGE${charge.body.description === null ? '' : ` (${charge.body.description})`}`,
  });
  const after = await change(
    call,
    refund,
    {
      status: 'failed',
      failure_balance_transaction: booked.id,
      failure_reason: 'expired_or_canceled_card',
    },
    { next: null },
  );
  await change(
    call,
    charge,
    { amount_refunded: charge.body.amount_refunded - amount, refunded: false },
    { refundedAfterCapture: charge.hidden.refundedAfterCapture - amount },
  );
  await emit(call, 'refund.updated', after.body, { previous: refund.body });
  await emit(call, 'refund.failed', after.body);
  const { transfer_group: transferGroup } = charge.body;
  await record(call, { kind: 'refund_failed', id, amount, currency, transferGroup });
  return after.body;
}

function chargeOf({ id, charge }: Stripe.Refund): string {
  if (typeof charge === 'string') return charge;
  throw new Error(`The stored refund ${id} does not name its charge`);
}

/** Ends every refund whose time has come by the sandbox's clock, at most `limit` of them. Answers how many were due. */
export async function settleDueRefunds(call: Call, limit: number): Promise<number> {
  const due = await call.tx.query<{ id: string }>(
    `SELECT id FROM sandbox.objects
     WHERE kind = 'refund' AND owner = $1 AND (hidden #>> '{next,at}')::bigint <= $2
     ORDER BY (hidden #>> '{next,at}')::bigint, sequence LIMIT $3`,
    [call.account, call.now, limit],
  );
  for (const { id } of due.rows) {
    const refund = await lockKnown(call, REFUND, id);
    const { next } = refund.hidden;
    if (next && canBecome(refund, next.status)) await settleRefund(call, refund, next.status);
  }
  return due.rows.length;
}
