import type { Stripe } from 'stripe';
import type { ResourceKind } from '../stripe-api/operation.ts';

/** Apart from the operations, since transfers show their reversals and reversals change their transfer. */
export const TRANSFER_REVERSAL: ResourceKind<Stripe.TransferReversal> = {
  name: 'transfer_reversal',
  noun: 'transfer reversal',
  expandable: {
    balance_transaction: ['balance_transaction'],
    destination_payment_refund: ['refund'],
    transfer: ['transfer'],
  },
};
