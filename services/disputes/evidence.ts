/** Files in a dispute: what is known of each. The bytes are the caller's to store, as {@link keyOf} names them. */
import type { Actor } from '../../contracts/actor.ts';
import type { DisputeId, UserId } from '../../contracts/ids.ts';
import type { Database, Queryable, Tx } from '../../platform/database.ts';
import { conflict } from '../../platform/errors.ts';
import { allowedNow } from './allowed.ts';
import { MAX_FILES, type ScanState } from './evidence-rules.ts';
import { note } from './notes.ts';
import type { Dispute } from './record.ts';
import { EVIDENCE_STATES } from './rules.ts';
import { lockDispute } from './store.ts';

export type HandedInBy = 'buyer' | 'seller' | 'staff';

export interface Evidence {
  /** From 1, in a dispute. */
  readonly number: number;
  readonly handedInBy: HandedInBy;
  readonly personId: UserId;
  /** Encrypted. */
  readonly name: Buffer;
  readonly type: string;
  readonly size: number;
  readonly sha256: string;
  readonly scan: ScanState;
  readonly redactedAt: Date | null;
  readonly redactedBy: string | null;
  readonly redactedWhy: string | null;
  readonly at: Date;
}

export type NewEvidence = Pick<Evidence, 'handedInBy' | 'personId' | 'name' | 'type' | 'size' | 'sha256'>;

/** Where the bytes of a file lie. */
export const keyOf = (id: DisputeId, number: number): string => `evidence/${id}/${number}`;

const COLUMNS = `number, handed_in_by AS "handedInBy", person_id AS "personId", name, type, size, sha256, scan,
  redacted_at AS "redactedAt", redacted_by AS "redactedBy", redacted_why AS "redactedWhy", at`;

/** Every file of a dispute, oldest first: bounded by the rules. */
export async function listEvidence(db: Queryable, id: DisputeId): Promise<Evidence[]> {
  const { rows } = await db.query<Evidence>({
    name: 'evidence_list',
    text: `SELECT ${COLUMNS} FROM disputes.evidence WHERE dispute_id = $1 ORDER BY number`,
    values: [id],
  });
  return rows;
}

/**
 * Takes note of a file, which waits to be looked at. The same one of the same side is found instead.
 * @throws Problem 409 NOT_ALLOWED_NOW, TOO_MANY_FILES
 */
export async function addEvidence(db: Database, id: DisputeId, file: NewEvidence): Promise<Evidence> {
  return db.transaction(async (tx) => {
    const dispute = await lockDispute(tx, id);
    if (dispute === undefined) throw new Error(`there is no dispute ${id}`);
    const files = await listEvidence(tx, id);
    const own = files.filter(({ handedInBy }) => handedInBy === file.handedInBy);
    const known = own.find(({ sha256, redactedAt }) => sha256 === file.sha256 && redactedAt === null);
    if (known !== undefined) return known;
    refuseLate(dispute);
    if (own.length >= MAX_FILES) {
      throw conflict('TOO_MANY_FILES', `Each side can hand in ${MAX_FILES} files, and you have.`, { limit: MAX_FILES });
    }
    const added = await insertEvidence(tx, id, files.length + 1, file);
    const { number, type, size, sha256 } = added;
    const actor = actorOf(file.handedInBy, file.personId);
    await note(tx, dispute, actor, 'dispute.evidence_added', { number, by: file.handedInBy, type, size, sha256 });
    return added;
  });
}

/** @throws Problem 409 NOT_ALLOWED_NOW */
export function refuseLate(dispute: Dispute): void {
  const { state, decision } = dispute;
  if (decision === null && EVIDENCE_STATES.includes(state)) return;
  const detail =
    decision === null
      ? `Files cannot be handed in while the dispute is ${state}: only before a ruling, and after an appeal.`
      : 'The dispute is decided: files cannot be handed in any more.';
  throw conflict('NOT_ALLOWED_NOW', detail, { state, allowed: allowedNow(dispute, Date.now()) });
}

async function insertEvidence(tx: Tx, id: DisputeId, number: number, file: NewEvidence): Promise<Evidence> {
  const { rows } = await tx.query<Evidence>({
    name: 'evidence_insert',
    text: `INSERT INTO disputes.evidence (dispute_id, number, handed_in_by, person_id, name, type, size, sha256, scan, at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', now()) RETURNING ${COLUMNS}`,
    values: [id, number, file.handedInBy, file.personId, file.name, file.type, file.size, file.sha256],
  });
  if (rows[0] === undefined) throw new Error('nothing was written');
  return rows[0];
}

/** What came of looking at a file. One that was found infected stays so. */
export async function noteScan(db: Queryable, id: DisputeId, number: number, scan: ScanState): Promise<void> {
  await db.query({
    name: 'evidence_scanned',
    text: `UPDATE disputes.evidence SET scan = $3 WHERE dispute_id = $1 AND number = $2 AND scan IN ('pending', 'failed')`,
    values: [id, number, scan],
  });
}

/** The content of a file is to be gone: what is known of it stays, with who wanted that and why. Once. */
export async function redactEvidence(
  db: Database,
  id: DisputeId,
  number: number,
  { by, person, why }: { readonly by: HandedInBy; readonly person: UserId; readonly why: string },
): Promise<void> {
  await db.transaction(async (tx) => {
    const dispute = await lockDispute(tx, id);
    if (dispute === undefined) throw new Error(`there is no dispute ${id}`);
    const actor = actorOf(by, person);
    const { rowCount } = await tx.query({
      name: 'evidence_redact',
      text: `UPDATE disputes.evidence SET redacted_at = now(), redacted_by = $3, redacted_why = $4
              WHERE dispute_id = $1 AND number = $2 AND redacted_at IS NULL`,
      values: [id, number, `${actor.type}:${actor.id}`, why],
    });
    if (rowCount === 1) await note(tx, dispute, actor, 'dispute.evidence_redacted', { number, by });
  });
}

const actorOf = (by: HandedInBy, id: UserId): Actor => ({ type: by === 'staff' ? 'staff' : 'user', id });
