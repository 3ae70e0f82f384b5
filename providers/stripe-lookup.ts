/** Finding what was made for a step in Stripe's lists, which are exact at once; its search is not. */
import type { Stripe } from 'stripe';
import type { StepRef } from './payments.ts';
import { ProviderError } from './provider-error.ts';

/** What is written on everything that is made for a step. */
export const stepMetadata = ({ purchaseId, step }: StepRef): { purchaseId: string; step: string } => ({
  purchaseId,
  step,
});

export const isOfStep =
  ({ purchaseId, step }: StepRef) =>
  ({ metadata }: { metadata: Stripe.Metadata | null }): boolean =>
    metadata?.['purchaseId'] === purchaseId && metadata['step'] === step;

/** Pages of 100: beyond it a list is too long to be sure. */
const MAX_LOOKED_AT = 2_000;

/**
 * The first in a list that fits; undefined when none does.
 * @throws ProviderError `failed` when the list is too long to be looked through: then nobody knows
 */
export async function found<T>(list: Stripe.ApiListPromise<T>, fits: (item: T) => boolean): Promise<T | undefined> {
  let lookedAt = 0;
  for await (const item of list) {
    if (fits(item)) return item;
    if (++lookedAt >= MAX_LOOKED_AT) throw new ProviderError('stripe', 'failed', 'list_too_long');
  }
  return undefined;
}
