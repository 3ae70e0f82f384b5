/** Part of the bundle that is replayed, never of a worker's: workflows tell what they are about to do. */
import { proxySinks, type Sinks, type WorkflowInterceptors } from '@temporalio/workflow';

export interface RecorderSinks extends Sinks {
  replayRecorder: { act(text: string): void };
}

const { replayRecorder } = proxySinks<RecorderSinks>();

/** The SDK calls this, once for each workflow. */
export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity: (input, next) => {
        replayRecorder.act(`${input.activityType} (activity)`);
        return next(input);
      },
      scheduleLocalActivity: (input, next) => {
        replayRecorder.act(`${input.activityType} (local activity)`);
        return next(input);
      },
      startTimer: (input, next) => {
        replayRecorder.act(`a timer of ${input.durationMs} ms`);
        return next(input);
      },
      signalWorkflow: (input, next) => {
        replayRecorder.act(`the signal ${input.signalName}`);
        return next(input);
      },
      startChildWorkflowExecution: (input, next) => {
        replayRecorder.act(`the child workflow ${input.workflowType}`);
        return next(input);
      },
      continueAsNew: (input, next) => {
        replayRecorder.act('continue as new');
        return next(input);
      },
    },
  ],
});
