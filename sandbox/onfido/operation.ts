import type { Clock } from '../store/clock.ts';
import type { Tx } from '../store/database.ts';

/** What a step at Onfido needs to know. */
export interface OnfidoCall {
  readonly tx: Tx;
  readonly clock: Clock;
  readonly pagesUrl: string;
  /** The one workflow that exists. */
  readonly workflowId: string;
}

export interface OnfidoRequest {
  /** The id in the path; empty where there is none. */
  readonly id: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface OnfidoReply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One call of the API, run in one transaction. */
export interface OnfidoOperation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/v3.6`, as koa-router writes it. */
  readonly path: string;
  handle(call: OnfidoCall, request: OnfidoRequest): Promise<OnfidoReply>;
}
