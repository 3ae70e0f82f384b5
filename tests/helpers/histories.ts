import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { type History, historyFromText, historyToText } from '../../platform/temporal/history.ts';
import type { RecordedHistory } from '../../platform/temporal/replay.ts';
import { stack } from './stack.ts';

const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));

/**
 * Keeps the history of a workflow of the test stack under a name, when `RECORD_HISTORIES=1` asks for it: histories are
 * recorded once, when a path is new, and replayed ever after. Payloads stay encrypted, with the key of test stacks.
 * @param client of another server than the stack's
 */
export async function recordHistory(name: string, workflowId: string, client?: Client): Promise<void> {
  if (process.env['RECORD_HISTORIES'] !== '1') return;
  const recorded = client?.workflow.getHandle(workflowId).fetchHistory() ?? historyOf(workflowId);
  const history = historyToText(await recorded);
  writeFileSync(join(FOLDER, `${name}.json`), `{"workflowId":${JSON.stringify(workflowId)},"history":${history}}\n`);
}

/** The history of a workflow of the test stack, its payloads as they are stored. */
export async function historyOf(workflowId: string): Promise<History> {
  const { address, namespace } = stack().temporal;
  const connection = await Connection.connect({ address });
  try {
    return await new Client({ connection, namespace }).workflow.getHandle(workflowId).fetchHistory();
  } finally {
    await connection.close();
  }
}

/** Every recorded history, by name. */
export function recordedHistories(): ReadonlyMap<string, RecordedHistory> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(
    files.map((file) => {
      const { workflowId, history } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as {
        workflowId: string;
        history: unknown;
      };
      return [basename(file, '.json'), { workflowId, history: historyFromText(JSON.stringify(history)) }];
    }),
  );
}
