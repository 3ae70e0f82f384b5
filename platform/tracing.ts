/**
 * Traces by OpenTelemetry, off unless OTEL_EXPORTER_OTLP_ENDPOINT is set. Only this file and platform/temporal/tracing.ts
 * know the SDK; it is loaded when it is needed, and without it every span below is nothing at all.
 *
 * Nothing personal gets into a span by construction: names and attributes are words of the code, ids and counts. No
 * statement's values, no body, no address as it was called, no error's text.
 */
import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { Config } from './config.ts';

export { type Span, SpanKind, SpanStatusCode } from '@opentelemetry/api';

const TRACER = 'wellpact';

export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** Instead of the span that is active: a place that came from elsewhere in our own system, or null for none. */
  readonly parent?: TraceParent | null;
}

/** A place in a trace, as W3C writes it: https://www.w3.org/TR/trace-context/#traceparent-header. */
export type TraceParent = string;

/** Runs the work within a span of its own. A failure is noted by its code, and thrown on. */
export function traced<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  const { kind = SpanKind.INTERNAL, attributes = {}, parent } = options;
  const from = parent === undefined ? context.active() : contextOf(parent);
  return trace.getTracer(TRACER).startActiveSpan(name, { kind, attributes }, from, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', errorTypeOf(error));
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The same, where there is a trace to be part of; what would only begin one of its own goes without a span. */
export function tracedWithin<T>(name: string, options: () => SpanOptions, work: () => Promise<T>): Promise<T> {
  return trace.getActiveSpan() === undefined ? work() : traced(name, options(), work);
}

/** Without any span: what is asked every few seconds would bury everything else. */
export const untraced = <T>(work: () => Promise<T>): Promise<T> =>
  context.with(suppressTracing(context.active()), work);

/** Where we are now, to be written down for whoever goes on later; undefined without a trace. */
export function traceParent(): TraceParent | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined || !isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

const TRACE_PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** No place, and text that is none, begins a new trace. */
function contextOf(parent: TraceParent | null): Context {
  const [, traceId, spanId, flags] = TRACE_PARENT.exec(parent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}

/** For log lines: which trace they belong to. */
export function traceIds(): { readonly traceId?: string; readonly spanId?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined || !isSpanContextValid(span) ? {} : { traceId: span.traceId, spanId: span.spanId };
}

const CODE = /^[\w.-]{1,60}$/;

/** What kind of error it is, in a word that the code or a standard gave it: never its message. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, type, kind } = error as { code?: unknown; type?: unknown; kind?: unknown };
  const word = [kind, type, code].find((one) => typeof one === 'string' && CODE.test(one));
  return typeof word === 'string' ? word : error.name;
}

export type TracingSettings = Pick<Config, 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_EXPORTER_OTLP_HEADERS'>;

export interface Tracing {
  /** Notes a span that happened elsewhere, in a workflow, under the id it has there. */
  note(span: NotedSpan): void;
  /** Sends what has not been sent, within some seconds. */
  stop(): Promise<void>;
}

export interface NotedSpan {
  readonly name: string;
  readonly parent: TraceParent;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Milliseconds since 1970. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly attributes: Attributes;
  readonly errorType?: string | undefined;
}

const SEND_TIMEOUT_MS = 3_000;
/** Beyond it the newest spans are dropped: a collector that is away costs memory up to here. */
const MAX_QUEUED_SPANS = 2_048;

/**
 * Starts sending spans as OTLP over HTTP. Which traces are kept, OTEL_TRACES_SAMPLER says; the SDK reads it itself.
 * @param role names the service: `wellpact-api`
 * @returns undefined when traces are off
 */
export async function startTracing(settings: TracingSettings, role: string): Promise<Tracing | undefined> {
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  const [
    { AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor, NodeTracerProvider },
    { OTLPTraceExporter },
    { resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const resource = resourceFromAttributes({
    'service.namespace': 'wellpact',
    'service.name': `wellpact-${role}`,
    'service.instance.id': String(process.pid),
  });
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: headersIn(settings.OTEL_EXPORTER_OTLP_HEADERS),
    timeoutMillis: SEND_TIMEOUT_MS,
  });
  const processor = new BatchSpanProcessor(exporter, {
    maxQueueSize: MAX_QUEUED_SPANS,
    scheduledDelayMillis: 1_000,
    exportTimeoutMillis: SEND_TIMEOUT_MS,
  });
  const provider = new NodeTracerProvider({ resource, spanProcessors: [processor] });
  provider.register({ propagator: null });

  // The ids of spans in workflows are made there, the same at each replay: this provider only takes them over.
  let given = '';
  const ids = { generateTraceId: () => '', generateSpanId: () => given };
  const elsewhere = new BasicTracerProvider({
    resource,
    spanProcessors: [processor],
    idGenerator: ids,
    sampler: new AlwaysOnSampler(),
  });
  const tracer = elsewhere.getTracer(TRACER);
  return {
    note: ({ name, parent, spanId, fromMs, untilMs, attributes, errorType }) => {
      given = spanId;
      const span = tracer.startSpan(name, { startTime: fromMs, attributes }, contextOf(parent));
      if (errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', errorType);
      span.end(untilMs);
    },
    stop: () => provider.shutdown().catch(() => undefined),
  };
}

/** `name=value,name=value`, as OpenTelemetry writes them. */
function headersIn(text: string | undefined): Record<string, string> {
  const pairs = (text ?? '').split(',').map((pair) => pair.split('=', 2));
  return Object.fromEntries(
    pairs.flatMap(([name, value]) =>
      name === undefined || value === undefined ? [] : [[name.trim(), decodeURIComponent(value.trim())]],
    ),
  );
}
