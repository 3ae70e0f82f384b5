import { setTimeout as sleep } from 'node:timers/promises';

const REQUEST_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 150;
/** Of an answer that is shown in an error. */
const MAX_SHOWN_LENGTH = 500;

export interface PollOptions<Value> {
  /** Completes "Waited for …". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly until: (value: Value) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads until the value is as wanted.
 * @throws Error when `timeoutMs` is over, with the value that was read last
 */
export async function poll<Value>(read: () => Promise<Value>, options: PollOptions<Value>): Promise<Value> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    const value = await read();
    if (options.until(value)) return value;
    if (Date.now() > deadline) {
      throw new Error(`Waited ${options.timeoutMs / 1000} s for ${options.what}; the last answer is ${excerpt(value)}`);
    }
    await sleep(POLL_INTERVAL_MS, undefined, { signal: options.signal });
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
