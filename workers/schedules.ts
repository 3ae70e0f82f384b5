/** What begins by the clock, and not by anybody: declared at every start, so that it is as the code says. */
import {
  type Connection,
  ScheduleAlreadyRunning,
  ScheduleClient,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { RECONCILIATION_SCHEDULE } from '../contracts/reconciliation.ts';
import { TASK_QUEUES } from '../contracts/task-queues.ts';

/** In UTC. */
export interface ScheduleSettings {
  readonly reconciliationHour: number;
}

type Declared = ScheduleOptions & Required<Pick<ScheduleOptions, 'policies'>>;

/** Without arguments: they would be encoded for a workflow whose id nobody knows yet. */
function schedulesOf({ reconciliationHour }: ScheduleSettings): readonly Declared[] {
  return [
    {
      scheduleId: RECONCILIATION_SCHEDULE.id,
      spec: { calendars: [{ hour: reconciliationHour, minute: 0, comment: 'The ledger against Stripe, every day' }] },
      action: {
        type: 'startWorkflow',
        workflowType: 'reconciliation',
        workflowId: RECONCILIATION_SCHEDULE.workflowId,
        taskQueue: TASK_QUEUES.workflows,
        args: [],
      },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 day' },
    },
  ];
}

/** Creates the schedules, or makes them as they should be. Whether one is paused is staff's to say: it stays so. */
export async function declareSchedules(
  connection: NativeConnection | Connection,
  namespace: string,
  settings: ScheduleSettings,
): Promise<void> {
  const client = new ScheduleClient({ connection, namespace });
  for (const schedule of schedulesOf(settings)) {
    try {
      await client.create(schedule);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      const { spec, action, policies } = schedule;
      await client.getHandle(schedule.scheduleId).update(({ state }) => ({ spec, action, policies, state }));
    }
  }
}
