import { becomeVerified, join, type Person, quietly } from '../../scripts/demo-people.ts';
import { stack } from './stack.ts';

export type { Person } from '../../scripts/demo-people.ts';

/** Somebody new with a verified e-mail address, signed in. */
export function verifiedBuyer(): Promise<Person> {
  return join('Buyer', places(), quietly);
}

/** Somebody new who went through the onboarding: identity checked, payout account open. */
export async function verifiedSeller(): Promise<Person> {
  const seller = await join('Seller', places(), quietly);
  await becomeVerified(seller, places(), quietly);
  return seller;
}

function places(): { api: string; mail: string } {
  return { api: stack().urls.api, mail: stack().urls.mail };
}
