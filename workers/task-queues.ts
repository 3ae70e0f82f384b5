import { parseArgs } from 'node:util';
import { TASK_QUEUES, type TaskQueue } from '../contracts/task-queues.ts';

const ALL: readonly TaskQueue[] = Object.values(TASK_QUEUES);

/**
 * Which task queues a worker process serves: those of `--task-queues a,b`, or all of them.
 * @throws RangeError naming what is not a task queue
 */
export function chosenTaskQueues(args: readonly string[]): readonly TaskQueue[] {
  const { values } = parseArgs({ args: [...args], options: { 'task-queues': { type: 'string' } } });
  const names = values['task-queues']?.split(',').map((name) => name.trim());
  if (names === undefined) return ALL;
  const unknown = names.filter((name) => !ALL.some((queue) => queue === name));
  if (unknown.length > 0)
    throw new RangeError(`No such task queue: ${unknown.join(', ')}. There are: ${ALL.join(', ')}.`);
  return ALL.filter((queue) => names.includes(queue));
}
