/** Recorded histories as files: one for each path that a flow can take, and one more when the path has got other steps. */
import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  eventText,
  type History,
  type HistoryEvent,
  historyFromText,
  historyToText,
} from '../../platform/temporal/history.ts';
import type { RecordedHistory } from '../../platform/temporal/replay.ts';

export interface Recording extends RecordedHistory {
  /** The test that took the path, as a file below the root. */
  readonly recordedBy: string;
}

/** The content of a file; payloads stay encrypted. */
export const recordText = ({ workflowId, recordedBy, history }: Recording): string =>
  `{"workflowId":${JSON.stringify(workflowId)},"recordedBy":${JSON.stringify(recordedBy)},"history":${historyToText(history)}}\n`;

/** Every recording in a folder, by name. */
export function readRecords(folder: string): ReadonlyMap<string, Recording> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return new Map(files.sort().map((file) => [basename(file, '.json'), readRecord(join(folder, file))]));
}

function readRecord(path: string): Recording {
  const { workflowId, recordedBy, history } = JSON.parse(readFileSync(path, 'utf8')) as {
    workflowId: string;
    recordedBy: string;
    history: unknown;
  };
  return { workflowId, recordedBy, history: historyFromText(JSON.stringify(history)) };
}

/** A path's recordings, the newest last: `declined`, `declined@2`, … */
export function recordingsOf<T>(path: string, names: ReadonlyMap<string, T>): [name: string, recording: T][] {
  const found: [string, T][] = [];
  for (let number = 1; ; number++) {
    const name = number === 1 ? path : `${path}@${number}`;
    const recording = names.get(name);
    if (recording === undefined) return found;
    found.push([name, recording]);
  }
}

/** What became of a recording that was just made. */
export interface Shelved {
  readonly path: string;
  /** The name under which it was kept; undefined when it tells nothing new. */
  readonly keptAs: string | undefined;
  readonly outcome: 'new' | 'changed' | 'unchanged' | 'replaced';
  readonly recording: Recording;
}

/**
 * Keeps what is new. An old recording stands for the workflows that were begun with the code of then, so it is not
 * overwritten unless `replace` asks for it: a path whose code does something else now gets one more.
 * @param from where the new recordings are
 */
export function shelve(from: string, to: string, { replace }: { readonly replace: boolean }): Shelved[] {
  const kept = readRecords(to);
  return [...readRecords(from)].map(([path, recording]) => {
    const before = recordingsOf(path, kept);
    const [newestName, newest] = before.at(-1) ?? [];
    const keep = (name: string, outcome: Shelved['outcome']): Shelved => {
      copyFileSync(join(from, `${path}.json`), join(to, `${name}.json`));
      return { path, keptAs: name, outcome, recording };
    };
    if (newest === undefined || newestName === undefined) return keep(path, 'new');
    if (replace) return keep(newestName, 'replaced');
    if (sameSteps(newest.history, recording.history))
      return { path, keptAs: undefined, outcome: 'unchanged', recording };
    return keep(`${path}@${before.length + 1}`, 'changed');
  });
}

/**
 * Two runs of one path differ in times, in how often something was tried or told, and in where it was tried; not in what
 * the code does.
 */
function sameSteps(one: History, other: History): boolean {
  const [steps, others] = [stepsOf(one), stepsOf(other)];
  return steps.size === others.size && [...steps].every((step) => others.has(step));
}

/** What the code did: its activities, the changes it knows of, and how it ended. Looks come when hints do. */
const stepsOf = ({ events }: History): ReadonlySet<string> =>
  new Set((events ?? []).flatMap((event) => stepOf(event)).filter((step) => !/^(read|refresh)[A-Z]/.test(step)));

function stepOf(event: HistoryEvent): string[] {
  const [, kind = '', name = ''] = eventText(event).split(' ');
  if (kind === 'MarkerRecorded' || kind === 'ActivityTaskScheduled') return [name];
  return /^(WorkflowExecution(Completed|Failed|ContinuedAsNew)|.*Initiated)$/.test(kind) ? [kind] : [];
}
