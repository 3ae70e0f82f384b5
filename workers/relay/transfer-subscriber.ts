import type { UserId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import type { Logger } from '../../platform/logging.ts';
import type { Subscriber } from '../../providers/event-bus.ts';
import { blockedPurchases } from '../../services/transactions/index.ts';
import type { FlowSignals } from '../../services/webhooks/index.ts';

export interface TransferDeps {
  readonly database: Database;
  readonly signals: Pick<FlowSignals, 'payment'>;
  readonly log: Logger;
}

/** More than these wait for their own next try, a day later. */
const MAX_AT_ONCE = 500;

/** Tells the purchases whose transfer was refused that their seller's account can be paid again: each tries once more. */
export function transferSubscriber({ database, signals, log }: TransferDeps): Subscriber {
  return async (event) => {
    if (event.type !== 'onboarding.transfers_enabled') return;
    const { userId } = event.data;
    if (typeof userId !== 'string') throw new TypeError(`${event.type} ${event.id} names no user`);
    const blocked = await blockedPurchases(database, userId as UserId, MAX_AT_ONCE);
    for (const id of blocked) await signals.payment(id, { eventId: event.id, eventType: event.type });
    if (blocked.length > 0) log.info('blocked transfers are tried again', { userId, purchases: blocked.length });
  };
}
