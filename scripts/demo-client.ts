import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const REQUEST_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 150;
/** Of an answer that is shown in an error. */
const MAX_SHOWN_LENGTH = 500;

/** An answer of the API; `body` is whatever it sent, parsed. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Talks to the API as one person's app does: over HTTP, with that person's access token. */
export class DemoClient {
  private readonly api: string;
  private readonly signal: AbortSignal | undefined;
  private token: string | undefined;

  constructor(api: string, signal: AbortSignal | undefined) {
    this.api = api;
    this.signal = signal;
  }

  signInWith(token: string): void {
    this.token = token;
  }

  get(path: string): Promise<Answer> {
    return this.call('GET', path);
  }

  /** A POST of its own: it carries a new `Idempotency-Key`. */
  post(path: string, body?: unknown): Promise<Answer> {
    return this.call('POST', path, body);
  }

  /** Calls until `done` likes the answer, at most `timeoutMs`. `what` completes "Waited for …". */
  async poll(path: string, what: string, timeoutMs: number, done: (body: Answer['body']) => boolean): Promise<Answer> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const answer = await this.get(path);
      if (done(answer.body)) return answer;
      if (Date.now() > deadline) {
        throw new Error(`Waited ${timeoutMs / 1000} s for ${what}; GET ${path} says ${excerpt(answer.body)}`);
      }
      await sleep(POLL_INTERVAL_MS, undefined, { signal: this.signal });
    }
  }

  private async call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.api}${path}`, {
      method,
      headers: {
        ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: bounded(this.signal),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${excerpt(text)}`);
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) };
  }
}

export function bounded(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  return signal === undefined ? limit : AbortSignal.any([limit, signal]);
}

export function excerpt(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}
