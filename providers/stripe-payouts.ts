/** What a seller has at Stripe, and what Stripe sends from there to their bank. */
import type { Stripe } from 'stripe';
import { PAYOUT_STATUSES, type PayoutStatus } from '../contracts/payout.ts';
import type { AccountBalance, Payout, Payouts } from './payouts.ts';
import { asked, missing, required } from './stripe-calls.ts';

export function stripePayouts(stripe: Stripe): Payouts {
  return {
    getSellerBalance: (accountId, timeoutMs) =>
      asked(async () => toBalance(await stripe.balance.retrieve({}, { stripeAccount: accountId, timeout: timeoutMs }))),
    getPayout: (accountId, payoutId) =>
      asked(async () => toPayout(await stripe.payouts.retrieve(payoutId, {}, { stripeAccount: accountId }))),
  };
}

function toBalance(balance: Stripe.Balance): AccountBalance {
  if (balance.object !== 'balance') return missing('balance');
  const byCurrency = (amounts: readonly { amount: number; currency: string }[]): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const { amount, currency } of amounts) {
      const code = currency.toUpperCase();
      sums[code] = (sums[code] ?? 0) + amount;
    }
    return sums;
  };
  return { available: byCurrency(balance.available), pending: byCurrency(balance.pending) };
}

function toPayout(given: Stripe.Payout): Payout {
  const payout = required(given);
  return {
    id: payout.id,
    status: statusOf(payout.status),
    amount: payout.amount,
    currency: payout.currency.toUpperCase(),
    createdMs: payout.created * 1_000,
    arrivalMs: payout.arrival_date * 1_000,
    failureCode: payout.failure_code,
    automatic: payout.automatic,
  };
}

const STATUSES: readonly string[] = PAYOUT_STATUSES;

function statusOf(status: string): PayoutStatus {
  return STATUSES.includes(status) ? (status as PayoutStatus) : missing('known_status');
}
