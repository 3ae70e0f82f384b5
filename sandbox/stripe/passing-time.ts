import type { Call } from '../stripe-api/operation.ts';
import { disableOverdueAccounts } from './accounts.ts';
import { settleDueDisputes } from './dispute-steps.ts';
import { expireAuthorisations } from './payment-intent-steps.ts';
import { payOutDaily } from './payout-schedule.ts';
import { settleDuePayouts } from './payout-steps.ts';
import { settleDueRefunds } from './refund-outcomes.ts';

/** How many objects of a kind one transaction takes up. */
const BATCH = 100;

/** What the sandbox's clock makes due at Stripe. Each takes up at most so many objects and answers how many were due. */
const DUE: readonly ((call: Call, limit: number) => Promise<number>)[] = [
  expireAuthorisations,
  disableOverdueAccounts,
  settleDueRefunds,
  settleDueDisputes,
  payOutDaily,
  settleDuePayouts,
];

/**
 * Lets happen at Stripe what the sandbox's clock has made due: authorisations end, accounts that did not give what was asked
 * for are disabled, refunds, disputes and payouts go on. Each kind in transactions of its own, so that none waits for a lock
 * while it holds one of another kind.
 */
export async function letTimePass(
  inTransaction: (step: (call: Call) => Promise<number>) => Promise<number>,
): Promise<void> {
  for (const settle of DUE) {
    while ((await inTransaction((call) => settle(call, BATCH))) === BATCH);
  }
}
