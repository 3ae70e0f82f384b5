import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import { invalidRequest } from '../stripe-api/errors.ts';
import { newStripeId, randomText } from '../stripe-api/ids.ts';
import { anyKind, type Call, LIST_PARAMETERS, operation, type Resource } from '../stripe-api/operation.ts';
import {
  boolean,
  listOf,
  mergedMetadata,
  metadata,
  oneOf,
  required,
  text,
  type Values,
} from '../stripe-api/parameters.ts';
import { add, change, findByPath, listed, lockByPath } from '../stripe-api/resources.ts';
import { API_VERSION } from '../stripe-api/version.ts';
import { WEBHOOK_ENDPOINT, type WebhookEndpointHidden } from './webhook-endpoint-kind.ts';

/** As many as Stripe takes in test mode. */
const MAX_ENDPOINTS = 16;

const CREATE = {
  api_version: oneOf([API_VERSION]),
  connect: boolean(),
  description: text(),
  enabled_events: required(listOf(text(100))),
  metadata: metadata(),
  url: required(text()),
} as const;

const UPDATE = {
  description: text(),
  disabled: boolean(),
  enabled_events: listOf(text(100)),
  metadata: metadata(),
  url: text(),
} as const;

async function createEndpoint(call: Call, values: Values<typeof CREATE>): Promise<Stripe.WebhookEndpoint> {
  await call.tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('webhook endpoints', 0))`);
  const known = await call.tx.query(`SELECT 1 FROM sandbox.objects WHERE kind = 'webhook_endpoint' AND owner = $1`, [
    call.account,
  ]);
  if ((known.rowCount ?? 0) >= MAX_ENDPOINTS) {
    throw invalidRequest(`You have reached the maximum of ${MAX_ENDPOINTS} test webhook endpoints.`);
  }
  const secret = `whsec_${randomText(32)}`;
  const endpoint: Stripe.WebhookEndpoint = {
    id: newStripeId('we'),
    object: 'webhook_endpoint',
    api_version: values.api_version ?? null,
    application: null,
    created: call.now,
    description: values.description ?? null,
    enabled_events: checkedEvents(values.enabled_events),
    livemode: false,
    metadata: mergedMetadata({}, values.metadata),
    status: 'enabled',
    url: checkedUrl(values.url),
  };
  await add(call, WEBHOOK_ENDPOINT, endpoint, { secret, connect: values.connect ?? false });
  return { ...endpoint, secret };
}

function checkedEvents(types: readonly string[]): string[] {
  const wrong = types.find((type) => type !== '*' && !/^[a-z_0-9]+(\.[a-z_0-9]+)+$/.test(type));
  if (wrong !== undefined || types.length === 0) {
    throw invalidRequest(`Invalid enabled_events: ${wrong?.slice(0, 50) ?? 'at least one is needed'}`, {
      param: 'enabled_events',
    });
  }
  return [...types];
}

function checkedUrl(url: string): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return url;
  throw invalidRequest('Not a valid URL', { code: 'url_invalid', param: 'url' });
}

async function updateEndpoint(
  call: Call,
  stored: Stored<Stripe.WebhookEndpoint, WebhookEndpointHidden>,
  values: Values<typeof UPDATE>,
): Promise<Stripe.WebhookEndpoint> {
  const { body } = stored;
  const after = await change(call, stored, {
    description: values.description ?? body.description,
    enabled_events: values.enabled_events === undefined ? body.enabled_events : checkedEvents(values.enabled_events),
    metadata: mergedMetadata(body.metadata, values.metadata),
    status: values.disabled === undefined ? body.status : values.disabled ? 'disabled' : 'enabled',
    url: values.url === undefined ? body.url : checkedUrl(values.url),
  });
  return after.body;
}

async function deleteEndpoint(call: Call, id: string): Promise<Stripe.DeletedWebhookEndpoint> {
  await call.tx.query('DELETE FROM sandbox.objects WHERE id = $1', [id]);
  return { id, object: 'webhook_endpoint', deleted: true };
}

const ONE = { kind: 'webhook_endpoint', list: false } as const;
const PATH = '/v1/webhook_endpoints/{webhook_endpoint}';

/** Endpoints beside the two of the settings, which Stripe's dashboard would show. */
export const webhookEndpoints: Resource = {
  kinds: [anyKind(WEBHOOK_ENDPOINT)],
  operations: [
    operation({
      method: 'POST',
      path: '/v1/webhook_endpoints',
      returns: ONE,
      parameters: CREATE,
      handle: async (call, values) => ({ answer: await createEndpoint(call, values) }),
    }),
    operation({
      method: 'GET',
      path: PATH,
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => ({
        answer: (await findByPath(call, WEBHOOK_ENDPOINT, path, 'webhook_endpoint')).body,
      }),
    }),
    operation({
      method: 'POST',
      path: PATH,
      returns: ONE,
      parameters: UPDATE,
      handle: async (call, values, path) => ({
        answer: await updateEndpoint(call, await lockByPath(call, WEBHOOK_ENDPOINT, path, 'webhook_endpoint'), values),
      }),
    }),
    operation({
      method: 'DELETE',
      path: PATH,
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => {
        const { body } = await lockByPath(call, WEBHOOK_ENDPOINT, path, 'webhook_endpoint');
        return { answer: await deleteEndpoint(call, body.id) };
      },
    }),
    operation({
      method: 'GET',
      path: '/v1/webhook_endpoints',
      returns: { kind: 'webhook_endpoint', list: true },
      parameters: LIST_PARAMETERS,
      handle: async (call, values) => ({
        answer: await listed(call, WEBHOOK_ENDPOINT, values, '/v1/webhook_endpoints'),
      }),
    }),
  ],
};
