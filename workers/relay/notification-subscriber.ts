import type { Database } from '../../platform/database.ts';
import type { Subscriber } from '../../providers/event-bus.ts';
import { queueNotifications } from '../../services/messaging/index.ts';

/**
 * Writes down whom an event has to be told to. The event is done with then: that a mail server is slow or away holds back no
 * other subscriber, and an event that comes again finds its notifications written.
 */
export function notificationSubscriber({ database }: { readonly database: Database }): Subscriber {
  return (event) => queueNotifications(database, event);
}
