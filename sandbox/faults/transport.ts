import { setTimeout as sleep } from 'node:timers/promises';
import type Koa from 'koa';
import type { Database } from '../store/database.ts';
import { type Fault, takeFault } from '../store/faults.ts';
import type { Holds } from './holds.ts';

/** How the request is to be answered: by an error of the provider's, or as usual. */
export type Verdict = 'error' | 'rate_limit' | 'proceed';

/** With what requests are made to go wrong. */
export interface FaultBackend {
  readonly database: Database;
  readonly holds: Holds;
}

/**
 * Lets a request of a provider go wrong when a test asked for it. `answer` does the work and writes the answer; with the
 * faults of the connection it is not called at all (`timeout`, `reset`), or what it wrote never arrives (`lost_reply`).
 * @param request with the operation's path as the provider documents it
 */
export async function withFaults(
  { database, holds }: FaultBackend,
  context: Koa.Context,
  request: { provider: Fault['provider']; path: string },
  answer: (verdict: Verdict) => Promise<void>,
): Promise<void> {
  const fault = await takeFault(database.pool, {
    ...request,
    method: context.method,
    url: context.path,
    idempotencyKey: context.get('idempotency-key'),
  });
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
      await holds.keep(fault.id, context.req.socket, fault.delayMs);
      return drop(context);
    case 'reset':
      return drop(context);
    case 'late_reply':
      await answer('proceed');
      return holds.keep(fault.id, context.req.socket, fault.delayMs);
    case 'lost_reply':
      await answer('proceed');
      return drop(context);
  }
}

/** Closes the connection without an answer. */
function drop(context: Koa.Context): void {
  context.respond = false;
  context.req.socket.resetAndDestroy();
}
