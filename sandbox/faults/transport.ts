import { setTimeout as sleep } from 'node:timers/promises';
import type Koa from 'koa';
import type { Database } from '../store/database.ts';
import { type Fault, takeFault } from '../store/faults.ts';

/** How the request is to be answered: by an error of the provider's, or as usual. */
export type Verdict = 'error' | 'rate_limit' | 'proceed';

/**
 * Lets a request of a provider go wrong when a test asked for it. `answer` does the work and writes the answer; with the
 * faults of the connection it is not called at all (`timeout`, `reset`), or what it wrote never arrives (`lost_reply`).
 */
export async function withFaults(
  database: Database,
  context: Koa.Context,
  request: { provider: Fault['provider']; path: string },
  answer: (verdict: Verdict) => Promise<void>,
): Promise<void> {
  const fault = await takeFault(database.pool, { ...request, method: context.method });
  switch (fault?.kind) {
    case undefined:
      return answer('proceed');
    case 'error':
    case 'rate_limit':
      return answer(fault.kind);
    case 'slow':
      await sleep(fault.delayMs);
      return answer('proceed');
    case 'timeout':
      await silence(context, fault.delayMs);
      return drop(context);
    case 'reset':
      return drop(context);
    case 'late_reply':
      await answer('proceed');
      return silence(context, fault.delayMs);
    case 'lost_reply':
      await answer('proceed');
      return drop(context);
  }
}

/** No answer until the client gives up, or until the fault is over. */
async function silence(context: Koa.Context, milliseconds: number): Promise<void> {
  const gone = new AbortController();
  const leave = () => gone.abort();
  context.req.socket.once('close', leave);
  try {
    await sleep(milliseconds, undefined, { signal: gone.signal });
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    context.req.socket.off('close', leave);
  }
}

/** Closes the connection without an answer. */
function drop(context: Koa.Context): void {
  context.respond = false;
  context.req.socket.resetAndDestroy();
}
