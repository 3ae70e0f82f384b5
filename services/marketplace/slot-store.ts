import type { ListingId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import type { Availability, SlotTime } from './slot-rules.ts';

interface AvailabilityRow {
  time_zone: string;
  weekly: Availability['weekly'];
  exceptions: Availability['exceptions'];
  minimum_notice_minutes: number;
}

/** @returns undefined as long as the seller has planned nothing */
export async function findAvailability(db: Queryable, listingId: ListingId): Promise<Availability | undefined> {
  const { rows } = await db.query<AvailabilityRow>({
    name: 'availability_find',
    text: `SELECT time_zone, weekly, exceptions, minimum_notice_minutes FROM marketplace.availabilities
            WHERE listing_id = $1`,
    values: [listingId],
  });
  const row = rows[0];
  return (
    row && {
      timeZone: row.time_zone,
      weekly: row.weekly,
      exceptions: row.exceptions,
      minimumNoticeMinutes: row.minimum_notice_minutes,
    }
  );
}

export async function writeAvailability(tx: Tx, listingId: ListingId, availability: Availability): Promise<void> {
  await tx.query({
    name: 'availability_write',
    text: `INSERT INTO marketplace.availabilities (listing_id, time_zone, weekly, exceptions, minimum_notice_minutes)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (listing_id) DO UPDATE
             SET time_zone = excluded.time_zone, weekly = excluded.weekly, exceptions = excluded.exceptions,
                 minimum_notice_minutes = excluded.minimum_notice_minutes`,
    values: [
      listingId,
      availability.timeZone,
      JSON.stringify(availability.weekly),
      JSON.stringify(availability.exceptions),
      availability.minimumNoticeMinutes,
    ],
  });
}

/** A time of a seller that is booked, of whichever listing. */
export interface Session extends SlotTime {
  readonly listingId: ListingId;
  readonly seatsLeft: number;
}

/**
 * What a seller has to do between two instants.
 * @param without a purchase that is taken for one that has no seats
 */
export async function sessionsOf(
  db: Queryable,
  sellerId: UserId,
  { startsAt, endsAt }: SlotTime,
  without?: PurchaseId,
): Promise<readonly Session[]> {
  const { rows } = await db.query<{ listing_id: ListingId; starts_at: Date; ends_at: Date; seats_left: number }>({
    name: 'sessions_of_seller',
    text: `SELECT s.listing_id, s.starts_at, s.ends_at,
                  s.seats - s.seats_taken + coalesce(b.quantity, 0) AS seats_left
             FROM marketplace.sessions s
             LEFT JOIN marketplace.bookings b
               ON b.purchase_id = $4 AND b.listing_id = s.listing_id AND b.starts_at = s.starts_at
            WHERE s.seller_id = $1 AND tstzrange(s.starts_at, s.ends_at) && tstzrange($2, $3)
              AND s.seats_taken > coalesce(b.quantity, 0)
            ORDER BY s.starts_at`,
    values: [sellerId, startsAt, endsAt, without ?? null],
  });
  return rows.map((row) => ({
    listingId: row.listing_id,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    seatsLeft: row.seats_left,
  }));
}

/**
 * Makes bookings with one seller wait for each other until the transaction ends: the constraint would refuse the second
 * one anyway, but after a deadlock perhaps, and not in words.
 */
export async function lockCalendar(tx: Tx, sellerId: UserId): Promise<void> {
  await tx.query({
    name: 'calendar_lock',
    text: `SELECT pg_advisory_xact_lock(hashtextextended('calendar/' || $1, 0))`,
    values: [sellerId],
  });
}

/** What is booked, by whom. */
export interface Booking {
  readonly purchaseId: PurchaseId;
  readonly listingId: ListingId;
  readonly startsAt: Date;
  readonly quantity: number;
}

/**
 * Takes seats of a session, which is made when nobody had one. The calendar is locked and there is room.
 * @returns the session's times: those at which it was booked first
 */
export async function takeSeats(
  tx: Tx,
  booking: Booking,
  session: SlotTime & { readonly sellerId: UserId; readonly seats: number },
): Promise<SlotTime> {
  const { purchaseId, listingId, startsAt, quantity } = booking;
  const { rows } = await tx.query<{ ends_at: Date }>({
    name: 'sessions_take_seats',
    text: `INSERT INTO marketplace.sessions AS s (listing_id, starts_at, ends_at, seller_id, seats, seats_taken)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (listing_id, starts_at) DO UPDATE SET seats_taken = s.seats_taken + excluded.seats_taken
           RETURNING ends_at`,
    values: [listingId, startsAt, session.endsAt, session.sellerId, session.seats, quantity],
  });
  await tx.query({
    name: 'bookings_insert',
    text: 'INSERT INTO marketplace.bookings (purchase_id, listing_id, starts_at, quantity) VALUES ($1, $2, $3, $4)',
    values: [purchaseId, listingId, startsAt, quantity],
  });
  return { startsAt, endsAt: rows[0]?.ends_at ?? session.endsAt };
}

/** Gives the seats of a purchase back. @returns what it had booked; undefined when it has no seats (any more) */
export async function giveBackSeats(tx: Tx, purchaseId: PurchaseId): Promise<Booking | undefined> {
  const { rows } = await tx.query<{ listing_id: ListingId; starts_at: Date; quantity: number }>({
    name: 'bookings_delete',
    text: 'DELETE FROM marketplace.bookings WHERE purchase_id = $1 RETURNING listing_id, starts_at, quantity',
    values: [purchaseId],
  });
  const row = rows[0];
  if (row === undefined) return undefined;
  const session = [row.listing_id, row.starts_at];
  // Locked first: two that leave at once both saw the other's seats taken, and the last one has to close the session.
  const { rows: taken } = await tx.query<{ seats_taken: number }>({
    name: 'sessions_lock',
    text: 'SELECT seats_taken FROM marketplace.sessions WHERE listing_id = $1 AND starts_at = $2 FOR UPDATE',
    values: session,
  });
  if (taken[0]?.seats_taken === row.quantity) {
    await tx.query({
      name: 'sessions_delete',
      text: 'DELETE FROM marketplace.sessions WHERE listing_id = $1 AND starts_at = $2',
      values: session,
    });
  } else {
    await tx.query({
      name: 'sessions_give_back_seats',
      text: 'UPDATE marketplace.sessions SET seats_taken = seats_taken - $3 WHERE listing_id = $1 AND starts_at = $2',
      values: [...session, row.quantity],
    });
  }
  return { purchaseId, listingId: row.listing_id, startsAt: row.starts_at, quantity: row.quantity };
}
