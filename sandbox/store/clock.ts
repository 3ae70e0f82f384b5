import type { Database, Tx } from './database.ts';

/** The sandbox's time: the real time plus an offset that tests move forward. Kept in the database. */
export interface Clock {
  now(): Date;
  /** Whole seconds since 1970, as Stripe writes times. */
  seconds(): number;
  /** Moves the clock forward; it never goes back, as the provider's does not. */
  advance(tx: Tx, milliseconds: number): Promise<void>;
}

export async function openClock(database: Database): Promise<Clock> {
  const found = await database.pool.query<{ offset_ms: string }>('SELECT offset_ms FROM sandbox.clock');
  let offsetMs = Number(found.rows[0]?.offset_ms ?? 0);
  const now = () => new Date(Date.now() + offsetMs);
  return {
    now,
    seconds: () => Math.floor(now().getTime() / 1000),
    advance: async (tx, milliseconds) => {
      const moved = await tx.query<{ offset_ms: string }>(
        'UPDATE sandbox.clock SET offset_ms = offset_ms + $1 RETURNING offset_ms',
        [milliseconds],
      );
      offsetMs = Number(moved.rows[0]?.offset_ms ?? offsetMs + milliseconds);
    },
  };
}
