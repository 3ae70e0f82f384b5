import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { Metrics } from '../platform/metrics.ts';

/** Counts and times every try of a step: where it ran, and what came of it. */
export function stepTimer(metrics: Metrics, { info }: Context): ActivityInboundCallsInterceptor {
  const duration = metrics.histogram('wellpact_step_duration_seconds');
  const labels = { step: info.activityType, where: info.isLocal ? 'local' : info.taskQueue };
  return {
    async execute(input, next) {
      const stop = duration.startTimer(labels);
      try {
        const result: unknown = await next(input);
        stop({ outcome: 'done' });
        return result;
      } catch (error) {
        stop({ outcome: error instanceof ApplicationFailure && error.nonRetryable === true ? 'refused' : 'failed' });
        throw error;
      }
    },
  };
}
