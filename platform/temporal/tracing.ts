/** How a trace goes through Temporal: on with each call of the client, through the workflow, into its activities. */
import type { Context } from '@temporalio/activity';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor, InjectedSinks } from '@temporalio/worker';
import { SpanKind, type Tracing, traced, traceParent } from '../tracing.ts';

/** By it a place in a trace travels, in clear: it says nothing but where it is. The workflows know it by the same name. */
export const TRACE_HEADER = 'wellpact-trace';

const of = (workflowId: string, operation: string) => ({
  kind: SpanKind.CLIENT,
  attributes: { 'peer.service': 'temporal', 'rpc.method': operation, 'temporal.workflow_id': workflowId },
});

/** The headers, with the place where the caller is. */
function onward(headers: Headers): Headers {
  const place = traceParent();
  return place === undefined ? headers : { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(place) };
}

/** A span for each call that the client makes of a workflow, and the way on from there. */
export const clientTracing: WorkflowClientInterceptor = {
  signal: (input, next) =>
    traced(`signal ${input.signalName}`, of(input.workflowExecution.workflowId, 'signal'), () =>
      next({ ...input, headers: onward(input.headers) }),
    ),
  signalWithStart: (input, next) =>
    traced(`signal ${input.signalName}`, of(input.options.workflowId, 'signalWithStart'), () =>
      next({ ...input, headers: onward(input.headers) }),
    ),
  startWithDetails: (input, next) =>
    traced(`start ${input.workflowType}`, of(input.options.workflowId, 'start'), () =>
      next({ ...input, headers: onward(input.headers) }),
    ),
  startUpdate: (input, next) =>
    traced(`update ${input.updateName}`, of(input.workflowExecution.workflowId, 'update'), () =>
      next({ ...input, headers: onward(input.headers) }),
    ),
  startUpdateWithStart: (input, next) =>
    traced(`update ${input.updateName}`, of(input.workflowStartOptions.workflowId, 'updateWithStart'), () =>
      next({
        ...input,
        workflowStartHeaders: onward(input.workflowStartHeaders),
        updateHeaders: onward(input.updateHeaders),
      }),
    ),
};

/** A span for each try of a step. What the clock called for begins a trace of its own, found by the workflow's id. */
export function activityTracing({ info }: Context): ActivityInboundCallsInterceptor {
  return {
    execute: (input, next) => {
      const header = input.headers[TRACE_HEADER];
      const parent = header === undefined ? null : defaultPayloadConverter.fromPayload<string>(header);
      const attributes = {
        'temporal.workflow_id': info.workflowExecution?.workflowId ?? '',
        'temporal.task_queue': info.taskQueue,
        'temporal.activity.local': info.isLocal,
        'temporal.activity.attempt': info.attempt,
      };
      return traced(`step ${info.activityType}`, { parent, attributes }, () => next(input));
    },
  };
}

/** What a workflow tells of itself: see workflows/support/tracing.ts. */
interface SpanOfWorkflow {
  readonly name: string;
  readonly parent: string;
  readonly spanId: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly failed?: string;
}

/**
 * Takes the spans of workflows. Those of a replay were taken when it was no replay.
 * @param tracing undefined when this process sends none: a workflow may be traced by whoever calls it all the same
 */
export function workflowTracing(tracing: Tracing | undefined): InjectedSinks<{
  wellpactTracing: { span(span: SpanOfWorkflow): void };
}> {
  return {
    wellpactTracing: {
      span: {
        fn: ({ workflowId }, { failed, ...span }) =>
          tracing?.note({ ...span, errorType: failed, attributes: { 'temporal.workflow_id': workflowId } }),
        callDuringReplay: false,
      },
    },
  };
}
