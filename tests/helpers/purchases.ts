import { randomUUID } from 'node:crypto';
import type { Account } from '../../services/transactions/money.ts';
import { type Response, request } from './client.ts';
import type { Person } from './people.ts';
import { stack } from './stack.ts';
import { waitFor } from './wait-for.ts';

/** What these tests read of a purchase. */
export interface PurchaseBody {
  readonly id: string;
  readonly state: string;
  readonly code: string;
  readonly holds: readonly string[];
  readonly payment: { readonly status: string; readonly problem: string | null; readonly clientSecret?: string };
  readonly transfer: { readonly status: string };
  readonly money: Readonly<Record<Account, number>>;
  readonly deadlines: Readonly<Record<string, string>>;
  readonly next: {
    readonly waitsFor: string;
    readonly actions: readonly string[];
    readonly automatic: { readonly at: string; readonly becomes: string } | null;
    readonly inProgress: boolean;
  };
}

export interface ListingOptions {
  readonly amount?: number;
  readonly stock?: number;
  readonly handlingDays?: number;
}

/** A published listing of goods. @returns its id */
export async function publishedListing(
  seller: Person,
  { amount = 2_500, stock = 10, handlingDays = 3 }: ListingOptions = {},
): Promise<string> {
  const token = seller.accessToken;
  const listing = await request<{ id: string }>('POST', '/v1/listings', {
    token,
    body: {
      title: 'Home-made balm',
      description: 'Beeswax and lavender, 50 ml.',
      category: 'skin_care',
      kind: 'goods',
      price: { amount, currency: 'EUR' },
      stock,
      handlingDays,
    },
  });
  if (listing.status !== 201) throw new Error(`the listing was not made: ${JSON.stringify(listing.body)}`);
  const published = await request('POST', `/v1/listings/${listing.body.id}/publish`, { token });
  if (published.status !== 200) throw new Error(`it was not published: ${JSON.stringify(published.body)}`);
  return listing.body.id;
}

/** Buys, with a card that works unless told otherwise. */
export function buy(
  buyer: Person,
  listingId: string,
  more: Record<string, unknown> = {},
  idempotencyKey: string = randomUUID(),
): Promise<Response<PurchaseBody>> {
  return request('POST', '/v1/purchases', {
    token: buyer.accessToken,
    idempotencyKey,
    body: { listingId, paymentMethod: 'pm_card_visa', acceptedDisclaimers: [], ...more },
  });
}

/** Tells a purchase to move on, as one of its parties. */
export function act(
  who: Person,
  purchaseId: string,
  action: string,
  idempotencyKey: string = randomUUID(),
): Promise<Response<PurchaseBody>> {
  return request('POST', `/v1/purchases/${purchaseId}/${action}`, { token: who.accessToken, idempotencyKey });
}

export function read(who: Person, purchaseId: string): Promise<Response<PurchaseBody>> {
  return request('GET', `/v1/purchases/${purchaseId}`, { token: who.accessToken });
}

/** Waits until a purchase is in a state, and reads it. */
export async function reached(who: Person, purchaseId: string, state: string): Promise<PurchaseBody> {
  await waitFor(async () => (await read(who, purchaseId)).body.state === state, {
    what: `${purchaseId} to be ${state}`,
    timeoutMs: 20_000,
  });
  return (await read(who, purchaseId)).body;
}

/** What truly happened at Stripe for a purchase, as the sandbox logged it. */
export interface SandboxEntry {
  readonly kind: string;
  readonly id: string;
  readonly amount: number;
  readonly idempotencyKey: string | null;
}

export async function sandboxLog(filter: Record<string, string>): Promise<readonly SandboxEntry[]> {
  const { body } = await request<string>('GET', `/_control/log?${new URLSearchParams(filter).toString()}`, {
    base: stack().urls.sandbox,
  });
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SandboxEntry);
}
