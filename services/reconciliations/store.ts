import type { CaseId, DifferenceId, ReconciliationId } from '../../contracts/ids.ts';
import type { Queryable, Tx } from '../../platform/database.ts';
import type { DifferenceKind, Subject } from './rules.ts';

export const RECONCILIATION_STATES = ['running', 'completed', 'failed'] as const;

/** How far a reconciliation has come. */
export interface Counts {
  /** Pages and lines of Stripe. */
  readonly pages: number;
  readonly lines: number;
  /** Postings of the period that none of its lines answered to, and that were looked for. */
  readonly postings: number;
  readonly differences: number;
  /** Differences of before that are no more. */
  readonly settled: number;
  /** Fees and payouts that were posted from their lines. */
  readonly posted: number;
}

export interface Reconciliation extends Counts {
  readonly id: ReconciliationId;
  readonly workflowId: string;
  /** The account of who asked; null when the schedule did. */
  readonly requestedBy: string | null;
  readonly fromAt: Date;
  readonly untilAt: Date;
  /** What is younger is left to the next one. */
  readonly settledAt: Date;
  readonly state: (typeof RECONCILIATION_STATES)[number];
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

export interface Difference extends Subject {
  readonly id: DifferenceId;
  readonly kind: DifferenceKind;
  readonly contentHash: Buffer;
  readonly details: Readonly<Record<string, unknown>>;
  readonly purchaseId: string | null;
  readonly caseId: CaseId;
  readonly lastRun: ReconciliationId;
  readonly foundAt: Date;
  readonly settledAt: Date | null;
}

const RUN = `id, workflow_id AS "workflowId", requested_by AS "requestedBy", from_at AS "fromAt", until_at AS "untilAt",
  settled_at AS "settledAt", state, pages, lines, postings, differences, settled, posted, started_at AS "startedAt",
  ended_at AS "endedAt"`;

const DIFFERENCE = `id, kind, reference, category, content_hash AS "contentHash", details, purchase_id AS "purchaseId",
  case_id AS "caseId", last_run AS "lastRun", found_at AS "foundAt", settled_at AS "settledAt"`;

export type NewReconciliation = Pick<
  Reconciliation,
  'id' | 'workflowId' | 'requestedBy' | 'fromAt' | 'untilAt' | 'settledAt'
>;

/** @returns the one of this workflow, also when it was there before */
export async function insertRun(db: Queryable, one: NewReconciliation): Promise<Reconciliation> {
  const { rows } = await db.query<{ [Member in keyof Reconciliation]: Reconciliation[Member] }>({
    name: 'reconciliation_insert',
    text: `INSERT INTO reconciliations.runs (id, workflow_id, requested_by, from_at, until_at, settled_at)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (workflow_id) DO UPDATE SET workflow_id = excluded.workflow_id RETURNING ${RUN}`,
    values: [one.id, one.workflowId, one.requestedBy, one.fromAt, one.untilAt, one.settledAt],
  });
  if (rows[0] === undefined) throw new Error(`${one.id} was not written`);
  return rows[0];
}

export async function findRun(db: Queryable, id: ReconciliationId): Promise<Reconciliation | undefined> {
  const { rows } = await db.query<{ [Member in keyof Reconciliation]: Reconciliation[Member] }>({
    name: 'reconciliation_find',
    text: `SELECT ${RUN} FROM reconciliations.runs WHERE id = $1`,
    values: [id],
  });
  return rows[0];
}

/** Newest first. */
export async function listRuns(
  db: Queryable,
  before: ReconciliationId | undefined,
  limit: number,
): Promise<Reconciliation[]> {
  const { rows } = await db.query<{ [Member in keyof Reconciliation]: Reconciliation[Member] }>({
    name: 'reconciliation_list',
    text: `SELECT ${RUN} FROM reconciliations.runs WHERE ($1::text IS NULL OR id < $1) ORDER BY id DESC LIMIT $2`,
    values: [before ?? null, limit],
  });
  return rows;
}

/**
 * Until when everything was compared, from the beginning on and without a gap: a reconciliation of some later days, however
 * well it ended, says nothing about those before. Undefined before the first from the beginning has ended.
 */
export async function comparedUntil(db: Queryable): Promise<Date | undefined> {
  const { rows } = await db.query<{ until: Date }>({
    name: 'reconciliation_until',
    text: `SELECT upper(compared) AS until
             FROM (SELECT unnest(range_agg(tstzrange(from_at, until_at))) AS compared
                     FROM reconciliations.runs WHERE state = 'completed') AS without_gaps
            WHERE compared @> to_timestamp(0)`,
  });
  return rows[0]?.until;
}

/** Until the transaction ends nobody else begins one: what was counted holds. */
export async function lockBeginning(tx: Tx): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('reconciliations', 0))`);
}

/** Oldest first. */
export async function runningRuns(db: Queryable, limit: number): Promise<Reconciliation[]> {
  const { rows } = await db.query<{ [Member in keyof Reconciliation]: Reconciliation[Member] }>({
    name: 'reconciliation_running',
    text: `SELECT ${RUN} FROM reconciliations.runs WHERE state = 'running' ORDER BY started_at LIMIT $1`,
    values: [limit],
  });
  return rows;
}

export async function noteCounts(db: Queryable, id: ReconciliationId, counts: Counts): Promise<void> {
  await db.query({
    name: 'reconciliation_counts',
    text: `UPDATE reconciliations.runs
              SET pages = $2, lines = $3, postings = $4, differences = $5, settled = $6, posted = $7
            WHERE id = $1 AND state = 'running'`,
    values: [id, counts.pages, counts.lines, counts.postings, counts.differences, counts.settled, counts.posted],
  });
}

export async function endRun(db: Queryable, id: ReconciliationId, state: 'completed' | 'failed'): Promise<void> {
  await db.query({
    name: 'reconciliation_end',
    text: `UPDATE reconciliations.runs SET state = $2, ended_at = now() WHERE id = $1 AND state = 'running'`,
    values: [id, state],
  });
}

export async function markSeen(tx: Tx, id: ReconciliationId, subjects: readonly Subject[]): Promise<void> {
  await tx.query({
    name: 'reconciliation_see',
    text: `INSERT INTO reconciliations.seen (run_id, reference, category)
           SELECT $1, reference, category FROM unnest($2::text[], $3::text[]) AS s (reference, category)
           ON CONFLICT DO NOTHING`,
    values: [id, subjects.map(({ reference }) => reference), subjects.map(({ category }) => category)],
  });
}

/** Those of the subjects that a run has not looked at. */
export async function notSeen<T extends Subject>(
  db: Queryable,
  id: ReconciliationId,
  subjects: readonly T[],
): Promise<T[]> {
  const { rows } = await db.query<{ place: number }>({
    name: 'reconciliation_not_seen',
    text: `SELECT place FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS s (reference, category, place)
            WHERE NOT EXISTS (SELECT FROM reconciliations.seen
                               WHERE run_id = $1 AND reference = s.reference AND category = s.category)`,
    values: [id, subjects.map(({ reference }) => reference), subjects.map(({ category }) => category)],
  });
  const places = new Set(rows.map(({ place }) => place - 1));
  return subjects.filter((_, index) => places.has(index));
}

/** What those have seen that have ended, however they did. @returns whether there may be more */
export async function forgetSeen(db: Queryable, atOnce: number): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'reconciliation_forget',
    text: `DELETE FROM reconciliations.seen WHERE ctid IN
             (SELECT seen.ctid FROM reconciliations.seen JOIN reconciliations.runs ON runs.id = seen.run_id
               WHERE runs.state <> 'running' LIMIT $1)`,
    values: [atOnce],
  });
  return rowCount === atOnce;
}

/** The open difference about a subject, locked until the transaction ends. */
export async function lockDifference(tx: Tx, { reference, category }: Subject): Promise<Difference | undefined> {
  const { rows } = await tx.query<{ [Member in keyof Difference]: Difference[Member] }>({
    name: 'difference_lock',
    text: `SELECT ${DIFFERENCE} FROM reconciliations.differences
            WHERE reference = $1 AND category = $2 AND settled_at IS NULL FOR UPDATE`,
    values: [reference, category],
  });
  return rows[0];
}

export async function insertDifference(tx: Tx, one: Omit<Difference, 'foundAt' | 'settledAt'>): Promise<void> {
  await tx.query({
    name: 'difference_insert',
    text: `INSERT INTO reconciliations.differences
             (id, kind, reference, category, content_hash, details, purchase_id, case_id, first_run, last_run)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
    values: [
      one.id,
      one.kind,
      one.reference,
      one.category,
      one.contentHash,
      JSON.stringify(one.details),
      one.purchaseId,
      one.caseId,
      one.lastRun,
    ],
  });
}

