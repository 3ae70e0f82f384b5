/** Discount codes as finance make them, and purchases that use them. */
import { randomUUID } from 'node:crypto';
import { type Response, request } from './client.ts';
import type { Person } from './people.ts';
import { act, buy, type ListingOptions, type PurchaseAction, publishedListing, reached } from './purchases.ts';

interface Staff {
  readonly accessToken: string;
}

export interface DiscountBody {
  readonly id: string;
  readonly code: string;
  readonly uses: number;
  readonly spent: number;
  readonly disabledAt: string | null;
}

/** A code that nobody else uses, in the currency of these tests and for any number of purchases unless told otherwise. */
export async function discountCode(staff: Staff, terms: Record<string, unknown>): Promise<DiscountBody> {
  const body = {
    code: `t-${randomUUID().slice(0, 13)}`,
    currency: 'GBP',
    maxUses: 100,
    maxUsesPerBuyer: 100,
    ...terms,
  };
  const made = await createDiscount(staff, body);
  if (made.status !== 201) throw new Error(`no code was made: ${JSON.stringify(made.body)}`);
  return made.body;
}

export const createDiscount = (
  { accessToken: token }: Staff,
  body: Record<string, unknown>,
  idempotencyKey: string = randomUUID(),
): Promise<Response<DiscountBody & { readonly code: string }>> =>
  request('POST', '/v1/admin/discounts', { token, body, idempotencyKey });

export const readDiscount = async ({ accessToken: token }: Staff, id: string): Promise<DiscountBody> =>
  (await request<DiscountBody>('GET', `/v1/admin/discounts/${id}`, { token })).body;

export interface Cast {
  readonly seller: Person;
  readonly buyer: Person;
}

/** Bought with a code for 100.00 pounds, unless told otherwise, and taken so far by these actions. @returns its id */
export async function discounted(
  { seller, buyer }: Cast,
  discountCode: string | undefined,
  actions: readonly ('accept' | 'deliver' | 'confirm')[],
  { listing = {}, more = {} }: { readonly listing?: ListingOptions; readonly more?: Record<string, unknown> } = {},
): Promise<string> {
  const listingId = await publishedListing(seller, { amount: 10_000, currency: 'GBP', ...listing });
  const bought = await buy(buyer, listingId, { discountCode, ...more });
  if (bought.status !== 201) throw new Error(`it was not bought: ${JSON.stringify(bought.body)}`);
  await go({ seller, buyer }, bought.body.id, ...actions);
  return bought.body.id;
}

export async function go({ seller, buyer }: Cast, id: string, ...actions: readonly PurchaseAction[]): Promise<void> {
  for (const action of actions) {
    const { status, body } = await act(action === 'confirm' ? buyer : seller, id, action);
    if (status !== 200) throw new Error(`${action}: ${JSON.stringify(body)}`);
  }
}

/** Wellpact earns a commission that stays available on its own balance: that is what discounts are paid from. */
export async function earned(cast: Cast, currency: NonNullable<ListingOptions['currency']> = 'GBP'): Promise<void> {
  const available = { paymentMethod: 'pm_card_bypassPending' };
  const listing = { amount: 1_000_000, currency };
  const id = await discounted(cast, undefined, ['accept', 'deliver', 'confirm'], { listing, more: available });
  await reached(cast.buyer, id, 'completed');
}
