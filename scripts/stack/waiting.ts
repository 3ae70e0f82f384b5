import { setTimeout as sleep } from 'node:timers/promises';
import { orAborted } from './deferred.ts';

export interface WaitOptions {
  /** Completes the sentence "Waited 10 s for …". */
  readonly what: string;
  readonly timeoutMs: number;
  /** Between two looks; 50 ms unless told. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Calls `look` until it returns something other than undefined or false, and returns that.
 * An error of `look` counts as "not yet"; the last one is told when the time is over.
 * @throws Error when the time is over; the reason of `signal` when that is aborted
 */
export async function waitUntil<T>(
  look: () => T | Promise<T>,
  options: WaitOptions,
): Promise<Exclude<Awaited<T>, undefined | false>> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    let problem: unknown;
    try {
      // A single look may take seconds; nobody who has been told to stop waits for it.
      const seen = await orAborted(Promise.resolve(look()), options.signal);
      if (seen !== undefined && seen !== false) return seen as Exclude<Awaited<T>, undefined | false>;
    } catch (error) {
      options.signal?.throwIfAborted();
      problem = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`Waited ${options.timeoutMs / 1000} s for ${options.what}.`, { cause: problem });
    }
    await sleep(options.intervalMs ?? 50);
  }
}

/** Whether an HTTP GET answers 200 within two seconds. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    // Nobody listens yet, or not in time: the very question that is asked here.
    return false;
  }
}
