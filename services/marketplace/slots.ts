/** When a listing can be booked, and who has booked it: the plan says when, the sessions who. */
import type { ListingId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Database, Queryable, Tx } from '../../platform/database.ts';
import { notFound, unprocessable } from '../../platform/errors.ts';
import { checkVersion, mustBeOwn, note, type ReservedListing, readListing, reservedOf } from './listings.ts';
import {
  AVAILABILITY_LIMITS,
  type Availability,
  isEarlyEnough,
  type SlotRefusal,
  type SlotTime,
  slotAt,
  slotsBetween,
} from './slot-rules.ts';
import * as store from './slot-store.ts';
import { findListing, type Listing, lockListing, shareListing, updateListing } from './store.ts';

/** A listing that is booked for a time. */
type Bookable = Listing & { readonly booking: NonNullable<Listing['booking']> };

/** What a seller planned, with the version of the listing, which counts changes of the plan too. @throws Problem 404 */
export async function readAvailability(
  db: Queryable,
  id: ListingId,
  reader: UserId | undefined,
): Promise<{ readonly availability: Availability; readonly version: number }> {
  const listing = bookable(await readListing(db, id, reader));
  const availability = await store.findAvailability(db, id);
  if (availability === undefined) throw notFound('availability');
  return { availability, version: listing.version };
}

/**
 * Plans anew when a listing can be booked. What is booked stays booked.
 * @param isCurrent whether the version of the listing that the plan was made for is the one that stands
 * @throws Problem 404; 412 VERSION_CHANGED; 422 NOT_A_BOOKING
 */
export async function changeAvailability(
  db: Database,
  id: ListingId,
  sellerId: UserId,
  isCurrent: (version: number) => boolean,
  availability: Availability,
): Promise<{ readonly availability: Availability; readonly version: number }> {
  return db.transaction(async (tx) => {
    const listing = bookable(mustBeOwn(await lockListing(tx, id, sellerId), sellerId));
    checkVersion(listing, isCurrent);
    await store.writeAvailability(tx, id, availability);
    const changed = await updateListing(tx, listing);
    const { timeZone, weekly, exceptions } = availability;
    const summary = { timeZone, openings: weekly.length, exceptions: exceptions.length, version: changed.version };
    await note(tx, changed, 'listing.availability_changed', summary);
    return { availability, version: changed.version };
  });
}

/** A time that can be booked. */
export interface FreeSlot extends SlotTime {
  readonly seatsLeft: number;
}

/**
 * The times at which a listing can be booked, earliest first.
 * @param fromMs milliseconds since 1970, included
 * @param toMs not included; at most {@link AVAILABILITY_LIMITS}.daysListed later
 * @throws Problem 404; 422 NOT_A_BOOKING, RANGE_TOO_LONG
 */
export async function listSlots(
  db: Queryable,
  id: ListingId,
  reader: UserId | undefined,
  { fromMs, toMs, nowMs }: { readonly fromMs: number; readonly toMs: number; readonly nowMs: number },
): Promise<{ readonly timeZone: string | null; readonly slots: readonly FreeSlot[] }> {
  const { daysListed } = AVAILABILITY_LIMITS;
  if (toMs <= fromMs || toMs - fromMs > daysListed * DAY_MS) {
    throw unprocessable('RANGE_TOO_LONG', `"to" is after "from", by ${daysListed} days at most.`, { daysListed });
  }
  const listing = bookable(await readListing(db, id, reader));
  const availability = await store.findAvailability(db, id);
  if (availability === undefined) return { timeZone: null, slots: [] };
  const planned = slotsBetween(availability, listing.booking.durationMinutes, fromMs, toMs).filter(({ startsAt }) =>
    isEarlyEnough(availability, startsAt.getTime(), nowMs),
  );
  const first = planned[0];
  const last = planned.at(-1);
  if (first === undefined || last === undefined) return { timeZone: availability.timeZone, slots: [] };
  const span = { startsAt: first.startsAt, endsAt: last.endsAt };
  const sessions = await store.sessionsOf(db, listing.sellerId, span);
  const slots = planned
    .map((slot) => ({ ...slot, seatsLeft: seatsLeft(listing, slot, sessions) }))
    .filter((slot) => slot.seatsLeft > 0);
  return { timeZone: availability.timeZone, slots };
}

/**
 * Looks whether a time can be booked now, without booking it.
 * @param wanted.insteadOf a purchase that would give up its own seats for it
 */
