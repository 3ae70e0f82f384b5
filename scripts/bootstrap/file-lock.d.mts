export interface Lock {
  release(): void;
}

/** Takes a lock that is a file naming its holder: the lock, or the id of the process that holds it. */
export function acquireLock(path: string): Lock | { heldBy: number };

/**
 * Waits for the lock, at most `timeoutMs`. `onWait` is called once, when somebody else holds it.
 * @throws Error when the time is over; the reason of `signal` when that is aborted
 */
export function waitForLock(
  path: string,
  options: { timeoutMs: number; signal?: AbortSignal; onWait?: (pid: number) => void },
): Promise<Lock>;
