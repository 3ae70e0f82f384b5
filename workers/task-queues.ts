import { TASK_QUEUES, type TaskQueue } from '../contracts/task-queues.ts';
import { ABOUT_ROLES, argumentsOrExit, exitWithUsage } from '../platform/arguments.ts';

const ALL: readonly TaskQueue[] = Object.values(TASK_QUEUES);

const USAGE = `Usage: npm run worker [-- --task-queues <queue>[,<queue>…]]

Runs workflows and their activities. Task queues: ${ALL.join(', ')}; all of them unless told.
Every queue needs a worker somewhere. /healthz, /readyz (polls its queues; PostgreSQL and Temporal answer; the database is
migrated) and /metrics on HOST and port 3001 (plus PORT_OFFSET).
When told to stop it takes no new work and lets what runs finish, for at most 9 s; what is cut is done again elsewhere.

${ABOUT_ROLES}`;

/** Which task queues a worker process serves: those of `--task-queues a,b`, or all of them. */
export function chosenTaskQueuesOrExit(): readonly TaskQueue[] {
  const values = argumentsOrExit(USAGE, { 'task-queues': { type: 'string' } });
  const names = values['task-queues']?.split(',').map((name) => name.trim());
  if (names === undefined) return ALL;
  const unknown = names.filter((name) => !ALL.some((queue) => queue === name));
  if (unknown.length > 0) {
    exitWithUsage(USAGE, `No such task queue: ${unknown.join(', ')}. There are: ${ALL.join(', ')}.`);
  }
  return ALL.filter((queue) => names.includes(queue));
}
