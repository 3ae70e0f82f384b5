/** What sellers are sent by Stripe Connect, and what is taken back from them. */
import type { Stripe } from 'stripe';
import type { Payments } from './payments.ts';
import { asked, required } from './stripe-calls.ts';
import { found, isOfStep, stepMetadata } from './stripe-lookup.ts';

type TransferCalls = Pick<Payments, 'transfer' | 'reverseTransfer' | 'findTransfer' | 'findReversal'>;

export function stripeTransfers(stripe: Stripe): TransferCalls {
  return {
    transfer: ({ purchaseId, step, amount, currency, destination, sourceCharge }, idempotencyKey) =>
      asked(async () => {
        const transfer = await stripe.transfers.create(
          {
            amount,
            currency: currency.toLowerCase(),
            destination,
            ...(sourceCharge !== null && { source_transaction: sourceCharge }),
            transfer_group: purchaseId,
            metadata: stepMetadata({ purchaseId, step }),
          },
          { idempotencyKey },
        );
        return { id: required(transfer).id };
      }),
    reverseTransfer: ({ transferId, amount, ...step }, idempotencyKey) =>
      asked(async () => {
        const reversal = await stripe.transfers.createReversal(
          transferId,
          { amount, metadata: stepMetadata(step) },
          { idempotencyKey },
        );
        return { id: required(reversal).id };
      }),
    findTransfer: (step) =>
      asked(() => found(stripe.transfers.list({ transfer_group: step.purchaseId, limit: 100 }), isOfStep(step))),
    findReversal: ({ transferId, ...step }) =>
      asked(() => found(stripe.transfers.listReversals(transferId, { limit: 100 }), isOfStep(step))),
  };
}
