import { type InjectedSinks, type ReplayHistoriesIterable, type ReplayWorkerOptions, Worker } from '@temporalio/worker';
import { eventText, type History, type HistoryEvent } from './history.ts';
import type { RecorderSinks } from './replay-recorder.ts';
import { workflowTracing } from './tracing.ts';

/** A recorded history, and the workflow it was recorded from: payloads are bound to that id. */
export interface RecordedHistory {
  readonly workflowId: string;
  readonly history: History;
}

/** What replaying a history showed. */
export interface ReplayOutcome {
  readonly workflowId: string;
  /** Why the code of today does not lead to the history of then, naming the events; undefined when it does. */
  readonly difference: string | undefined;
}

/** The bundle, and the converter of the workers that the histories come from. */
export type ReplayOptions = Pick<ReplayWorkerOptions, 'workflowBundle' | 'dataConverter'>;

/** Replays histories with the code of a bundle, in one worker, as they come. */
export async function* replay(
  options: ReplayOptions,
  histories: ReplayHistoriesIterable,
): AsyncGenerator<ReplayOutcome> {
  // What the worker has read ahead and not answered yet: a difference is looked for in the history itself.
  const inWork = new Map<string, RecordedHistory>();
  async function* noted(): AsyncGenerator<RecordedHistory> {
    for await (const { workflowId, history } of histories) {
      const recorded = { workflowId, history: history as History };
      inWork.set(runIdOf(recorded), recorded);
      yield recorded;
    }
  }
  for await (const { workflowId, runId, error } of Worker.runReplayHistories(replayWith(options), noted())) {
    const recorded = inWork.get(runId);
    inWork.delete(runId);
    if (error === undefined) yield { workflowId, difference: undefined };
    else {
      const failure = reasonIn(error.message);
      const difference =
        recorded === undefined ? `${workflowId}: ${failure}` : await located(options, recorded, failure);
      yield { workflowId, difference };
    }
  }
}

/** The SDK tells outcomes by it: a workflow that started its history afresh has several runs. */
const runIdOf = ({ history }: RecordedHistory): string =>
  history.events?.[0]?.workflowExecutionStartedEventAttributes?.originalExecutionRunId ?? '';

/** What the code set out to do when it saw so much of the history. */
interface Act {
  readonly historyLength: number;
  readonly text: string;
}

/** @param acts gets what the code does, when the bundle has the recorder */
function replayWith(options: ReplayOptions, acts: Act[] = []): ReplayWorkerOptions {
  const sinks: InjectedSinks<RecorderSinks> = {
    ...workflowTracing(undefined),
    replayRecorder: {
      act: { fn: ({ historyLength }, text) => void acts.push({ historyLength, text }), callDuringReplay: true },
    },
  };
  // Its own failures it says in clear; those of histories it reads all the same.
  const { failureConverterPath: _, ...dataConverter } = options.dataConverter ?? {};
  return { ...options, dataConverter, replayName: 'replay', sinks };
}

async function failureOf(
  options: ReplayOptions,
  recorded: RecordedHistory,
  acts: Act[] = [],
): Promise<string | undefined> {
  for await (const { error } of Worker.runReplayHistories(replayWith(options, acts), [recorded])) {
    if (error !== undefined) return reasonIn(error.message);
  }
  return undefined;
}

/**
 * The SDK says what went wrong, not always where: the result of a local activity that stands elsewhere now is handed to
 * the wrong step, which fails in its own way. So the history is replayed up to each of its workflow tasks; the first one
 * that fails is where code and history part.
 */
async function located(options: ReplayOptions, recorded: RecordedHistory, failure: string): Promise<string> {
  const events = recorded.history.events ?? [];
  for (const [from, to] of workflowTasks(events)) {
    const acts: Act[] = [];
    const upToHere = { ...recorded, history: { events: events.slice(0, to) } };
    const reason = await failureOf(options, upToHere, acts);
    if (reason === undefined) continue;
    const there = events.slice(from, to).map(eventText).join(', ');
    // A task sees the history up to its own start, which is the event before its completion.
    const done = acts.filter(({ historyLength }) => historyLength === from).map(({ text }) => text);
    const here = done.length === 0 ? '' : `Here the code does: ${done.join(', ')}. `;
    return `${recorded.workflowId}: the code does not lead to these events of the history: ${there}. ${here}${reason}`;
  }
  return `${recorded.workflowId}: ${failure}`;
}

/** Where each workflow task stands: from its completion to the end of what it led to. */
function workflowTasks(events: readonly HistoryEvent[]): [from: number, to: number][] {
  const starts = events.flatMap((event, index) => (event.workflowTaskCompletedEventAttributes ? [index] : []));
  return starts.map((from, position) => [from, starts[position + 1] ?? events.length]);
}

/** The message itself, out of the SDK's dump of a failure around it. */
function reasonIn(text: string): string {
  const message = /message: \\?"((?:[^"\\]|\\.)*?)\\?"/.exec(text)?.[1] ?? text;
  return message.split('\n', 1)[0]?.slice(0, 500) ?? '';
}
