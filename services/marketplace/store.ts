import type { ListingId, UserId } from '../../contracts/ids.ts';
import type { Currency, Money } from '../../contracts/money.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import type { CancellationPolicy, Category, ListingKind, ListingState } from './rules.ts';

export interface Listing {
  readonly id: ListingId;
  readonly sellerId: UserId;
  readonly state: ListingState;
  readonly kind: ListingKind;
  readonly title: string;
  readonly description: string;
  readonly category: Category;
  /** Of one piece, or one seat. */
  readonly price: Money;
  /** Of goods; null for a booking. */
  readonly handlingDays: number | null;
  /**
   * Of goods; null for a booking. `total`: how many there were ever, sold and reserved ones included; `available`: how
   * many can be bought now.
   */
  readonly stock: { readonly total: number; readonly available: number } | null;
  /** Of a booking; null for goods. */
  readonly booking: BookingTerms | null;
  /** Counts the seller's changes; a reservation is none. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When it was published first; null before. */
  readonly publishedAt: Date | null;
}

/** What somebody books. */
export interface BookingTerms {
  /** How long a session lasts. */
  readonly durationMinutes: number;
  /** How many can take part in one session, 1 or more. */
  readonly seats: number;
  readonly cancellationPolicy: CancellationPolicy;
}

/** What the seller says of a listing, of whichever kind. */
export interface ListingContent {
  readonly title: string;
  readonly description: string;
  readonly category: Category;
  readonly price: Money;
}

interface ListingRow {
  id: ListingId;
  seller_id: UserId;
  state: ListingState;
  kind: ListingKind;
  title: string;
  description: string;
  category: Category;
  price_amount: number;
  price_currency: Currency;
  handling_days: number | null;
  stock_total: number | null;
  stock_available: number | null;
  duration_minutes: number | null;
  seats: number | null;
  cancellation_policy: CancellationPolicy | null;
  version: number;
  created_at: Date;
  updated_at: Date;
  published_at: Date | null;
}

const COLUMNS = `id, seller_id, state, kind, title, description, category, price_amount, price_currency, handling_days,
  stock_total, stock_available, duration_minutes, seats, cancellation_policy, version, created_at, updated_at, published_at`;

function listingOf(row: ListingRow): Listing {
  return {
    id: row.id,
    sellerId: row.seller_id,
    state: row.state,
    kind: row.kind,
    title: row.title,
    description: row.description,
    category: row.category,
    price: { amount: row.price_amount, currency: row.price_currency },
    handlingDays: row.handling_days,
    stock: stockOf(row),
    booking: bookingOf(row),
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    publishedAt: row.published_at,
  };
}

function stockOf({ stock_total: total, stock_available: available }: ListingRow): Listing['stock'] {
  return total === null || available === null ? null : { total, available };
}

function bookingOf(row: ListingRow): BookingTerms | null {
  const { duration_minutes: durationMinutes, seats, cancellation_policy: cancellationPolicy } = row;
  if (durationMinutes === null || seats === null || cancellationPolicy === null) return null;
  return { durationMinutes, seats, cancellationPolicy };
}

const first = (rows: readonly ListingRow[]): Listing | undefined => rows[0] && listingOf(rows[0]);

/** @returns undefined when the id is there already */
export async function insertListing(
  tx: Tx,
  listing: ListingContent & {
    readonly id: ListingId;
    readonly sellerId: UserId;
    readonly kind: ListingKind;
    readonly handlingDays: number | null;
    /** Pieces. */
    readonly stock: number | null;
    readonly booking: BookingTerms | null;
  },
): Promise<Listing | undefined> {
  const { rows } = await tx.query<ListingRow>({
    name: 'listings_insert',
    text: `INSERT INTO marketplace.listings (id, seller_id, kind, title, description, category, price_amount,
             price_currency, handling_days, stock_total, stock_available, duration_minutes, seats, cancellation_policy)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13) ON CONFLICT (id) DO NOTHING RETURNING ${COLUMNS}`,
    values: [
      listing.id,
      listing.sellerId,
      listing.kind,
      listing.title,
      listing.description,
      listing.category,
      listing.price.amount,
      listing.price.currency,
      listing.handlingDays,
      listing.stock,
      listing.booking?.durationMinutes ?? null,
      listing.booking?.seats ?? null,
      listing.booking?.cancellationPolicy ?? null,
    ],
  });
  return first(rows);
}

