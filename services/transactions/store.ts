/** Purchases and their steps in the database. */
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import { identityOf, type Unfinished } from './begun-rules.ts';
import {
  BOOK_ENTRIES,
  CHANGING_COLUMNS,
  type KeyEpoch,
  PURCHASE_COLUMNS,
  type Purchase,
  type PurchaseRow,
  purchaseFromRow,
  type Side,
} from './purchase-record.ts';
import type { StepKey } from './steps.ts';

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

/** Writes everything about a purchase that can change. */
export async function updatePurchase(tx: Tx, purchase: Purchase): Promise<void> {
  await tx.query({
    name: 'purchase_update',
    text: UPDATE,
    values: [
      purchase.id,
      ...CHANGING_COLUMNS.map(([, value]) => value(purchase)),
      ...BOOK_ENTRIES.map(([account]) => purchase.books[account]),
    ],
  });
}

const UPDATE = `UPDATE transactions.purchases
   SET ${[...CHANGING_COLUMNS, ...BOOK_ENTRIES.map(([, column]) => [column])].map(([column], index) => `${column} = $${index + 2}`).join(', ')}
 WHERE id = $1`;

/** Notes that a step is taken. @returns false when it was taken before */
export async function takeStep(tx: Tx, purchaseId: PurchaseId, step: string): Promise<boolean> {
  const result = await tx.query({
    name: 'purchase_take_step',
    text: 'INSERT INTO transactions.steps (purchase_id, step) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    values: [purchaseId, step],
  });
  return result.rowCount === 1;
}

/** Whether a step was taken. */
export async function wasTaken(db: Queryable, purchaseId: PurchaseId, step: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'purchase_was_taken',
    text: 'SELECT 1 FROM transactions.steps WHERE purchase_id = $1 AND step = $2',
    values: [purchaseId, step],
  });
  return rowCount === 1;
}

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
const MONEY_MOVES = `pause IS NULL AND chargeback NOT IN ('inquiry', 'open')`;

/**
 * What was begun and has not ended; while its money stands still it waits, as it is meant to. What Stripe was asked for in an
 * inquiry may be what ends that, and does not wait. @param grace SQL
 */
export const inProgressForLong = (grace: string): string =>
  `(unfinished IS NOT NULL AND (${MONEY_MOVES} OR (pause IS NULL AND chargeback = 'inquiry' AND unfinished ? 'asked'))
    AND updated_at < now() - ${grace})`;

/** How often purchases that are late are asked for. */
export interface OverdueRounds {
  /** So late a purchase has to be. */
  readonly graceSeconds: number;
  /** How long it is from one round to the next. */
  readonly everySeconds: number;
  readonly limit: number;
}

/**
 * Purchases whose deadline passed some time ago without anything happening, and those that stand unfinished for as
 * long: each in every round of its first hour, then once an hour. Which ones, where there are too many, is drawn by lot, so that
 * those that stay late do not keep the others waiting.
 */
export async function overduePurchases(
  db: Queryable,
  { graceSeconds, everySeconds, limit }: OverdueRounds,
): Promise<PurchaseId[]> {
  const result = await db.query<{ id: PurchaseId }>({
    name: 'purchase_overdue',
    text: `SELECT id
             FROM (SELECT id, deadline_at AS since FROM transactions.purchases
                    WHERE ${pastDeadline('make_interval(secs => $1)')}
                   UNION ALL
                   SELECT id, updated_at FROM transactions.purchases
                    WHERE ${inProgressForLong('make_interval(secs => $1)')}) AS late
            GROUP BY id
           HAVING min(since) > now() - interval '1 hour' OR extract(epoch FROM now() - min(since))::bigint % 3600 < $2
            ORDER BY random() LIMIT $3`,
    values: [graceSeconds, everySeconds, limit],
  });
  return result.rows.map(({ id }) => id);
}

