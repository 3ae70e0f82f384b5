import type { Database } from '../../platform/database.ts';
import { Problem, unavailable } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logging.ts';
import type { Unread } from '../../providers/webhook-body.ts';
import {
  deliverEvent,
  type FlowSignals,
  putEvent,
  type ReceivedEvent,
  type WebhookEvent,
} from '../../services/webhooks/index.ts';
import type { Reply } from '../route.ts';

/** An answer of 2xx is a promise: it is given once the event is stored, whatever Temporal does. */
export async function receive(
  database: Database,
  signals: FlowSignals,
  log: Logger,
  event: ReceivedEvent,
): Promise<Reply> {
  let isNew: boolean;
  try {
    isNew = await putEvent(database, event);
  } catch (error) {
    throw unavailable('The event could not be stored. Send it again.', 10, error);
  }
  if (isNew) await deliverNow(database, signals, log, event);
  return { status: 200, body: { received: true } };
}

/** Tells the flow at once; what fails here stays in the inbox, and the relay tells it again. */
async function deliverNow(database: Database, signals: FlowSignals, log: Logger, event: WebhookEvent): Promise<void> {
  const { provider, eventType, eventId } = event;
  try {
    const status = await deliverEvent(database, signals, event);
    log.info('a webhook came', { provider, eventType, eventId, status });
  } catch (error) {
    log.warn('a webhook is left for the relay', { provider, eventType, eventId, error });
  }
}

/** @throws Problem 401, or 400: neither would be taken if it came again */
export function refuseUnread<Hint extends object>(read: Hint | Unread): asserts read is Hint {
  if (read === 'not_signed') {
    const detail = 'The signature does not fit the body, or its time is too far from now.';
    throw new Problem(401, 'BAD_SIGNATURE', detail);
  }
  if (read === 'no_event') {
    const detail =
      'The body is signed, but it is no event: an id or a name is missing or not one. Do not send it again.';
    throw new Problem(400, 'NOT_AN_EVENT', detail);
  }
}
