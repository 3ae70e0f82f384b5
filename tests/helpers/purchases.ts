import { randomUUID } from 'node:crypto';
import { orThrow } from '../../client/index.ts';
import type { readPurchase } from '../../scripts/demo.ts';
import type { Category } from '../../services/marketplace/rules.ts';
import { type Answered, answered, type Response, request } from './client.ts';
import type { Person } from './people.ts';
import { stack } from './stack.ts';
import { waitFor } from './wait-for.ts';

/** A purchase, or a problem with it. */
export type PurchaseBody = Answered<Awaited<ReturnType<typeof readPurchase>>>;

export interface ListingOptions {
  readonly title?: string;
  readonly category?: Category;
  readonly amount?: number;
  readonly stock?: number;
  readonly handlingDays?: number;
  readonly currency?: 'EUR' | 'GBP' | 'USD' | 'CHF';
}

/** A published listing of goods. @returns its id */
export async function publishedListing(
  seller: Person,
  {
    title = 'Home-made balm',
    category = 'skin_care',
    amount = 2_500,
    stock = 10,
    handlingDays = 3,
    currency = 'EUR',
  }: ListingOptions = {},
): Promise<string> {
  const listing = {
    title,
    description: 'Beeswax and lavender, 50 ml.',
    category,
    kind: 'goods',
    price: { amount, currency },
    stock,
    handlingDays,
  } as const;
  const { id } = await orThrow(seller.client.POST('/v1/listings', { body: listing }));
  await orThrow(seller.client.POST('/v1/listings/{id}/publish', { params: { path: { id } } }));
  return id;
}

/** Buys, with a card that works unless told otherwise. */
export function buy(
  buyer: Person,
  listingId: string,
  more: Record<string, unknown> = {},
  idempotencyKey: string = randomUUID(),
): Promise<Response<PurchaseBody>> {
  const params = { header: { 'Idempotency-Key': idempotencyKey } };
  const body = { listingId, paymentMethod: 'pm_card_visa', acceptedDisclaimers: [], ...more };
  return answered(buyer.client.POST('/v1/purchases', { params, body }));
}

/** What the parties can do about a purchase without saying more. */
export type PurchaseAction = 'accept' | 'decline' | 'deliver' | 'confirm' | 'cancel' | 'refunds';

/** Tells a purchase to move on, as one of its parties. */
export function act(
  who: Person,
  id: string,
  action: PurchaseAction,
  idempotencyKey: string = randomUUID(),
): Promise<Response<PurchaseBody>> {
  const params = { path: { id }, header: { 'Idempotency-Key': idempotencyKey } };
  return answered(who.client.POST(`/v1/purchases/{id}/${action}`, { params }));
}

export function read({ client }: Person, id: string): Promise<Response<PurchaseBody>> {
  return answered(client.GET('/v1/purchases/{id}', { params: { path: { id } } }));
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
