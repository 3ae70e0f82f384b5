/** What a buyer asks for, and what a purchase of it is started with. */
import { z } from 'zod';
import type { PurchaseId } from '../../contracts/ids.ts';
import { CURRENCIES, MAXIMUM_CHARGE } from '../../contracts/money.ts';
import type { PurchaseInput } from '../../contracts/purchase.ts';
import { conflict, notFound, unprocessable } from '../../platform/errors.ts';
import { quoteDiscount, type Use } from '../../services/discounts/index.ts';
import { DISCOUNT_REFUSALS, normalisedCode } from '../../services/discounts/rules.ts';
import { findListing, findSlot, type Listing } from '../../services/marketplace/index.ts';
import { SLOT_REFUSALS } from '../../services/marketplace/slot-rules.ts';
import { findPurchase, type Purchase } from '../../services/transactions/index.ts';
import type { ApiDeps } from '../deps.ts';
import type { Caller } from '../route.ts';
import { currency, idOf, line } from '../schemas.ts';

export const newPurchase = z
  .strictObject({
    listingId: idOf('lst'),
    quantity: z.int().min(1).max(100).default(1).meta({ description: 'Pieces of goods, or seats of a booking.' }),
    slot: z
      .strictObject({ startsAt: z.iso.datetime({ offset: true }) })
      .optional()
      .meta({ description: 'Which time of a booking: one of GET /v1/listings/{id}/slots.' }),
    paymentMethod: z
      .string()
      .regex(/^pm_\w{1,100}$/, 'a Stripe payment method: pm_…')
      .optional()
      .meta({ description: 'Pays at once. Without it the app confirms the payment with `payment.clientSecret`.' }),
    expectedPrice: z
      .strictObject({ amount: z.int().min(0), currency })
      .optional()
      .meta({
        description: 'What the buyer saw that it costs in all, before a discount: another price by now is refused.',
      }),
    discountCode: line(1, 64).optional().meta({
      description:
        'A code by which Wellpact pays a part of the price: the answer shows `discount`, and `total` to be paid.',
    }),
    acceptedDisclaimers: z.array(z.string().min(1).max(100)).max(20).default([]),
  })
  .meta({ id: 'NewPurchase' });

type OfferDeps = Pick<ApiDeps, 'config' | 'database'>;

/**
 * What the workflow is started with. A repeat meets the purchase that the first call opened: also when that happened
 * just now, and the listing is sold out because of it.
 */
export async function inputOf(
  deps: OfferDeps,
  purchaseId: PurchaseId,
  buyer: Caller,
  body: z.output<typeof newPurchase>,
): Promise<PurchaseInput> {
  const known = await findPurchase(deps.database, purchaseId);
  if (known !== undefined) return repeated(deps, known, body);
  try {
    return await offer(deps, purchaseId, buyer, body);
  } catch (error) {
    const opened = await findPurchase(deps.database, purchaseId);
    if (opened === undefined) throw error;
    return repeated(deps, opened, body);
  }
}

