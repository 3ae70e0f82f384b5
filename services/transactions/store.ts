import type { Actor } from '../../contracts/actor.ts';
import type { ListingId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Currency } from '../../contracts/money.ts';
import type {
  Chargeback,
  PaymentStatus,
  PurchaseState,
  RefundStatus,
  TransferStatus,
} from '../../contracts/purchase.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import type { Account, Books } from './money.ts';
import type { PurchaseEvent, Terms } from './rules.ts';

/** A purchase as it is stored. Times are instants; money is in minor units of `currency`. */
export interface Purchase {
  readonly id: PurchaseId;
  readonly buyerId: UserId;
  readonly sellerId: UserId;
  readonly listingId: ListingId;
  readonly quantity: number;
  readonly currency: Currency;
  readonly terms: Terms;
  readonly acceptedDisclaimers: readonly string[];
  readonly state: PurchaseState;
  readonly stateSince: Date;
  /** When the clock moves it on, if nobody does. */
  readonly deadlineAt: Date | null;
  /** What happens then. */
  readonly deadlineEvent: PurchaseEvent | null;
  /** Of a booking. */
  readonly slot: Slot | null;
  /** Where a party wants to move the booking, as long as the other one has not accepted. */
  readonly proposal: Proposal | null;
  /** The most that a cancellation by the buyer gives back, in basis points of the price. */
  readonly refundCap: number;
  readonly payment: PaymentRecord;
  readonly transfer: TransferRecord;
  readonly refund: RefundRecord;
  /** A row of the table whose first part is done: until the last one is, nothing else happens. */
  readonly unfinished: Unfinished | null;
  readonly keyEpochs: KeyEpochs;
  readonly chargeback: Chargeback;
  /** Staff have stopped the money; null when they have not. */
  readonly pause: Pause | null;
  /** For how long its money stood still since `stateSince`, in pauses that are over; milliseconds. */
  readonly stoodStillMs: number;
  readonly books: Books;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface PaymentRecord {
  readonly status: PaymentStatus;
  /** Stripe's word for why the card was refused: `card_declined`. */
  readonly problem: string | null;
  readonly intentId: string | null;
  readonly chargeId: string | null;
  /** Until when the authorisation can be captured. */
  readonly captureBefore: Date | null;
  /** When it was captured. */
  readonly capturedAt: Date | null;
}

export interface TransferRecord {
  readonly status: TransferStatus;
  readonly id: string | null;
}

export interface RefundRecord {
  readonly status: RefundStatus;
  /** The last one. */
  readonly id: string | null;
}

/** The time that is booked. */
export interface Slot {
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** When it was booked, or moved to this time. */
  readonly since: Date;
}

/** A time to which a party wants to move a booking. */
export interface Proposal {
  readonly by: Side;
  readonly startsAt: Date;
}

/** What was begun, as it was when it was begun: going through with it comes to the same end. */
export interface Unfinished {
  readonly event: PurchaseEvent;
  readonly actor: Actor;
  readonly atMs: number;
}

export interface Pause {
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** The account of who paused it. */
  readonly by: UserId;
  /** Whether that is proven. */
  readonly verified: boolean;
  /** The hold limit was reached meanwhile, and finance was asked. */
  readonly limitReached?: true;
}

/** How often the key of a step was given up, by step; see activities/once.ts. */
export type KeyEpochs = Readonly<Record<string, KeyEpoch>>;

export interface KeyEpoch {
  /** The number of the key in use, from 1. */
  readonly epoch: number;
  /** Since when it is in use, milliseconds since 1970. */
  readonly sinceMs: number;
  /** When a look at the provider first showed nothing made under it; null when it has not. */
  readonly absentSinceMs: number | null;
}

/** The column of each account of the books. */
export const BOOK_COLUMNS: Readonly<Record<Account, string>> = {
  captured: 'captured',
  platformFunded: 'platform_funded',
  advanced: 'advanced',
  held: 'held',
  payable: 'payable',
  transferred: 'transferred',
  fees: 'fees',
  refunded: 'refunded',
  chargedBack: 'charged_back',
  recovered: 'recovered',
  owedToBuyer: 'owed_to_buyer',
};
const BOOK_ENTRIES = Object.entries(BOOK_COLUMNS) as [Account, string][];

/** Named, since a statement that is planned for `*` breaks when a migration adds a column. */
export const PURCHASE_COLUMNS = `id, buyer_id, seller_id, listing_id, quantity, currency, terms, accepted_disclaimers, state, state_since,
  deadline_at, deadline_event, slot_starts_at, slot_ends_at, slot_since, proposed_starts_at, proposed_by, refund_cap,
  payment_status, payment_problem, payment_intent_id, charge_id, capture_before, captured_at, transfer_status, transfer_id, refund_status, refund_id,
  unfinished, key_epochs, chargeback, pause, stood_still_ms, created_at, updated_at, ${BOOK_ENTRIES.map(([, column]) => column).join(', ')}`;

export interface PurchaseRow extends Record<string, unknown> {
  id: PurchaseId;
  buyer_id: UserId;
  seller_id: UserId;
  listing_id: ListingId;
  quantity: number;
  currency: Currency;
  terms: Terms;
  accepted_disclaimers: string[];
  state: PurchaseState;
  state_since: Date;
  deadline_at: Date | null;
  deadline_event: PurchaseEvent | null;
  slot_starts_at: Date | null;
  slot_ends_at: Date | null;
  slot_since: Date | null;
  proposed_starts_at: Date | null;
  proposed_by: Side | null;
  refund_cap: number;
  payment_status: PaymentStatus;
  payment_problem: string | null;
  payment_intent_id: string | null;
  charge_id: string | null;
  capture_before: Date | null;
  captured_at: Date | null;
  transfer_status: TransferStatus;
  transfer_id: string | null;
  refund_status: RefundStatus;
  refund_id: string | null;
  unfinished: Unfinished | null;
  key_epochs: KeyEpochs;
  chargeback: Chargeback;
  pause: Pause | null;
  stood_still_ms: number;
  created_at: Date;
  updated_at: Date;
}

export function purchaseFromRow(row: PurchaseRow): Purchase {
  return {
    id: row.id,
    buyerId: row.buyer_id,
    sellerId: row.seller_id,
    listingId: row.listing_id,
    quantity: row.quantity,
    currency: row.currency,
    terms: row.terms,
    acceptedDisclaimers: row.accepted_disclaimers,
    state: row.state,
    stateSince: row.state_since,
    deadlineAt: row.deadline_at,
    deadlineEvent: row.deadline_event,
    slot: slotOf(row),
    proposal: proposalOf(row),
    refundCap: row.refund_cap,
    payment: {
      status: row.payment_status,
      problem: row.payment_problem,
      intentId: row.payment_intent_id,
      chargeId: row.charge_id,
      captureBefore: row.capture_before,
      capturedAt: row.captured_at,
    },
    transfer: { status: row.transfer_status, id: row.transfer_id },
    refund: { status: row.refund_status, id: row.refund_id },
    unfinished: row.unfinished,
    keyEpochs: row.key_epochs,
    chargeback: row.chargeback,
    pause: row.pause,
    stoodStillMs: row.stood_still_ms,
    books: Object.fromEntries(BOOK_ENTRIES.map(([account, column]) => [account, row[column]])) as Record<
      Account,
      number
    >,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function slotOf({ slot_starts_at: startsAt, slot_ends_at: endsAt, slot_since: since }: PurchaseRow): Slot | null {
  return startsAt === null || endsAt === null || since === null ? null : { startsAt, endsAt, since };
}

/** @returns the purchase, or undefined when there is none with this id */
export async function findPurchase(db: Queryable, id: PurchaseId): Promise<Purchase | undefined> {
  const result = await db.query<PurchaseRow>({
    name: 'purchase_find',
    text: `SELECT ${PURCHASE_COLUMNS} FROM transactions.purchases WHERE id = $1`,
    values: [id],
  });
  const row = result.rows[0];
  return row && purchaseFromRow(row);
}

function proposalOf({ proposed_by: by, proposed_starts_at: startsAt }: PurchaseRow): Proposal | null {
  return by === null || startsAt === null ? null : { by, startsAt };
}

/** The purchase of a PaymentIntent, or undefined when none has stored it (yet). */
export async function findPurchaseOfIntent(db: Queryable, intentId: string): Promise<Purchase | undefined> {
  const result = await db.query<PurchaseRow>({
    name: 'purchase_of_intent',
    text: `SELECT ${PURCHASE_COLUMNS} FROM transactions.purchases WHERE payment_intent_id = $1`,
    values: [intentId],
  });
  const row = result.rows[0];
  return row && purchaseFromRow(row);
}

/** The same as {@link findPurchase}, locked until the transaction ends: its changes are made one after another. */
export async function lockPurchase(tx: Tx, id: PurchaseId): Promise<Purchase | undefined> {
  const result = await tx.query<PurchaseRow>({
    name: 'purchase_lock',
    text: `SELECT ${PURCHASE_COLUMNS} FROM transactions.purchases WHERE id = $1 FOR UPDATE`,
    values: [id],
  });
  const row = result.rows[0];
  return row && purchaseFromRow(row);
}

/** @returns false when a purchase with this id exists already */
export async function insertPurchase(tx: Tx, purchase: Purchase): Promise<boolean> {
  const result = await tx.query({
    name: 'purchase_insert',
    text: `INSERT INTO transactions.purchases (id, buyer_id, seller_id, listing_id, quantity, currency, terms,
             accepted_disclaimers, state, state_since, deadline_at, deadline_event, slot_starts_at, slot_ends_at, slot_since,
             payment_status, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
           ON CONFLICT (id) DO NOTHING`,
    values: [
      purchase.id,
      purchase.buyerId,
      purchase.sellerId,
      purchase.listingId,
      purchase.quantity,
      purchase.currency,
      JSON.stringify(purchase.terms),
      purchase.acceptedDisclaimers,
      purchase.state,
      purchase.stateSince,
      purchase.deadlineAt,
      purchase.deadlineEvent,
      purchase.slot?.startsAt ?? null,
      purchase.slot?.endsAt ?? null,
      purchase.slot?.since ?? null,
      purchase.payment.status,
      purchase.createdAt,
    ],
  });
  return result.rowCount === 1;
}

/** Everything about a purchase that can change, besides its books. */
const CHANGING = [
  'state',
  'state_since',
  'deadline_at',
  'deadline_event',
  'slot_starts_at',
  'slot_ends_at',
  'slot_since',
  'proposed_starts_at',
  'proposed_by',
  'refund_cap',
  'payment_status',
  'payment_problem',
  'payment_intent_id',
  'charge_id',
  'capture_before',
  'captured_at',
  'transfer_status',
  'transfer_id',
  'refund_status',
  'refund_id',
  'unfinished',
  'key_epochs',
  'chargeback',
  'pause',
  'stood_still_ms',
  'updated_at',
] as const;

/** Writes everything about a purchase that can change. */
export async function updatePurchase(tx: Tx, purchase: Purchase): Promise<void> {
  const fixed = [
    purchase.id,
    purchase.state,
    purchase.stateSince,
    purchase.deadlineAt,
    purchase.deadlineEvent,
    purchase.slot?.startsAt ?? null,
    purchase.slot?.endsAt ?? null,
    purchase.slot?.since ?? null,
    purchase.proposal?.startsAt ?? null,
    purchase.proposal?.by ?? null,
    purchase.refundCap,
    purchase.payment.status,
    purchase.payment.problem,
    purchase.payment.intentId,
    purchase.payment.chargeId,
    purchase.payment.captureBefore,
    purchase.payment.capturedAt,
    purchase.transfer.status,
    purchase.transfer.id,
    purchase.refund.status,
    purchase.refund.id,
    purchase.unfinished === null ? null : JSON.stringify(purchase.unfinished),
    JSON.stringify(purchase.keyEpochs),
    purchase.chargeback,
    purchase.pause === null ? null : JSON.stringify(purchase.pause),
    purchase.stoodStillMs,
    purchase.updatedAt,
  ];
  const books = BOOK_ENTRIES.map(([, column], index) => `${column} = $${fixed.length + index + 1}`).join(', ');
  await tx.query({
    name: 'purchase_update',
    text: `UPDATE transactions.purchases
              SET ${CHANGING.map((column, index) => `${column} = $${index + 2}`).join(', ')}, ${books}
            WHERE id = $1`,
    values: [...fixed, ...BOOK_ENTRIES.map(([account]) => purchase.books[account])],
  });
}

/** Notes that a step is taken. @returns false when it was taken before */
export async function takeStep(tx: Tx, purchaseId: PurchaseId, step: string): Promise<boolean> {
  const result = await tx.query({
    name: 'purchase_take_step',
    text: 'INSERT INTO transactions.steps (purchase_id, step) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    values: [purchaseId, step],
  });
  return result.rowCount === 1;
}

/** Which side of a purchase somebody is on. */
export type Side = 'buyer' | 'seller';

/**
 * The purchases of one side, newest first.
 * @param before only those older than this id; undefined for the newest
 * @param limit how many at the most
 */
export async function listPurchases(
  db: Queryable,
  side: Side,
  userId: UserId,
  before: PurchaseId | undefined,
  limit: number,
): Promise<Purchase[]> {
  const column = side === 'buyer' ? 'buyer_id' : 'seller_id';
  const result = await db.query<PurchaseRow>({
    name: `purchase_list_${side}`,
    text: `SELECT ${PURCHASE_COLUMNS} FROM transactions.purchases
            WHERE ${column} = $1 AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
    values: [userId, before ?? null, limit],
  });
  return result.rows.map(purchaseFromRow);
}

/** What should have moved on, as the indexes know it. A blocked transfer keeps its purchase open without end. @param grace SQL */
export const pastDeadline = (grace: string): string =>
  `(deadline_at < now() - ${grace} AND transfer_status <> 'blocked')`;
/** What was begun and has not ended; in a pause it waits, as it is meant to. @param grace SQL */
export const inProgressForLong = (grace: string): string =>
  `(unfinished IS NOT NULL AND pause IS NULL AND updated_at < now() - ${grace})`;

/**
 * Purchases whose deadline passed some time ago without anything happening, and those that stand unfinished for as
 * long.
 */
export async function overduePurchases(db: Queryable, graceSeconds: number, limit: number): Promise<PurchaseId[]> {
  const result = await db.query<{ id: PurchaseId }>({
    name: 'purchase_overdue',
    text: `SELECT id FROM transactions.purchases
            WHERE ${pastDeadline('make_interval(secs => $1)')}
            UNION
           SELECT id FROM transactions.purchases
            WHERE ${inProgressForLong('make_interval(secs => $1)')}
            LIMIT $2`,
    values: [graceSeconds, limit],
  });
  return result.rows.map(({ id }) => id);
}

/** The purchases of a seller whose transfer was refused, oldest first, but those that staff have paused. */
export async function blockedPurchases(db: Queryable, sellerId: UserId, limit: number): Promise<PurchaseId[]> {
  const result = await db.query<{ id: PurchaseId }>({
    name: 'purchase_blocked',
    text: `SELECT id FROM transactions.purchases
            WHERE seller_id = $1 AND transfer_status = 'blocked' AND pause IS NULL ORDER BY id LIMIT $2`,
    values: [sellerId, limit],
  });
  return result.rows.map(({ id }) => id);
}

/** Notes which key of a step is in use, outside its steps: a key is given up before the next one is used. */
export async function storeKeyEpoch(db: Queryable, id: PurchaseId, step: string, epoch: KeyEpoch): Promise<void> {
  await db.query({
    name: 'purchase_store_key_epoch',
    text: `UPDATE transactions.purchases SET key_epochs = key_epochs || jsonb_build_object($2::text, $3::jsonb) WHERE id = $1`,
    values: [id, step, JSON.stringify(epoch)],
  });
}