export async function markFoundAgain(tx: Tx, id: DifferenceId, run: ReconciliationId): Promise<void> {
  await tx.query({
    name: 'difference_again',
    text: 'UPDATE reconciliations.differences SET last_run = $2 WHERE id = $1',
    values: [id, run],
  });
}

export async function markSettled(tx: Tx, id: DifferenceId): Promise<void> {
  await tx.query({
    name: 'difference_settle',
    text: 'UPDATE reconciliations.differences SET settled_at = now() WHERE id = $1',
    values: [id],
  });
}

/** Open differences that a run has not found (again), in the order of their ids. */
export async function openDifferences(
  db: Queryable,
  notIn: ReconciliationId,
  after: DifferenceId | undefined,
  limit: number,
): Promise<Difference[]> {
  const { rows } = await db.query<{ [Member in keyof Difference]: Difference[Member] }>({
    name: 'difference_open',
    text: `SELECT ${DIFFERENCE} FROM reconciliations.differences
            WHERE settled_at IS NULL AND last_run <> $1 AND ($2::text IS NULL OR id > $2) ORDER BY id LIMIT $3`,
    values: [notIn, after ?? null, limit],
  });
  return rows;
}

/** The differences that a run found, or found again. */
export async function differencesOf(db: Queryable, run: ReconciliationId, limit: number): Promise<Difference[]> {
  const { rows } = await db.query<{ [Member in keyof Difference]: Difference[Member] }>({
    name: 'difference_of_run',
    text: `SELECT ${DIFFERENCE} FROM reconciliations.differences WHERE last_run = $1 ORDER BY id LIMIT $2`,
    values: [run, limit],
  });
  return rows;
}
