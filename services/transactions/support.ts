/** What staff wrote about a purchase: notes, and why they paused its money or let it go. */
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import { type Actor, audit } from '../../platform/audit.ts';
import type { Database, Queryable, Tx } from '../../platform/database.ts';
import { emit } from '../../platform/outbox.ts';
import type { StepKey } from './index.ts';
import { lockPurchase, takeStep } from './store.ts';
import type { StaffOrderKind } from './support-rules.ts';

export interface StaffNote {
  /** 1 for the first one about a purchase. */
  readonly seq: number;
  readonly kind: StaffWordsKind;
  readonly words: string;
  readonly staffId: UserId;
  /** Whether it is proven that they wrote it. */
  readonly verified: boolean;
  readonly at: Date;
}

/** Their orders, and the refunds that finance made. */
export type StaffWordsKind = StaffOrderKind | 'refund';

/** What is written down. */
export type StaffWords = Pick<StaffNote, 'kind' | 'words'> & { readonly actor: Actor; readonly atMs: number };

/**
 * Writes down what staff said, in the transaction of what they did; the purchase is locked.
 * @returns its number
 */
export async function writeStaffWords(tx: Tx, purchaseId: PurchaseId, said: StaffWords): Promise<number> {
  const { rows } = await tx.query<{ seq: number }>({
    name: 'staff_words_write',
    text: `INSERT INTO transactions.staff_notes (purchase_id, seq, kind, words, staff_id, verified, at)
           SELECT $1, coalesce(max(seq), 0) + 1, $2, $3, $4, $5, $6
             FROM transactions.staff_notes WHERE purchase_id = $1
           RETURNING seq`,
    values: [purchaseId, said.kind, said.words, said.actor.id, said.actor.type === 'staff', new Date(said.atMs)],
  });
  if (rows[0] === undefined) throw new Error('nothing was written');
  return rows[0].seq;
}

/** How often staff have said something of a kind about a purchase. */
export async function countStaffWords(db: Queryable, purchaseId: PurchaseId, kind: StaffWordsKind): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'staff_words_count',
    text: `SELECT count(*)::int AS count FROM transactions.staff_notes WHERE purchase_id = $1 AND kind = $2`,
    values: [purchaseId, kind],
  });
  return rows[0]?.count ?? 0;
}

/** Everything that staff wrote about a purchase, oldest first: bounded by the rules. */
export async function listStaffNotes(db: Queryable, purchaseId: PurchaseId): Promise<StaffNote[]> {
  const { rows } = await db.query<StaffNote>({
    name: 'staff_words_list',
    text: `SELECT seq, kind, words, staff_id AS "staffId", verified, at
             FROM transactions.staff_notes WHERE purchase_id = $1 ORDER BY seq`,
    values: [purchaseId],
  });
  return rows;
}

/** Takes what was typed into the Temporal UI, by the name of its ciphertext. @returns false when it was taken before */
export const takeTyped = (tx: Tx, purchaseId: PurchaseId, seal: string): Promise<boolean> =>
  takeStep(tx, purchaseId, `typed/${seal}`);

/**
 * Adds a note, with audit entry and event, once: in any state of the purchase, which stays as it is.
 * @param admit throws when the note is not to be taken; called in the transaction, with the purchase locked
 * @returns how many notes there are
 */
export async function addStaffNote(
  db: Database,
  key: StepKey,
  words: string,
  admit: (tx: Tx) => Promise<void>,
): Promise<number> {
  const { purchaseId: id, actor, atMs } = key;
  return db.transaction(async (tx) => {
    const purchase = await lockPurchase(tx, id);
    if (purchase === undefined) throw new Error(`there is no purchase ${id}`);
    if (await takeStep(tx, id, key.step)) {
      await admit(tx);
      const note = await writeStaffWords(tx, id, { kind: 'note', words, actor, atMs });
      const verified = actor.type === 'staff';
      // The words stay where they are: neither the trail nor an event is to hold what people wrote.
      const change = { step: key.step, note, verified };
      await audit(tx, { subjectType: 'purchase', subjectId: id, actor, action: STAFF_NOTE_ADDED, change });
      await emit(tx, { type: STAFF_NOTE_ADDED, key: id, data: { purchaseId: id, note, verified } });
    }
    return countStaffWords(tx, id, 'note');
  });
}

/** Staff's alone: the parties' timeline leaves it out. */
export const STAFF_NOTE_ADDED = 'purchase.staff_note_added';
