/** Part of a bundle that is replayed by tests: workflows tell which steps they took, with what, and what came of them. */
import { proxySinks, type Sinks, type WorkflowInterceptors } from '@temporalio/workflow';

export interface StepSinks extends Sinks {
  stepRecorder: {
    begun(input: unknown): void;
    taken(activity: string, input: unknown, result: unknown): void;
  };
}

const { stepRecorder } = proxySinks<StepSinks>();

/** The step itself goes on undisturbed: nothing waits for what is told. */
function told(activityType: string, args: readonly unknown[], done: Promise<unknown>): Promise<unknown> {
  done.then(
    (result) => stepRecorder.taken(activityType, args[0], result),
    () => {},
  );
  return done;
}

/** The SDK calls this, once for each workflow. */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      execute: (input, next) => {
        stepRecorder.begun(input.args[0]);
        return next(input);
      },
    },
  ],
  outbound: [
    {
      scheduleActivity: (input, next) => told(input.activityType, input.args, next(input)),
      scheduleLocalActivity: (input, next) => told(input.activityType, input.args, next(input)),
    },
  ],
});
