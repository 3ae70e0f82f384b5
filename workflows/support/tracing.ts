/**
 * Part of every bundle: carries the place in a trace from what comes to a flow to the steps it takes for that. Makes no
 * command and reads no clock but the flow's, so that histories replay with it and without it. Where nothing is traced,
 * nothing comes, and nothing is done here.
 */
import {
  AsyncLocalStorage,
  defaultPayloadConverter,
  getRandomStream,
  proxySinks,
  type Sinks,
  type WorkflowInterceptors,
  workflowInfo,
} from '@temporalio/workflow';

/** A place in a trace, as W3C writes it; undefined where nothing is traced. */
export type Cause = string | undefined;

/** The header by which it travels. */
export const TRACE_HEADER = 'wellpact-trace';

export interface TracingSinks extends Sinks {
  wellpactTracing: { span(span: WorkflowSpan): void };
}

/** What happened in a flow, to be noted outside. */
export interface WorkflowSpan {
  readonly name: string;
  readonly parent: string;
  readonly spanId: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly failed?: string;
}

const { wellpactTracing } = proxySinks<TracingSinks>();
const current = new AsyncLocalStorage<Cause>();

/** What the code that runs now is done for. */
export const cause = (): Cause => current.getStore();

/** Does something for the sake of what came in earlier; of nothing, when the clock calls for it. */
export const because = <Args extends unknown[], T>(of: Cause, work: (...args: Args) => T, ...args: Args): T =>
  current.run(of, work, ...args);

type Headers = Parameters<NonNullable<NonNullable<WorkflowInterceptors['inbound']>[number]['execute']>>[0]['headers'];

const PLACE = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Anybody can send a header, and an error here would stop the flow: what is no place in a trace is none. */
function causeIn(headers: Headers): Cause {
  const header = headers[TRACE_HEADER];
  if (header === undefined) return undefined;
  try {
    const text = defaultPayloadConverter.fromPayload<unknown>(header);
    return typeof text === 'string' && PLACE.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function withCause(headers: Headers): Headers {
  const of = cause();
  return of === undefined ? headers : { ...headers, [TRACE_HEADER]: defaultPayloadConverter.toPayload(of) };
}

const SAMPLED = /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/;

/** A span below the given place, and the place in it; undefined where nothing is recorded. */
function spanBelow(parent: Cause): { readonly id: string; readonly place: string } | undefined {
  const traceId = SAMPLED.exec(parent ?? '')?.[1];
  if (traceId === undefined) return undefined;
  // A stream of its own: the flow's random numbers stay what they are.
  const id = getRandomStream('wellpact/tracing').uuid4().replaceAll('-', '').slice(-16);
  return { id, place: `00-${traceId}-${id}-01` };
}

/** The SDK calls this, once for each workflow. */
export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      /** A flow runs for weeks, so it is no span; that it waited for a worker, from its start to now, is one. */
      execute: (input, next) => {
        const parent = causeIn(input.headers);
        const span = spanBelow(parent);
        if (parent !== undefined && span !== undefined) {
          const { workflowType, startTime } = workflowInfo();
          const name = `start ${workflowType}`;
          wellpactTracing.span({ name, parent, spanId: span.id, fromMs: startTime.getTime(), untilMs: Date.now() });
        }
        return because(span?.place ?? parent, () => next(input));
      },
      handleUpdate: async (input, next) => {
        const parent = causeIn(input.headers);
        const span = spanBelow(parent);
        if (parent === undefined || span === undefined) return because(parent, () => next(input));
        const fromMs = Date.now();
        const note = (failed?: string): void =>
          wellpactTracing.span({
            name: `handle ${input.name}`,
            parent,
            spanId: span.id,
            fromMs,
            untilMs: Date.now(),
            ...(failed !== undefined && { failed }),
          });
        try {
          const result: unknown = await because(span.place, () => next(input));
          note();
          return result;
        } catch (error) {
          const { type } = error as { type?: unknown };
          note(typeof type === 'string' ? type : 'Error');
          throw error;
        }
      },
      handleSignal: (input, next) => because(causeIn(input.headers), () => next(input)),
    },
  ],
  outbound: [
    {
      scheduleActivity: (input, next) => next({ ...input, headers: withCause(input.headers) }),
      scheduleLocalActivity: (input, next) => next({ ...input, headers: withCause(input.headers) }),
    },
  ],
});
