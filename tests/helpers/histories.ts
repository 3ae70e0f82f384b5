import { renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { expect } from 'vitest';
import { eventText, type History } from '../../platform/temporal/history.ts';
import type { RecordedHistory } from '../../platform/temporal/replay.ts';
import { readRecords, recordText } from '../../scripts/histories/records.ts';
import { stack } from './stack.ts';
import { waitFor } from './wait-for.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const HISTORIES = join(ROOT, 'tests', 'histories');

/**
 * Hands the history of a workflow of the test stack to `npm run histories:record`, under the name of its path; does
 * nothing in any other run. Payloads stay encrypted, with the key of test stacks.
 * @param client of another server than the stack's
 * @param runId of a history that was started afresh: one of its runs, else the last one
 */
export async function recordHistory(name: string, workflowId: string, client?: Client, runId?: string): Promise<void> {
  const { RECORD_HISTORIES: folder, RECORD_ONLY: only } = process.env;
  if (folder === undefined || (only !== undefined && only !== name)) return;
  const history = await settled(
    () => client?.workflow.getHandle(workflowId, runId).fetchHistory() ?? historyOf(workflowId, runId),
  );
  const recordedBy = relative(ROOT, expect.getState().testPath ?? '');
  const path = join(folder, `${name}.json`);
  writeFileSync(`${path}.part`, recordText({ workflowId, recordedBy, history }));
  renameSync(`${path}.part`, path);
}

/** What the test saw happen may be a moment ahead of the history: it ends when the workflow waits, or is over. */
function settled(fetch: () => Promise<History>): Promise<History> {
  return waitFor(
    async () => {
      const history = await fetch();
      const [, kind = ''] = eventText(history.events?.at(-1) ?? {}).split(' ');
      return /^WorkflowTask(Scheduled|Started|Failed|TimedOut)$|^WorkflowExecutionSignaled$/.test(kind)
        ? undefined
        : history;
    },
    { what: 'the workflow to wait for something', timeoutMs: 20_000 },
  );
}

/** The history of a workflow of the test stack, its payloads as they are stored. */
export async function historyOf(workflowId: string, runId?: string): Promise<History> {
  const { address, namespace } = stack().temporal;
  const connection = await Connection.connect({ address });
  try {
    return await new Client({ connection, namespace }).workflow.getHandle(workflowId, runId).fetchHistory();
  } finally {
    await connection.close();
  }
}

/** Every recorded history, by name. */
export const recordedHistories = (): ReadonlyMap<string, RecordedHistory> => readRecords(HISTORIES);