/** What is bought, as the listing offers it now. The workflow checks all of it again, together with the reservation. */
async function offer(
  { database, config }: OfferDeps,
  purchaseId: PurchaseId,
  { userId: buyerId }: Caller,
  body: z.output<typeof newPurchase>,
): Promise<PurchaseInput> {
  const { listingId, quantity, paymentMethod, expectedPrice, acceptedDisclaimers } = body;
  const listing = await findListing(database, listingId);
  if (listing === undefined || listing.state === 'draft') throw notFound('listing');
  if (listing.sellerId === buyerId) throw conflict('OWN_LISTING', 'Nobody can buy from themselves.');
  if (listing.state !== 'published') {
    throw conflict('LISTING_NOT_AVAILABLE', 'This listing is not for sale at the moment.');
  }
  const slot = await slotIn(database, listing, body);
  if (listing.stock !== null && listing.stock.available < quantity) {
    throw conflict('SOLD_OUT', 'There are not that many left.', { available: listing.stock.available });
  }
  const { currency } = listing.price;
  const amount = listing.price.amount * quantity;
  if (expectedPrice !== undefined && (expectedPrice.amount !== amount || expectedPrice.currency !== currency)) {
    throw conflict('PRICE_CHANGED', 'The price has changed. Look at the listing again before you buy.', {
      price: { amount, currency },
    });
  }
  const { minimumCharge } = CURRENCIES[currency];
  if (amount < minimumCharge) {
    throw unprocessable('AMOUNT_TOO_SMALL', `A card is charged ${minimumCharge} minor units at least.`, {
      minimumCharge,
    });
  }
  if (amount > MAXIMUM_CHARGE) {
    throw unprocessable('AMOUNT_TOO_LARGE', `A card is charged ${MAXIMUM_CHARGE} minor units at most.`, {
      maximumCharge: MAXIMUM_CHARGE,
    });
  }
  const discountCode = body.discountCode === undefined ? undefined : normalisedCode(body.discountCode);
  if (discountCode !== undefined) {
    await refuseUnlessTaken(database, { code: discountCode, buyerId, price: amount, currency, atMs: Date.now() });
  }
  return {
    purchaseId,
    listingId,
    buyerId,
    sellerId: listing.sellerId,
    quantity,
    ...(slot !== undefined && { slot }),
    expectedPrice: { amount, currency },
    ...(discountCode !== undefined && { discountCode }),
    ...(paymentMethod !== undefined && { paymentMethod }),
    acceptedDisclaimers,
    publicUrl: config.PUBLIC_URL,
  };
}

/** @throws Problem DISCOUNT_…: 422, or 409 when it is used up */
async function refuseUnlessTaken(database: OfferDeps['database'], use: Use): Promise<void> {
  const quoted = await quoteDiscount(database, use);
  if (typeof quoted === 'number') return;
  const { code, message } = DISCOUNT_REFUSALS[quoted];
  if (quoted === 'used_up' || quoted === 'used_by_you') throw conflict(code, message);
  throw unprocessable(code, message);
}

/** A booking is of a time, goods are not. Whether there is room then is looked up again, together with the reservation. */
async function slotIn(
  database: OfferDeps['database'],
  { id: listingId, kind }: Listing,
  { slot, quantity }: z.output<typeof newPurchase>,
): Promise<PurchaseInput['slot']> {
  if (kind === 'goods') {
    if (slot === undefined) return undefined;
    throw unprocessable('SLOT_NOT_EXPECTED', 'This is goods: it is not booked for a time.');
  }
  if (slot === undefined) {
    throw unprocessable(
      'SLOT_REQUIRED',
      'This is booked for a time: name one of GET /v1/listings/{id}/slots as `slot`.',
    );
  }
  const startsAtMs = futureMs(slot.startsAt);
  const found = await findSlot(database, { listingId, startsAtMs, quantity, nowMs: Date.now() });
  if (typeof found === 'string') {
    const { code, message } = SLOT_REFUSALS[found];
    throw conflict(code, message);
  }
  return { startsAt: new Date(startsAtMs).toISOString() };
}

/** @returns milliseconds since 1970 @throws Problem 422 SLOT_PAST */
export function futureMs(startsAt: string): number {
  const startsAtMs = Date.parse(startsAt);
  if (startsAtMs > Date.now()) return startsAtMs;
  throw unprocessable('SLOT_PAST', 'This time is past. Choose a later one.');
}

/** A repeat joins the workflow that opened the purchase, whatever became of the listing since. */
function repeated(
  { config }: OfferDeps,
  purchase: Purchase,
  { paymentMethod }: z.output<typeof newPurchase>,
): PurchaseInput {
  return {
    purchaseId: purchase.id,
    listingId: purchase.listingId,
    buyerId: purchase.buyerId,
    sellerId: purchase.sellerId,
    quantity: purchase.quantity,
    ...(purchase.slot !== null && { slot: { startsAt: purchase.slot.startsAt.toISOString() } }),
    expectedPrice: { amount: purchase.terms.price, currency: purchase.currency },
    ...(purchase.terms.discount !== undefined && { discountCode: purchase.terms.discount.code }),
    ...(paymentMethod !== undefined && { paymentMethod }),
    acceptedDisclaimers: purchase.acceptedDisclaimers,
    publicUrl: config.PUBLIC_URL,
  };
}
