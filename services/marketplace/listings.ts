/** Listings, and the stock of goods. */
import type { EventType } from '../../contracts/events.ts';
import type { ListingId, UserId } from '../../contracts/ids.ts';
import type { Money } from '../../contracts/money.ts';
import { audit, canonicalJson } from '../../platform/audit.ts';
import type { Database, Queryable, Tx } from '../../platform/database.ts';
import { conflict, notFound, Problem, unprocessable } from '../../platform/errors.ts';
import { emit } from '../../platform/outbox.ts';
import { getUser } from '../users/index.ts';
import { availableAfter, LISTING_TRANSITIONS, type ListingCommand, nextListingState, priceLimits } from './rules.ts';
import { findAvailability } from './slot-store.ts';
import type { BookingTerms, Listing, ListingContent } from './store.ts';
import * as store from './store.ts';

export type NewListing = ListingContent & {
  /** Made of the request's operationUuid: a repeat finds the listing that the first call made. */
  readonly id: ListingId;
  readonly sellerId: UserId;
} & (
    | {
        readonly kind: 'goods';
        readonly handlingDays: number;
        /** How many pieces there are. */
        readonly stock: number;
      }
    | { readonly kind: 'booking'; readonly booking: BookingTerms }
  );

/** Makes a draft. @throws Problem 422 PRICE_OUT_OF_RANGE */
export async function createListing(db: Database, listing: NewListing): Promise<Listing> {
  checkPrice(listing.price);
  return db.transaction(async (tx) => {
    const goods = listing.kind === 'goods' ? listing : { handlingDays: null, stock: null };
    const booking = listing.kind === 'booking' ? listing.booking : null;
    const created = await store.insertListing(tx, { ...listing, ...goods, booking });
    if (created !== undefined) {
      const { category, price } = created;
      await note(tx, created, 'listing.created', { category, price, ...offerOf(created) });
      return created;
    }
    return mustBeOwn(await store.findListing(tx, listing.id), listing.sellerId);
  });
}

/** What a listing is to its reader: drafts and paused ones are there for their seller only. @throws Problem 404 */
export async function readListing(db: Queryable, id: ListingId, reader: UserId | undefined): Promise<Listing> {
  const listing = await store.findListing(db, id);
  if (listing === undefined || (listing.state !== 'published' && listing.sellerId !== reader))
    throw notFound('listing');
  return listing;
}

export type ListingChange = { readonly [Field in keyof ListingContent]?: ListingContent[Field] | undefined } & {
  /** Of goods. */
  readonly handlingDays?: number | undefined;
  readonly stock?: number | undefined;
  /** Of a booking. Sessions that are booked keep their length and seats. */
  readonly booking?: { readonly [Field in keyof BookingTerms]?: BookingTerms[Field] | undefined } | undefined;
};

/**
 * Changes what the seller says of a listing, in any state; a published one stays published. Purchases made before keep the
 * terms they were made on, and what is reserved stays reserved.
 * @param isCurrent whether the version the change was made from is the one that stands
 * @throws Problem 404; 412 VERSION_CHANGED; 422 PRICE_OUT_OF_RANGE, STOCK_BELOW_RESERVED, NOT_OF_THIS_KIND
 */
export async function changeListing(
  db: Database,
  id: ListingId,
  sellerId: UserId,
  isCurrent: (version: number) => boolean,
  change: ListingChange,
): Promise<Listing> {
  return db.transaction(async (tx) => {
    const listing = mustBeOwn(await store.lockListing(tx, id, sellerId), sellerId);
    checkVersion(listing, isCurrent);
    refuseOtherKind(listing, change);
    const { stock, booking, ...content } = change;
    const wanted: Listing = {
      ...listing,
      ...withoutUndefined(content),
      stock: restocked(listing, stock),
      booking: listing.booking && { ...listing.booking, ...withoutUndefined(booking ?? {}) },
    };
    checkPrice(wanted.price);
    const fields = CHANGEABLE.filter((field) => canonicalJson(wanted[field]) !== canonicalJson(listing[field]));
    if (fields.length === 0) return listing;
    const changed = await store.updateListing(tx, wanted);
    await note(tx, changed, 'listing.changed', {
      fields,
      version: changed.version,
      price: changed.price,
      ...offerOf(changed),
    });
    return changed;
  });
}

const CHANGEABLE = ['title', 'description', 'category', 'price', 'handlingDays', 'stock', 'booking'] as const;

/** @throws Problem 412 VERSION_CHANGED */
export function checkVersion({ version }: Listing, isCurrent: (version: number) => boolean): void {
  if (isCurrent(version)) return;
  throw new Problem(412, 'VERSION_CHANGED', 'The listing has changed meanwhile. Read it again and repeat the change.');
}

function refuseOtherKind({ kind }: Listing, { stock, handlingDays, booking }: ListingChange): void {
  const isGoods = stock !== undefined || handlingDays !== undefined;
  if (kind === 'goods' ? booking === undefined : !isGoods) return;
  const detail =
    kind === 'goods'
      ? 'This is goods: it has no "booking".'
      : 'This is a booking: it has no "stock" and no "handlingDays". Seats stand in "booking".';
  throw unprocessable('NOT_OF_THIS_KIND', detail);
}

/** What a listing offers besides its price, for its audit trail and its events. */
const offerOf = ({ stock, booking }: Listing): Readonly<Record<string, unknown>> =>
  booking === null ? { stock: stock?.total } : { booking };

