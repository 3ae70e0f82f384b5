import type { CaseId } from '../../contracts/ids.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import type { CaseKind, CaseState } from './rules.ts';

/** A case as it is stored. */
export interface Case {
  readonly id: CaseId;
  readonly kind: CaseKind;
  readonly subjectType: string;
  readonly subjectId: string;
  readonly state: CaseState;
  /** References and figures; nothing personal. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Until when somebody should have decided. */
  readonly dueAt: Date;
  /** When it was found past due; null when it was not. */
  readonly escalatedAt: Date | null;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
  readonly decision: string | null;
  readonly reason: string | null;
  /** `staff:usr_…`, or the part of the system that found it settled. */
  readonly decidedBy: string | null;
}

const COLUMNS = `id, kind, subject_type AS "subjectType", subject_id AS "subjectId", state, details, due_at AS "dueAt",
  escalated_at AS "escalatedAt", opened_at AS "openedAt", closed_at AS "closedAt", decision, reason,
  decided_by AS "decidedBy"`;

export type NewCase = Pick<Case, 'id' | 'kind' | 'subjectType' | 'subjectId' | 'details' | 'dueAt'>;

/** @returns undefined when one of this kind about this subject is open already */
export async function insertCase(tx: Tx, one: NewCase): Promise<Case | undefined> {
  const { rows } = await tx.query<Case>({
    name: 'case_insert',
    text: `INSERT INTO cases.cases (id, kind, subject_type, subject_id, details, due_at)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (kind, subject_type, subject_id) WHERE state = 'open' DO NOTHING RETURNING ${COLUMNS}`,
    values: [one.id, one.kind, one.subjectType, one.subjectId, JSON.stringify(one.details), one.dueAt],
  });
  return rows[0];
}

/** The open case of a kind about a subject, locked until the transaction ends. */
export async function lockOpenCase(tx: Tx, kind: CaseKind, subjectId: string): Promise<Case | undefined> {
  const { rows } = await tx.query<Case>({
    name: 'case_lock_open',
    text: `SELECT ${COLUMNS} FROM cases.cases WHERE kind = $1 AND subject_id = $2 AND state = 'open' FOR UPDATE`,
    values: [kind, subjectId],
  });
  return rows[0];
}

export async function lockCase(tx: Tx, id: CaseId): Promise<Case | undefined> {
  const { rows } = await tx.query<Case>({
    name: 'case_lock',
    text: `SELECT ${COLUMNS} FROM cases.cases WHERE id = $1 FOR UPDATE`,
    values: [id],
  });
  return rows[0];
}

export async function findCase(db: Queryable, id: CaseId): Promise<Case | undefined> {
  const { rows } = await db.query<Case>({
    name: 'case_find',
    text: `SELECT ${COLUMNS} FROM cases.cases WHERE id = $1`,
    values: [id],
  });
  return rows[0];
}

/** The newest case of a kind about a subject, open or closed. */
export async function latestCase(db: Queryable, kind: CaseKind, subjectId: string): Promise<Case | undefined> {
  const { rows } = await db.query<Case>({
    name: 'case_latest',
    text: `SELECT ${COLUMNS} FROM cases.cases WHERE kind = $1 AND subject_id = $2 ORDER BY id DESC LIMIT 1`,
    values: [kind, subjectId],
  });
  return rows[0];
}

export interface CaseFilter {
  readonly kinds: readonly CaseKind[];
  readonly state?: CaseState | undefined;
  readonly subjectId?: string | undefined;
  /** Only those before this id: the page goes on there. */
  readonly before?: CaseId | undefined;
}

/** Newest first. */
export async function listCases(db: Queryable, filter: CaseFilter, limit: number): Promise<Case[]> {
  const { rows } = await db.query<Case>({
    name: 'case_list',
    text: `SELECT ${COLUMNS} FROM cases.cases
            WHERE kind = ANY ($1) AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR subject_id = $3)
              AND ($4::text IS NULL OR id < $4)
            ORDER BY id DESC LIMIT $5`,
    values: [filter.kinds, filter.state ?? null, filter.subjectId ?? null, filter.before ?? null, limit],
  });
  return rows;
}

export async function markClosed(
  tx: Tx,
  id: CaseId,
  { decision, reason, decidedBy }: { decision: string; reason: string | null; decidedBy: string },
): Promise<Case> {
  const { rows } = await tx.query<Case>({
    name: 'case_close',
    text: `UPDATE cases.cases SET state = 'closed', closed_at = now(), decision = $2, reason = $3, decided_by = $4
            WHERE id = $1 RETURNING ${COLUMNS}`,
    values: [id, decision, reason, decidedBy],
  });
  if (rows[0] === undefined) throw new Error(`${id} vanished while it was locked`);
  return rows[0];
}

export async function setDetails(tx: Tx, id: CaseId, details: Case['details']): Promise<void> {
  await tx.query({
    name: 'case_set_details',
    text: `UPDATE cases.cases SET details = $2 WHERE id = $1 AND state = 'open'`,
    values: [id, JSON.stringify(details)],
  });
}

export async function moveDue(tx: Tx, id: CaseId, dueAt: Date): Promise<void> {
  await tx.query({
    name: 'case_move_due',
    text: `UPDATE cases.cases SET due_at = $2 WHERE id = $1`,
    values: [id, dueAt],
  });
}

export async function markEscalated(tx: Tx, id: CaseId): Promise<void> {
  await tx.query({
    name: 'case_escalate',
    text: `UPDATE cases.cases SET escalated_at = now() WHERE id = $1`,
    values: [id],
  });
}

/** How many cases of each kind are open, and how many of those are past due. */
export async function openCaseFigures(db: Queryable): Promise<{ kind: CaseKind; open: number; overdue: number }[]> {
  const { rows } = await db.query<{ kind: CaseKind; open: number; overdue: number }>({
    name: 'case_figures',
    text: `SELECT kind, count(*) AS open, count(*) FILTER (WHERE due_at < now()) AS overdue
             FROM cases.cases WHERE state = 'open' GROUP BY kind`,
  });
  return rows;
}

/** How many of these subjects have an open case about them, of whatever kind. */
export async function countWithOpenCase(db: Queryable, subjectIds: readonly string[]): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'case_count_subjects',
    text: `SELECT count(DISTINCT subject_id) AS count FROM cases.cases WHERE state = 'open' AND subject_id = ANY ($1)`,
    values: [subjectIds],
  });
  return rows[0]?.count ?? 0;
}
