import { unavailable } from '../platform/errors.ts';

/**
 * Lets only some calls for one workflow through at a time, the others wait their turn. Temporal refuses a workflow's
 * eleventh update in flight, and its client hides that by trying again for seconds.
 */
export class Gate {
  readonly #running = new Map<string, { count: number; waiting: (() => void)[] }>();

  /**
   * @param untilMs how long a call may wait its turn, milliseconds since 1970
   * @throws Problem 503 when too many wait already, or its turn did not come in time: the call was not made
   */
  async pass<T>(key: string, untilMs: number, call: () => Promise<T>): Promise<T> {
    const entry = this.#running.get(key) ?? { count: 0, waiting: [] };
    this.#running.set(key, entry);
    if (entry.count >= MAX_RUNNING) {
      if (entry.waiting.length >= MAX_WAITING) throw tooMany();
      await new Promise<void>((resolve) => entry.waiting.push(resolve));
    } else entry.count++;
    try {
      if (Date.now() >= untilMs) throw tooMany();
      return await call();
    } finally {
      const next = entry.waiting.shift();
      if (next !== undefined) next();
      else if (--entry.count === 0) this.#running.delete(key);
    }
  }
}

const MAX_RUNNING = 5;
const MAX_WAITING = 200;

const tooMany = () => unavailable('Too many requests for this purchase at once.', 1);
