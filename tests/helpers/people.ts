import { becomeVerified, join, type Person, quietly } from '../../scripts/demo-people.ts';
import { stack } from './stack.ts';

export type { Person } from '../../scripts/demo-people.ts';

/** Somebody new with a verified e-mail address, signed in. */
export function verifiedBuyer(): Promise<Person> {
  return join('Buyer', places(), quietly);
}

/**
 * Somebody new who went through the onboarding: identity checked, payout account open.
 * @param patienceMs how long each step of it may take, where the worker is killed meanwhile
 */
export async function verifiedSeller(patienceMs?: number): Promise<Person> {
  const seller = await join('Seller', places(), quietly);
  await becomeVerified(seller, { ...places(), ...(patienceMs !== undefined && { patienceMs }) }, quietly);
  return seller;
}

function places(): { api: string; mail: string } {
  return { api: stack().urls.api, mail: stack().urls.mail };
}
