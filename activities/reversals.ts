/** What it means that Stripe refuses to take something back from a seller. */
import { ProviderError } from '../providers/provider-error.ts';

/**
 * Nothing is to be had there: the balance does not cover it, or the account is closed, or is connected with us no longer.
 * Source: https://docs.stripe.com/error-codes
 */
const NOTHING_TO_BE_HAD: ReadonlySet<string> = new Set([
  'balance_insufficient',
  'insufficient_funds',
  'account_closed',
  'account_invalid',
]);

/** Whether it is refused for the seller's sake: then Wellpact puts it in, and they owe it. */
export const isRefusedForTheSeller = (error: unknown): boolean =>
  error instanceof ProviderError && error.kind === 'refused' && NOTHING_TO_BE_HAD.has(error.code);
