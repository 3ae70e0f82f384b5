import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The requests that faults keep waiting in this process. */
export interface Holds {
  /** Waits so long, or until the client is gone, or everything is let go. @param fault whose it is */
  keep(fault: string, socket: Socket, milliseconds: number): Promise<void>;
  /** How many requests of each fault wait now, by its id. */
  counts(): ReadonlyMap<string, number>;
  /** Lets all of them go on at once. */
  letGo(): void;
}

export function createHolds(): Holds {
  const held = new Map<AbortController, string>();
  return {
    keep: async (fault, socket, milliseconds) => {
      const over = new AbortController();
      const leave = () => over.abort();
      held.set(over, fault);
      socket.once('close', leave);
      try {
        await sleep(milliseconds, undefined, { signal: over.signal });
      } catch (error) {
        if (!over.signal.aborted) throw error;
      } finally {
        socket.off('close', leave);
        held.delete(over);
      }
    },
    counts: () => {
      const counts = new Map<string, number>();
      for (const fault of held.values()) counts.set(fault, (counts.get(fault) ?? 0) + 1);
      return counts;
    },
    letGo: () => {
      for (const over of held.keys()) over.abort();
    },
  };
}