export async function findListing(db: Queryable, id: ListingId): Promise<Listing | undefined> {
  const { rows } = await db.query<ListingRow>({
    name: 'listings_find',
    text: `SELECT ${COLUMNS} FROM marketplace.listings WHERE id = $1`,
    values: [id],
  });
  return first(rows);
}

/** A seller's listing, locked until the transaction ends: whoever writes to its audit chain goes through here. */
export async function lockListing(tx: Tx, id: ListingId, sellerId: UserId): Promise<Listing | undefined> {
  const { rows } = await tx.query<ListingRow>({
    name: 'listings_lock',
    text: `SELECT ${COLUMNS} FROM marketplace.listings WHERE id = $1 AND seller_id = $2 FOR NO KEY UPDATE`,
    values: [id, sellerId],
  });
  return first(rows);
}

/** A listing that stays as it is until the transaction ends. */
export async function shareListing(tx: Tx, id: ListingId): Promise<Listing | undefined> {
  const { rows } = await tx.query<ListingRow>({
    name: 'listings_share',
    text: `SELECT ${COLUMNS} FROM marketplace.listings WHERE id = $1 FOR SHARE`,
    values: [id],
  });
  return first(rows);
}

/** Writes a locked listing as the seller wants it now. */
export async function updateListing(tx: Tx, listing: Listing): Promise<Listing> {
  const { rows } = await tx.query<ListingRow>({
    name: 'listings_update',
    text: `UPDATE marketplace.listings
           SET state = $2, title = $3, description = $4, category = $5, price_amount = $6, price_currency = $7,
               handling_days = $8, stock_total = $9, stock_available = $10, duration_minutes = $11, seats = $12,
               cancellation_policy = $13, version = version + 1, updated_at = now(),
               published_at = CASE WHEN $2 = 'published' THEN coalesce(published_at, now()) ELSE published_at END
           WHERE id = $1 RETURNING ${COLUMNS}`,
    values: [
      listing.id,
      listing.state,
      listing.title,
      listing.description,
      listing.category,
      listing.price.amount,
      listing.price.currency,
      listing.handlingDays,
      listing.stock?.total ?? null,
      listing.stock?.available ?? null,
      listing.booking?.durationMinutes ?? null,
      listing.booking?.seats ?? null,
      listing.booking?.cancellationPolicy ?? null,
    ],
  });
  const updated = first(rows);
  if (updated === undefined) throw new Error(`${listing.id} vanished while it was locked`);
  return updated;
}

export interface ListingFilter {
  readonly category?: Category | undefined;
  readonly sellerId?: UserId | undefined;
  /** Only listings older than this one. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Newest first. @param scope `published`: what everybody sees; `all`: every state, for the seller themselves */
export async function listListings(
  db: Queryable,
  scope: 'published' | 'all',
  filter: ListingFilter,
): Promise<Listing[]> {
  const conditions = scope === 'published' ? ["state = 'published'"] : [];
  const values: unknown[] = [];
  const where = (condition: string, value: unknown): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(`${condition} $${values.length}`);
  };
  where('category =', filter.category);
  where('seller_id =', filter.sellerId);
  where('id <', filter.before);
  values.push(filter.limit);
  const condition = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const text = `SELECT ${COLUMNS} FROM marketplace.listings ${condition} ORDER BY id DESC LIMIT $${values.length}`;
  // One prepared statement per set of conditions: at most sixteen.
  const shape = [scope, filter.category, filter.sellerId, filter.before].map((part) =>
    part === undefined ? '-' : 'x',
  );
  const { rows } = await db.query<ListingRow>({ name: `listings_list_${scope}_${shape.join('')}`, text, values });
  return rows.map(listingOf);
}

/** Takes pieces if there are so many for sale: one statement, so that two buyers can never both get the last one. */
export async function takeStock(tx: Tx, id: ListingId, quantity: number): Promise<Listing | undefined> {
  const { rows } = await tx.query<ListingRow>({
    name: 'listings_take_stock',
    text: `UPDATE marketplace.listings SET stock_available = stock_available - $2
           WHERE id = $1 AND state = 'published' AND stock_available >= $2 RETURNING ${COLUMNS}`,
    values: [id, quantity],
  });
  return first(rows);
}

/** @returns false when there is no such listing, or more would be given back than was taken */
export async function giveBackStock(tx: Tx, id: ListingId, quantity: number): Promise<boolean> {
  const result = await tx.query({
    name: 'listings_give_back_stock',
    text: `UPDATE marketplace.listings SET stock_available = stock_available + $2
           WHERE id = $1 AND stock_available + $2 <= stock_total`,
    values: [id, quantity],
  });
  return result.rowCount === 1;
}
