/** Reconciliations that are said to run, and do not: whoever terminates a workflow leaves nobody to end its row. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Database } from '../../platform/database.ts';
import { endRun, type Reconciliation, runningRuns } from '../../services/reconciliations/index.ts';
import { ANSWER_WITHIN_MS, temporalAnswers } from '../outcomes.ts';

/** At once; those beyond are looked at the next time. */
const MAX_LOOKED_AT = 100;
/** A row is written before its workflow begins, and the begin may be repeated. */
const BEGINS_WITHIN_MS = 60_000;

/** Ends the rows of those whose workflow is not there any more, as failed. @throws Problem 503 */
export async function endLeftovers(database: Database, client: Client): Promise<void> {
  const untilMs = Date.now() + ANSWER_WITHIN_MS;
  const runs = await runningRuns(database, MAX_LOOKED_AT);
  const isAlive = await Promise.all(runs.map((run) => temporalAnswers(client, untilMs, () => isRunning(client, run))));
  for (const [index, { id }] of runs.entries()) if (isAlive[index] !== true) await endRun(database, id, 'failed');
}

async function isRunning(client: Client, { workflowId, startedAt }: Reconciliation): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return Date.now() - startedAt.getTime() < BEGINS_WITHIN_MS;
    throw error;
  }
}
