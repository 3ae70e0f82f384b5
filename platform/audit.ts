import { createHash } from 'node:crypto';
import type { Actor } from '../contracts/actor.ts';
import type { Queryable, Tx } from './database.ts';

export type { Actor };

export interface AuditRecord {
  /** What it is about, and the hash chain the entry joins: `purchase` and `pur_…`. */
  readonly subjectType: string;
  readonly subjectId: string;
  readonly actor: Actor;
  /** Past tense, dotted: `purchase.captured`. */
  readonly action: string;
  /** What changed, without personal data: states, amounts, ids. */
  readonly change: Readonly<Record<string, unknown>>;
}

/**
 * Appends an entry to the subject's chain, in the transaction of the change itself. Each entry holds the hash of the one
 * before it; the primary key (subject, seq) makes two writers of one chain collide instead of forking it.
 */
export async function audit(tx: Tx, record: AuditRecord): Promise<void> {
  const last = await tx.query<{ seq: number; hash: Buffer }>({
    name: 'audit_last',
    text: `SELECT seq, hash FROM audit.entries WHERE subject_type = $1 AND subject_id = $2 ORDER BY seq DESC LIMIT 1`,
    values: [record.subjectType, record.subjectId],
  });
  const previous = last.rows[0];
  const entry = {
    subjectType: record.subjectType,
    subjectId: record.subjectId,
    seq: (previous?.seq ?? 0) + 1,
    at: new Date().toISOString(),
    actor: `${record.actor.type}:${record.actor.id}`,
    action: record.action,
    change: canonicalJson(record.change),
  };
  const hash = entryHash(previous?.hash ?? Buffer.alloc(32), entry);
  await tx.query({
    name: 'audit_append',
    text: `INSERT INTO audit.entries (subject_type, subject_id, seq, at, actor, action, change, previous_hash, hash)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      entry.subjectType,
      entry.subjectId,
      entry.seq,
      entry.at,
      entry.actor,
      entry.action,
      entry.change,
      previous?.hash ?? Buffer.alloc(32),
      hash,
    ],
  });
}

export interface AuditEntry {
  readonly subjectType: string;
  readonly subjectId: string;
  readonly seq: number;
  /** ISO 8601, milliseconds, UTC. */
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  /** Canonical JSON: the very text that was hashed. */
  readonly change: string;
}

/** SHA-256 over the hash before and every member of the entry, each preceded by its length so that none can shift. */
export function entryHash(previousHash: Buffer, entry: AuditEntry): Buffer {
  const hash = createHash('sha256').update(previousHash);
  const members = [
    entry.subjectType,
    entry.subjectId,
    String(entry.seq),
    entry.at,
    entry.actor,
    entry.action,
    entry.change,
  ];
  for (const member of members) hash.update(`${Buffer.byteLength(member)}:`).update(member);
  return hash.digest();
}

/** At most this many entries of one subject are read at once. */
const MAX_TRAIL = 1_000;

/** The entries about one subject, oldest first. */
export async function auditTrail(db: Queryable, subjectType: string, subjectId: string): Promise<AuditEntry[]> {
  const result = await db.query<{ seq: number; at: Date; actor: string; action: string; change: string }>({
    name: 'audit_trail',
    text: `SELECT seq, at, actor, action, change FROM audit.entries
            WHERE subject_type = $1 AND subject_id = $2 ORDER BY seq LIMIT ${MAX_TRAIL}`,
    values: [subjectType, subjectId],
  });
  return result.rows.map((row) => ({ ...row, subjectType, subjectId, at: row.at.toISOString() }));
}

/** JSON with sorted keys, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
