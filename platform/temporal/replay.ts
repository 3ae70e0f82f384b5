import { type ReplayWorkerOptions, Worker } from '@temporalio/worker';
import { eventText, type History, type HistoryEvent } from './history.ts';

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

/** Replays histories with the code of a bundle, one after another. */
export async function* replay(
  options: ReplayOptions,
  histories: Iterable<RecordedHistory>,
): AsyncGenerator<ReplayOutcome> {
  for (const recorded of histories) {
    const failure = await failureOf(options, recorded);
    yield {
      workflowId: recorded.workflowId,
      difference: failure === undefined ? undefined : await located(options, recorded, failure),
    };
  }
}

async function failureOf(options: ReplayOptions, recorded: RecordedHistory): Promise<string | undefined> {
  for await (const { error } of Worker.runReplayHistories({ ...options, replayName: 'replay' }, [recorded])) {
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
    const upToHere = { ...recorded, history: { events: events.slice(0, to) } };
    const reason = await failureOf(options, upToHere);
    if (reason === undefined) continue;
    const there = events.slice(from, to).map(eventText).join(', ');
    return `${recorded.workflowId}: the code does not lead to these events of the history: ${there}. ${reason}`;
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
