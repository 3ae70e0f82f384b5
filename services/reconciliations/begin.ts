/** Beginning a reconciliation: what it compares, and that not too many run at once. */
import type { ReconciliationId } from '../../contracts/ids.ts';
import type { Database, Queryable } from '../../platform/database.ts';
import { conflict, unprocessable } from '../../platform/errors.ts';
import {
  comparedUntil,
  findRun,
  insertRun,
  lockBeginning,
  type NewReconciliation,
  type Reconciliation,
  runningRuns,
} from './store.ts';

/** More at once would only ask Stripe for the same lines. */
export const MAX_RUNNING = 3;

/** The day before is compared anew, and two more: what somebody did to old books comes out, too. */
const OVERLAP_MS = 3 * 24 * 60 * 60 * 1_000;

/** What is asked for; milliseconds since 1970. */
export interface Asked {
  readonly fromMs?: number | undefined;
  readonly untilMs?: number | undefined;
}

/**
 * What is compared, in whole seconds, as Stripe counts: from where the last one ended unless told, and nothing younger than
 * `settleMs`.
 */
export async function periodOf(
  db: Queryable,
  { fromMs, untilMs }: Asked,
  settleMs: number,
): Promise<Pick<NewReconciliation, 'fromAt' | 'untilAt' | 'settledAt'>> {
  const settledMs = Date.now() - settleMs;
  const endMs = Math.min(untilMs ?? settledMs, settledMs);
  const last = await comparedUntil(db);
  const beginMs = fromMs ?? Math.max((last?.getTime() ?? 0) - OVERLAP_MS, 0);
  return {
    fromAt: wholeSecond(Math.min(beginMs, endMs)),
    untilAt: wholeSecond(endMs),
    settledAt: new Date(settledMs),
  };
}

const wholeSecond = (ms: number): Date => new Date(ms - (ms % 1_000));

/**
 * Takes one of the few places, once for each id.
 * @throws Problem 409 RECONCILIATIONS_RUNNING; 422 NOTHING_SETTLED when it would begin after what is old enough to compare
 */
export async function reserveRun(
  db: Database,
  one: { readonly id: ReconciliationId; readonly workflowId: string; readonly requestedBy: string },
  asked: Asked,
  settleMs: number,
): Promise<Reconciliation> {
  return db.transaction(async (tx) => {
    await lockBeginning(tx);
    const known = await findRun(tx, one.id);
    if (known !== undefined) return known;
    const period = await periodOf(tx, asked, settleMs);
    if (asked.fromMs !== undefined && asked.fromMs >= period.settledAt.getTime()) {
      const settledUntil = period.settledAt.toISOString();
      const detail = `Nothing can be compared from then on yet: only what happened before ${settledUntil} has settled.`;
      throw unprocessable('NOTHING_SETTLED', detail, { settledUntil });
    }
    if ((await runningRuns(tx, MAX_RUNNING)).length >= MAX_RUNNING) {
      throw conflict('RECONCILIATIONS_RUNNING', `${MAX_RUNNING} reconciliations are running. Wait for one to end.`);
    }
    return insertRun(tx, { ...one, ...period });
  });
}
