/** Opening a purchase: what is bought is reserved and the purchase written, together or not at all. */
import type { PurchaseInput } from '../contracts/purchase.ts';
import type { TaxRate } from '../contracts/tax.ts';
import type { Tx } from '../platform/database.ts';
import { useDiscount } from '../services/discounts/index.ts';
import { DISCOUNT_REFUSALS } from '../services/discounts/rules.ts';
import { findListing, type ReservedListing, reserveSlot, reserveStock } from '../services/marketplace/index.ts';
import {
  fitsHoldLimit,
  type NewPurchase,
  openPurchase,
  type Policy,
  type Purchase,
} from '../services/transactions/index.ts';
import { type AgreedDiscount, type Offer, termsOf } from '../services/transactions/terms-rules.ts';
import { getUser } from '../services/users/index.ts';
import { refusal } from './failures.ts';
import { beyondHoldLimit, type PurchaseDeps, slotRefusal, stepKey } from './purchase-steps.ts';

export type OpenPurchaseInput = PurchaseInput & { readonly atMs: number };

/** @throws ApplicationFailure with a code of PURCHASE_REFUSALS: then nothing was written */
export async function reserveAndOpen(
  tx: Tx,
  policy: Policy,
  input: OpenPurchaseInput,
  taxed: Taxed | undefined,
): Promise<Purchase> {
  const reserved = await reserve(tx, input);
  await refuseUnlessForSale(tx, reserved, input);
  const { slot } = reserved;
  if (slot !== null && !fitsHoldLimit(policy, slot.endsAt.getTime(), input.atMs)) throw beyondHoldLimit();
  const discount = await discountOf(tx, reserved, input);
  const at = new Date(input.atMs);
  const purchase = {
    id: input.purchaseId,
    buyerId: input.buyerId,
    sellerId: reserved.sellerId,
    listingId: input.listingId,
    quantity: input.quantity,
    currency: reserved.price.currency,
    terms: {
      ...termsOf(policy, offerOf(reserved, input.quantity), input.atMs),
      taxes: taxesOf(reserved, taxed),
      ...(discount !== undefined && { discount }),
    },
    acceptedDisclaimers: input.acceptedDisclaimers,
    state: 'payment_pending',
    stateSince: at,
    slot: slot === null ? null : { ...slot, since: at },
  } as const satisfies NewPurchase;
  return openPurchase(tx, stepKey({ ...input, actor: { type: 'user', id: input.buyerId } }, 'openPurchase'), purchase);
}

/** The taxes that are part of the price, as far as the listing stayed what it was. */
export interface Taxed {
  readonly category: string;
  readonly rates: readonly TaxRate[];
}

/**
 * Which taxes are part of the price: asked before anything is reserved, since whoever knows may be far away.
 * @returns undefined when there is no such listing or party: then nothing is opened either
 */
export async function taxedSale(
  { database, taxes }: Pick<PurchaseDeps, 'database' | 'taxes'>,
  { listingId, sellerId, buyerId, expectedPrice }: OpenPurchaseInput,
): Promise<Taxed | undefined> {
  const [listing, seller, buyer] = await Promise.all([
    findListing(database, listingId),
    getUser(database, sellerId),
    getUser(database, buyerId),
  ]);
  if (listing === undefined || seller === undefined || buyer === undefined) return undefined;
  const { category } = listing;
  const { amount: gross, currency } = expectedPrice;
  const sale = { sellerCountry: seller.country, buyerCountry: buyer.country, category, gross, currency };
  return { category, rates: await taxes.ratesFor(sale) };
}

/**
 * @throws ApplicationFailure NOT_A_PARTY when an account is gone; Error when the listing moved to another category in
 *   between: the step is taken again
 */
function taxesOf({ category }: Reserved, taxed: Taxed | undefined): readonly TaxRate[] {
  if (taxed === undefined) throw refusal('NOT_A_PARTY', 'One of the accounts does not exist any more.');
  if (taxed.category === category) return taxed.rates;
  throw new Error('the listing was changed while its taxes were looked up');
}

interface Reserved extends ReservedListing {
  readonly slot: { readonly startsAt: Date; readonly endsAt: Date } | null;
}

async function reserve(tx: Tx, input: OpenPurchaseInput): Promise<Reserved> {
  const { listingId, quantity, slot, purchaseId, atMs } = input;
  if (slot !== undefined) {
    const wanted = { listingId, quantity, purchaseId, startsAtMs: Date.parse(slot.startsAt), nowMs: atMs };
    const seats = await reserveSlot(tx, wanted);
    if (seats === 'not_published') throw notForSale();
    if (typeof seats === 'string') throw slotRefusal(seats);
    return seats;
  }
  const pieces = await reserveStock(tx, listingId, quantity);
  if (pieces === 'sold_out') throw refusal('SOLD_OUT', 'There are not that many left.');
  if (pieces === 'not_published') throw notForSale();
  return { ...pieces, slot: null };
}

const notForSale = () => refusal('LISTING_NOT_AVAILABLE', 'This listing is not for sale at the moment.');

async function refuseUnlessForSale(tx: Tx, { sellerId, price }: Reserved, input: OpenPurchaseInput): Promise<void> {
  if (sellerId === input.buyerId) throw refusal('OWN_LISTING', 'Nobody can buy from themselves.');
  if (sellerId !== input.sellerId) throw refusal('LISTING_NOT_AVAILABLE', 'This listing has another seller.');
  if ((await getUser(tx, sellerId))?.sellerState !== 'verified') {
    throw refusal('SELLER_NOT_AVAILABLE', 'The seller cannot take orders at the moment.');
  }
  const { amount, currency } = input.expectedPrice;
  if (price.amount * input.quantity !== amount || price.currency !== currency) {
    throw refusal('PRICE_CHANGED', 'The price has changed. Look at the listing again before you buy.');
  }
}

/** What Wellpact pays of the price: used, within its limits, together with the reservation. */
async function discountOf(
  tx: Tx,
  { price }: Reserved,
  { discountCode: code, purchaseId, buyerId, quantity, atMs }: OpenPurchaseInput,
): Promise<AgreedDiscount | undefined> {
  if (code === undefined) return undefined;
  const { currency } = price;
  const amount = await useDiscount(tx, { code, purchaseId, buyerId, price: price.amount * quantity, currency, atMs });
  if (typeof amount === 'number') return { code, amount };
  const refused = DISCOUNT_REFUSALS[amount];
  throw refusal(refused.code, refused.message);
}

/** What is bought, as the policy looks at it. */
function offerOf({ kind, title, category, price, handlingDays, booking }: Reserved, quantity: number): Offer {
  return {
    kind,
    title,
    category,
    price: price.amount * quantity,
    currency: price.currency,
    handlingDays,
    cancellationPolicy: booking?.cancellationPolicy ?? null,
  };
}
