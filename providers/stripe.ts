import type { Payments } from './payments.ts';
import { stripeAccounts } from './stripe-accounts.ts';
import { stripeBalance } from './stripe-balance.ts';
import { createStripe, type StripeSettings } from './stripe-calls.ts';
import { stripeDisputes } from './stripe-disputes.ts';
import { stripePayments } from './stripe-payments.ts';
import { stripePayouts } from './stripe-payouts.ts';
import { stripeTransfers } from './stripe-transfers.ts';

/** The payments provider, by Stripe Connect with separate charges and transfers. */
export function createStripePayments(settings: StripeSettings): Payments {
  const stripe = createStripe(settings);
  return {
    ...stripePayments(stripe),
    ...stripeTransfers(stripe),
    ...stripeAccounts(stripe),
    ...stripePayouts(stripe),
    ...stripeDisputes(stripe),
    ...stripeBalance(stripe),
  };
}
