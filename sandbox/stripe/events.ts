import type { Stripe } from 'stripe';
import { enqueueDelivery, pendingDeliveries } from '../store/outbox.ts';
import { newStripeId } from '../stripe-api/ids.ts';
import {
  anyKind,
  type Call,
  CREATED_PARAMETER,
  LIST_PARAMETERS,
  operation,
  type Resource,
  type ResourceKind,
  type WireObject,
} from '../stripe-api/operation.ts';
import { listOf, text } from '../stripe-api/parameters.ts';
import { serialise } from '../stripe-api/requests.ts';
import { add, findByPath, listed, shown } from '../stripe-api/resources.ts';
import { API_VERSION } from '../stripe-api/version.ts';

/** Events of all types have one shape; stripe-node's union of all types would only be in the way here. */
type AnyEvent = Stripe.EventBase;

const EVENT: ResourceKind<AnyEvent> = {
  name: 'event',
  noun: 'event',
  expandable: {},
  present: async (call, stored) => ({
    ...stored.body,
    pending_webhooks: await pendingDeliveries(call.tx, stored.body.id),
  }),
};

/**
 * Tells every endpoint that wants to know what happened, with the object as it is now.
 * @param more.account the connected account it happened to: such events go to the Connect endpoint with its own secret
 * @param more.previous the object before, for `*.updated`
 */
export async function emit<Body extends WireObject>(
  call: Call,
  type: Stripe.Event.Type,
  object: Body,
  more: { account?: string; previous?: Body } = {},
): Promise<void> {
  const account = more.account ?? (call.account === call.platform ? undefined : call.account);
  const further = await call.tx.query<{ id: string }>(
    `SELECT id FROM sandbox.objects
     WHERE kind = 'webhook_endpoint' AND owner = $1 AND body->>'status' = 'enabled' AND hidden @> $2
       AND body->'enabled_events' ?| ARRAY['*', $3] ORDER BY sequence`,
    [call.platform, JSON.stringify({ connect: account !== undefined }), type],
  );
  const endpoints = [account === undefined ? 'stripe' : 'stripe-connect', ...further.rows.map(({ id }) => id)];
  const event: AnyEvent = {
    id: newStripeId('evt'),
    object: 'event',
    ...(account !== undefined && { account }),
    api_version: API_VERSION,
    created: call.now,
    data: {
      object,
      ...(more.previous !== undefined && { previous_attributes: changedMembers(more.previous, object) }),
    },
    livemode: false,
    pending_webhooks: endpoints.length,
    request: { id: call.requestId, idempotency_key: call.idempotencyKey },
    type,
  };
  await add(call, EVENT, event, {}, account ?? call.platform);
  const delivery = { eventId: event.id, topic: type, body: serialise(event) };
  for (const endpoint of endpoints) await enqueueDelivery(call.tx, { ...delivery, endpoint });
}

/** What the members that changed held before. */
function changedMembers(before: object, after: object): Record<string, unknown> {
  const now = new Map<string, unknown>(Object.entries(after));
  return Object.fromEntries(
    Object.entries(before).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(now.get(name))),
  );
}

export const events: Resource = {
  kinds: [anyKind(EVENT)],
  operations: [
    operation({
      method: 'GET',
      path: '/v1/events/{id}',
      returns: { kind: 'event', list: false },
      parameters: {},
      handle: async (call, _values, path) => ({
        answer: await shown(call, EVENT, await findByPath(call, EVENT, path, 'id')),
      }),
    }),
    operation({
      method: 'GET',
      path: '/v1/events',
      returns: { kind: 'event', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER, type: text(), types: listOf(text()) },
      unmodelled: ['delivery_success'],
      handle: async (call, values) => {
        const types = values.types ?? (values.type === undefined ? undefined : [values.type]);
        return { answer: await listed(call, EVENT, values, '/v1/events', {}, { types }) };
      },
    }),
  ],
};