/** The purchases of a seller whose transfer was refused, oldest first, but those whose money stands still. */
export async function blockedPurchases(db: Queryable, sellerId: UserId, limit: number): Promise<PurchaseId[]> {
  const result = await db.query<{ id: PurchaseId }>({
    name: 'purchase_blocked',
    text: `SELECT id FROM transactions.purchases
            WHERE seller_id = $1 AND transfer_status = 'blocked' AND ${MONEY_MOVES} ORDER BY id LIMIT $2`,
    values: [sellerId, limit],
  });
  return result.rows.map(({ id }) => id);
}

/**
 * Notes, outside its steps and before a provider is asked, the first key of a step, and what is begun with it: whoever comes
 * to the purchase next, by whatever way, knows of both.
 * @returns the key that is in use: another one, when somebody was here meanwhile. Undefined when the step is not to be taken
 *   any more, since the purchase stands elsewhere, or something else was begun
 */
export async function storeBeginning(
  db: Queryable,
  { purchaseId, step, from, begun }: Pick<StepKey, 'purchaseId' | 'step' | 'from' | 'begun'>,
  epoch: KeyEpoch,
): Promise<KeyEpoch | undefined> {
  const { rows } = await db.query<{ epoch: KeyEpoch }>({
    name: begun === undefined ? 'purchase_store_first_key_epoch' : 'purchase_store_beginning',
    text: begun === undefined ? STORE_EPOCH : STORE_BEGINNING,
    values: [
      purchaseId,
      step,
      JSON.stringify(epoch),
      ...(begun === undefined
        ? []
        : [JSON.stringify({ ...begun, asked: true }), JSON.stringify(identityOf(begun)), from, new Date(begun.atMs)]),
    ],
  });
  return rows[0]?.epoch;
}

const STORE_EPOCH = `UPDATE transactions.purchases SET key_epochs = jsonb_build_object($2::text, $3::jsonb) || key_epochs
 WHERE id = $1 RETURNING key_epochs -> $2::text AS epoch`;
const STORE_BEGINNING = `UPDATE transactions.purchases
   SET key_epochs = jsonb_build_object($2::text, $3::jsonb) || key_epochs, unfinished = coalesce(unfinished, $4::jsonb),
       updated_at = CASE WHEN unfinished IS NULL THEN greatest(updated_at, $7) ELSE updated_at END
 WHERE id = $1 AND state = $6 AND (unfinished IS NULL OR unfinished @> $5::jsonb)
RETURNING key_epochs -> $2::text AS epoch`;

/**
 * Ends a beginning of which nothing is left to do: a worker that was held up may have noted it once more after it was done.
 * What is in the books in part stays.
 */
export async function endBeginning(db: Queryable, id: PurchaseId, begun: Unfinished): Promise<void> {
  await db.query({
    name: 'purchase_end_beginning',
    text: 'UPDATE transactions.purchases SET unfinished = NULL WHERE id = $1 AND unfinished @> $2::jsonb',
    values: [id, JSON.stringify({ ...identityOf(begun), asked: true })],
  });
}

/**
 * Notes which key of a step is in use, outside its steps: a key is given up before the next one is used.
 * @param refused what was begun with it, where the provider has refused it: nothing of it has happened, so that it is over
 */
export async function storeKeyEpoch(
  db: Queryable,
  { purchaseId, step }: Pick<StepKey, 'purchaseId' | 'step'>,
  epoch: KeyEpoch,
  refused?: Unfinished,
): Promise<void> {
  const over = refused === undefined ? null : JSON.stringify({ ...identityOf(refused), asked: true });
  await db.query({
    name: 'purchase_store_key_epoch',
    text: `UPDATE transactions.purchases
              SET key_epochs = key_epochs || jsonb_build_object($2::text, $3::jsonb),
                  unfinished = CASE WHEN unfinished @> $4::jsonb THEN NULL ELSE unfinished END
            WHERE id = $1`,
    values: [purchaseId, step, JSON.stringify(epoch), over],
  });
}
