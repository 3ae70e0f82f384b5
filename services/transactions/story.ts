import type { PurchaseId } from '../../contracts/ids.ts';
import { type Actor, audit } from '../../platform/audit.ts';
import type { Database, Tx } from '../../platform/database.ts';
import { chargebacksOf, type StoredChargeback } from './chargebacks.ts';
import { type LedgerPosting, postingsOf } from './ledger.ts';
import type { Purchase } from './purchase-record.ts';
import { findPurchase } from './store.ts';
import { listStaffNotes, type StaffNote } from './support.ts';
import { type StaffTimelineEntry, staffTimelineOf } from './timeline.ts';

/** Everything that is known of a purchase, for staff. */
export interface PurchaseStory {
  readonly purchase: Purchase;
  readonly timeline: readonly StaffTimelineEntry[];
  readonly postings: readonly LedgerPosting[];
  readonly chargebacks: readonly StoredChargeback[];
}

/** Looking again within this time is the same look. */
const SAME_LOOK_MINUTES = 15;

/**
 * Reads a purchase as somebody of staff, after noting that they do: what cannot be noted is not shown.
 * @returns undefined when there is no such purchase
 */
export async function readAsStaff(db: Database, id: PurchaseId, staff: Actor): Promise<PurchaseStory | undefined> {
  if ((await findPurchase(db, id)) === undefined) return undefined;
  await db.transaction((tx) => noteLook(tx, id, staff));
  return db.transaction(async (tx) => {
    // Steps go on meanwhile; all of this is of one moment.
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const purchase = await findPurchase(tx, id);
    if (purchase === undefined) return undefined;
    const timeline = await staffTimelineOf(tx, purchase);
    const postings = await postingsOf(tx, { purchaseId: id });
    return { purchase, timeline, postings, chargebacks: await chargebacksOf(tx, id) };
  });
}

/** Reads what staff wrote about a purchase, after noting the look as {@link readAsStaff} does. */
export async function readNotesAsStaff(db: Database, id: PurchaseId, staff: Actor): Promise<StaffNote[]> {
  await db.transaction((tx) => noteLook(tx, id, staff));
  return listStaffNotes(db, id);
}

/**
 * Who looked stands in a chain of its own: the purchase's chain has one writer, its workflow, which a look never keeps
 * waiting.
 */
async function noteLook(tx: Tx, id: PurchaseId, staff: Actor): Promise<void> {
  // Two who look at once write to the chain one after the other.
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('purchase_access/' || $1, 0))`, [id]);
  const { rowCount } = await tx.query(
    `SELECT 1 FROM audit.entries
      WHERE subject_type = 'purchase_access' AND subject_id = $1 AND actor = $2
        AND at > now() - make_interval(mins => $3) LIMIT 1`,
    [id, `${staff.type}:${staff.id}`, SAME_LOOK_MINUTES],
  );
  if (rowCount !== 0) return;
  await audit(tx, {
    subjectType: 'purchase_access',
    subjectId: id,
    actor: staff,
    action: 'purchase.read',
    change: {},
  });
}