function withoutUndefined<T extends object>(value: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

/** The stock when the seller says anew how many there are in all; unchanged when they say nothing of it. */
function restocked({ stock }: Listing, total: number | undefined): Listing['stock'] {
  if (total === undefined || stock === null) return stock;
  const available = availableAfter(stock, total);
  if (available !== undefined) return { total, available };
  const minimum = stock.total - stock.available;
  throw unprocessable(
    'STOCK_BELOW_RESERVED',
    `${minimum} pieces are sold or reserved: stock cannot be less than that.`,
    { minimum },
  );
}

/**
 * Publishes or pauses a listing. A command that has been carried out already changes nothing.
 * @throws Problem 404; 409 SELLER_NOT_VERIFIED, LISTING_STATE, NO_AVAILABILITY
 */
export async function commandListing(
  db: Database,
  id: ListingId,
  sellerId: UserId,
  command: ListingCommand,
): Promise<Listing> {
  return db.transaction(async (tx) => {
    const listing = mustBeOwn(await store.lockListing(tx, id, sellerId), sellerId);
    const state = nextListingState(listing.state, command);
    if (state === undefined) {
      throw conflict('LISTING_STATE', `A listing that is ${listing.state} cannot be told to ${command}.`, {
        allowed: Object.keys(LISTING_TRANSITIONS[listing.state]),
      });
    }
    if (command === 'publish') {
      await checkSeller(tx, sellerId);
      await checkPlanned(tx, listing);
    }
    if (state === listing.state) return listing;
    const changed = await store.updateListing(tx, { ...listing, state });
    await note(tx, changed, `listing.${state}`, { from: listing.state, to: state, version: changed.version });
    return changed;
  });
}

async function checkSeller(tx: Tx, sellerId: UserId): Promise<void> {
  const seller = await getUser(tx, sellerId);
  if (seller?.sellerState === 'verified') return;
  throw conflict(
    'SELLER_NOT_VERIFIED',
    'Only verified sellers publish. Begin or finish your onboarding: POST /v1/onboardings says what is left to do.',
    { sellerState: seller?.sellerState ?? 'none' },
  );
}

/** What can never be booked is not for sale. */
async function checkPlanned(tx: Tx, { id, booking }: Listing): Promise<void> {
  if (booking === null || (await findAvailability(tx, id)) !== undefined) return;
  const detail = 'Say first when it can be booked: PUT /v1/listings/{id}/availability.';
  throw conflict('NO_AVAILABILITY', detail);
}

/** What a purchase keeps of a listing, whatever becomes of the listing later. */
export interface ReservedListing
  extends Pick<Listing, 'sellerId' | 'title' | 'category' | 'kind' | 'price' | 'handlingDays' | 'booking' | 'version'> {
  readonly listingId: ListingId;
}

export const reservedOf = ({ id, ...listing }: Listing): ReservedListing => {
  const { sellerId, title, category, kind, price, handlingDays, booking, version } = listing;
  return { listingId: id, sellerId, title, category, kind, price, handlingDays, booking, version };
};

/**
 * Takes pieces out of what is for sale, in the transaction of the purchase they are taken for.
 * @param quantity 1 or more
 */
export async function reserveStock(
  tx: Tx,
  listingId: ListingId,
  quantity: number,
): Promise<ReservedListing | 'sold_out' | 'not_published'> {
  checkQuantity(quantity);
  const taken = await store.takeStock(tx, listingId, quantity);
  if (taken === undefined) {
    const listing = await store.findListing(tx, listingId);
    return listing?.state === 'published' && listing.kind === 'goods' ? 'sold_out' : 'not_published';
  }
  return reservedOf(taken);
}

/**
 * Gives pieces back that a purchase had taken, in the transaction in which it lets go of them; also to a paused listing.
 * @throws RangeError when more would be given back than was taken: somebody gave back twice
 */
export async function releaseStock(tx: Tx, listingId: ListingId, quantity: number): Promise<void> {
  checkQuantity(quantity);
  if (!(await store.giveBackStock(tx, listingId, quantity))) {
    throw new RangeError(`${listingId}: ${quantity} pieces given back that were not taken`);
  }
}

function checkQuantity(quantity: number): void {
  if (!Number.isSafeInteger(quantity) || quantity < 1) throw new RangeError(`not a quantity: ${quantity}`);
}

function checkPrice({ amount, currency }: Money): void {
  const limits = priceLimits(currency);
  if (amount >= limits.minimum && amount <= limits.maximum) return;
  throw unprocessable(
    'PRICE_OUT_OF_RANGE',
    `A price in ${currency} is at least ${limits.minimum} and at most ${limits.maximum} minor units.`,
    limits,
  );
}

/** @throws Problem 404 */
export function mustBeOwn(listing: Listing | undefined, sellerId: UserId): Listing {
  if (listing === undefined || listing.sellerId !== sellerId) throw notFound('listing');
  return listing;
}

/** The audit entry and the event of a change, in its transaction. The listing's row is locked or new. */
export async function note(
  tx: Tx,
  listing: Listing,
  action: EventType,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { id, sellerId } = listing;
  await audit(tx, { subjectType: 'listing', subjectId: id, actor: { type: 'user', id: sellerId }, action, change });
  await emit(tx, { type: action, key: id, data: { listingId: id, sellerId, ...change } });
}