export async function findSlot(
  db: Queryable,
  { listingId, ...wanted }: WantedSlot & { readonly insteadOf?: PurchaseId },
): Promise<SlotTime | SlotRefusal> {
  const listing = await findListing(db, listingId);
  return isBookable(listing) ? freeSlot(db, listing, wanted) : 'no_such_slot';
}

interface WantedSlot {
  readonly listingId: ListingId;
  readonly startsAtMs: number;
  /** Seats, 1 or more. */
  readonly quantity: number;
  readonly nowMs: number;
}

/** Books seats for a purchase, in its transaction. */
export async function reserveSlot(
  tx: Tx,
  { listingId, startsAtMs, quantity, nowMs, purchaseId }: WantedSlot & { readonly purchaseId: PurchaseId },
): Promise<(ReservedListing & { readonly slot: SlotTime }) | SlotRefusal | 'not_published'> {
  const listing = await shareListing(tx, listingId);
  if (!isBookable(listing) || listing.state !== 'published') return 'not_published';
  const slot = await take(tx, listing, purchaseId, { startsAtMs, quantity, nowMs });
  return typeof slot === 'string' ? slot : { ...reservedOf(listing), slot };
}

/**
 * Moves the seats of a purchase to another time, in its transaction. When it is refused, the transaction has to be given
 * up: the seats are no longer at the old time. A listing that is paused meanwhile can still be moved.
 * @throws RangeError when the purchase has no seats
 */
export async function moveSlot(
  tx: Tx,
  purchaseId: PurchaseId,
  startsAtMs: number,
  nowMs: number,
): Promise<SlotTime | SlotRefusal> {
  const booking = await store.giveBackSeats(tx, purchaseId);
  if (booking === undefined) throw new RangeError(`${purchaseId} has booked nothing`);
  const listing = await shareListing(tx, booking.listingId);
  if (!isBookable(listing)) return 'no_such_slot';
  return take(tx, listing, purchaseId, { startsAtMs, quantity: booking.quantity, nowMs });
}

/** Gives the seats of a purchase back, in its transaction; nothing happens when it has none. */
export async function releaseSlot(tx: Tx, purchaseId: PurchaseId): Promise<void> {
  await store.giveBackSeats(tx, purchaseId);
}

async function take(
  tx: Tx,
  listing: Bookable,
  purchaseId: PurchaseId,
  wanted: Omit<WantedSlot, 'listingId'>,
): Promise<SlotTime | SlotRefusal> {
  await store.lockCalendar(tx, listing.sellerId);
  const slot = await freeSlot(tx, listing, wanted);
  if (typeof slot === 'string') return slot;
  const { id: listingId, sellerId, booking } = listing;
  const { quantity } = wanted;
  return store.takeSeats(
    tx,
    { purchaseId, listingId, startsAt: slot.startsAt, quantity },
    { ...slot, sellerId, seats: booking.seats },
  );
}

async function freeSlot(
  db: Queryable,
  listing: Bookable,
  { startsAtMs, quantity, nowMs, insteadOf }: Omit<WantedSlot, 'listingId'> & { readonly insteadOf?: PurchaseId },
): Promise<SlotTime | SlotRefusal> {
  const availability = await store.findAvailability(db, listing.id);
  const slot = availability && slotAt(availability, listing.booking.durationMinutes, startsAtMs);
  if (availability === undefined || slot === undefined) return 'no_such_slot';
  if (!isEarlyEnough(availability, startsAtMs, nowMs)) return 'too_late_to_book';
  const sessions = await store.sessionsOf(db, listing.sellerId, slot, insteadOf);
  return seatsLeft(listing, slot, sessions) >= quantity ? slot : 'slot_taken';
}

/** A session that others have booked has its own seats; a seller who is busy with anything else then has none. */
function seatsLeft({ id, booking }: Bookable, slot: SlotTime, sessions: readonly store.Session[]): number {
  const overlapping = sessions.filter(({ startsAt, endsAt }) => startsAt < slot.endsAt && endsAt > slot.startsAt);
  if (overlapping.length === 0) return booking.seats;
  const own = overlapping.find(
    ({ listingId, startsAt }) => listingId === id && startsAt.getTime() === slot.startsAt.getTime(),
  );
  return own?.seatsLeft ?? 0;
}

const isBookable = (listing: Listing | undefined): listing is Bookable => (listing?.booking ?? null) !== null;

function bookable(listing: Listing): Bookable {
  if (isBookable(listing)) return listing;
  throw unprocessable('NOT_A_BOOKING', 'This is goods: it is not booked for a time.');
}

const DAY_MS = 24 * 60 * 60 * 1_000;
