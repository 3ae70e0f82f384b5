import type { Call } from '../stripe-api/operation.ts';
import { disableOverdueAccounts } from './accounts.ts';
import { settleDueDisputes } from './dispute-steps.ts';
import { expireAuthorisations } from './payment-intent-steps.ts';
import { settleDueRefunds } from './refund-outcomes.ts';

/** How many objects of a kind one transaction takes up. */
const BATCH = 100;

/**
 * Lets happen at Stripe what the sandbox's clock has made due: authorisations end, accounts that did not give what was
 * asked for are disabled, refunds change, disputes end.
 * @returns whether there may be more: then it is to be called again
 */
export async function letTimePass(call: Call): Promise<boolean> {
  const taken = [
    await expireAuthorisations(call, BATCH),
    await disableOverdueAccounts(call, BATCH),
    await settleDueRefunds(call, BATCH),
    await settleDueDisputes(call, BATCH),
  ];
  return taken.includes(BATCH);
}
