/** Purchases under a clock that jumps: a seller who can be paid, things to buy, and what is stored of a purchase. */
import type { ListingId, PurchaseId, UserId } from '../../contracts/ids.ts';
import {
  openPurchaseUpdate,
  type PurchaseInput,
  type PurchaseWorkflow,
  purchaseWorkflowId,
} from '../../contracts/purchase.ts';
import { idFrom, newId, uuidOf } from '../../platform/ids.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { changeAvailability, commandListing, createListing } from '../../services/marketplace/index.ts';
import { findPurchase, type Purchase } from '../../services/transactions/index.ts';
import { commitOnboarding, createUser, getUser, openOnboarding } from '../../services/users/index.ts';
import { allDay, type BookingOptions } from './bookings.ts';
import { stack } from './stack.ts';
import type { Travel } from './travel.ts';
import { waitFor } from './wait-for.ts';

/** A verified seller with an account at Stripe that can be paid, as the onboarding leaves one. @returns the account */
export async function placeSeller({ database }: Travel, id: UserId): Promise<string> {
  const { env, urls } = stack();
  const stripe = createStripe({ apiKey: env['STRIPE_API_KEY'] ?? '', apiUrl: urls.stripe, timeoutMs: 10_000 });
  const account = await stripe.accounts.create({
    country: 'DE',
    controller: {
      stripe_dashboard: { type: 'express' },
      fees: { payer: 'application' },
      losses: { payments: 'application' },
    },
    capabilities: { transfers: { requested: true } },
  });
  const link = await stripe.accountLinks.create({
    account: account.id,
    type: 'account_onboarding',
    refresh_url: urls.api,
    return_url: urls.api,
  });
  await fetch(link.url, { method: 'POST', redirect: 'manual' });
  await placePerson(database, id);
  await openOnboarding(database, { id: newId('onb'), userId: id, firstName: 'A', lastName: 'Seller' });
  await commitOnboarding(database, id, { type: 'system', id: 'test' }, () => ({
    state: 'verified',
    accountId: account.id,
    transfersActive: true,
  }));
  return account.id;
}

async function placePerson(database: Travel['database'], id: UserId): Promise<void> {
  const person = { displayName: 'A person', birthDate: '1990-05-01', country: 'DE', password: 'correct horse battery' };
  await createUser(database, { id, email: `${id}@people.wellpact.example`, ...person });
}

const CONTENT = { title: 'Balm', description: 'A balm.', category: 'skin_care' } as const;
const PRICE = { amount: 2_500, currency: 'EUR' } as const;

/** Goods of which there is one. */
export async function placeGoods({ database }: Travel, sellerId: UserId, handlingDays = 3): Promise<ListingId> {
  const goods = { kind: 'goods', stock: 1, handlingDays } as const;
  const { id } = await createListing(database, { id: newId('lst'), sellerId, ...CONTENT, price: PRICE, ...goods });
  await commandListing(database, id, sellerId, 'publish');
  return id;
}

/** A booking that can be had at every hour. */
export async function placeBooking(
  { database }: Travel,
  sellerId: UserId,
  { cancellationPolicy = 'moderate' }: BookingOptions = {},
): Promise<ListingId> {
  const kind = { kind: 'booking', booking: { durationMinutes: 60, seats: 1, cancellationPolicy } } as const;
  const { id } = await createListing(database, { id: newId('lst'), sellerId, ...CONTENT, price: PRICE, ...kind });
  await changeAvailability(database, id, sellerId, () => true, allDay());
  await commandListing(database, id, sellerId, 'publish');
  return id;
}

export interface Wanted {
  readonly listingId: ListingId;
  readonly sellerId: UserId;
  readonly buyerId: UserId;
  readonly paymentMethod?: string;
  readonly slot?: { readonly startsAt: string };
}

/** Opens a purchase. @returns a handle that lets the clock jump: the one of the start does not */
export async function openPurchase(travel: Travel, wanted: Wanted) {
  const purchaseId = idFrom('pur', uuidOf(`purchase of ${wanted.listingId}`));
  const { database } = travel;
  if ((await getUser(database, wanted.buyerId)) === undefined) await placePerson(database, wanted.buyerId);
  const input: PurchaseInput = {
    ...wanted,
    purchaseId,
    quantity: 1,
    expectedPrice: PRICE,
    acceptedDisclaimers: [],
    publicUrl: stack().urls.api,
  };
  const handle = await travel.start<PurchaseWorkflow>({
    type: 'purchase',
    id: purchaseWorkflowId(purchaseId),
    input,
    update: openPurchaseUpdate,
    args: [{ actorId: wanted.buyerId }],
  });
  return { purchaseId, handle };
}

/** What the database says of a purchase. */
export async function stored({ database }: Travel, purchaseId: PurchaseId): Promise<Purchase> {
  const purchase = await findPurchase(database, purchaseId);
  if (purchase === undefined) throw new Error('the purchase is not there');
  return purchase;
}

/** The same, once it is in a state: a step that the clock called for may still be on its way. */
export async function storedAs(travel: Travel, purchaseId: PurchaseId, state: Purchase['state']): Promise<Purchase> {
  await waitFor(async () => (await stored(travel, purchaseId)).state === state, {
    what: `${purchaseId} to be ${state}`,
    timeoutMs: 20_000,
  });
  return stored(travel, purchaseId);
}

/** The reminders that were given for a purchase, in order: `booking_soon`. */
export async function remindersGiven({ database }: Travel, purchaseId: PurchaseId): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT split_part(step, '/', 2) AS name FROM transactions.steps
      WHERE purchase_id = $1 AND step LIKE 'remind/%' ORDER BY taken_at`,
    [purchaseId],
  );
  return rows.map(({ name }) => name);
}
