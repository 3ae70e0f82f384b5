import type { Stripe } from 'stripe';
import { newStripeId, randomText } from '../stripe-api/ids.ts';
import {
  anyKind,
  type Call,
  CREATED_PARAMETER,
  LIST_PARAMETERS,
  type Outcome,
  operation,
  type Resource,
} from '../stripe-api/operation.ts';
import {
  boolean,
  group,
  listOf,
  mergedMetadata,
  metadata,
  oneOf,
  required,
  text,
  type Values,
} from '../stripe-api/parameters.ts';
import { add, change, findByPath, listed, lockByPath, record } from '../stripe-api/resources.ts';
import { lockCustomer } from './customers.ts';
import { emit } from './events.ts';
import { checkClientSecret, visible } from './intent-visibility.ts';
import { idOrNull } from './payment-intent-kind.ts';
import { checkUsable, paymentMethod } from './payment-methods.ts';
import { checkOpen, confirmSetup, SETUP_INTENT, type StoredSetup } from './setup-intent-steps.ts';

const UPDATE = {
  customer: text(),
  description: text(1_000),
  metadata: metadata(),
  payment_method: text(),
  payment_method_types: listOf(oneOf(['card'])),
} as const;

const CREATE = {
  ...UPDATE,
  automatic_payment_methods: group({ allow_redirects: oneOf(['always', 'never']), enabled: required(boolean()) }),
  confirm: boolean(),
  return_url: text(),
  usage: oneOf(['off_session', 'on_session']),
  use_stripe_sdk: boolean(),
} as const;

const UNMODELLED: readonly string[] = [
  'allowed_payment_method_types',
  'attach_to_self',
  'customer_account',
  'excluded_payment_method_types',
  'flow_directions',
  'payment_method_configuration',
  'payment_method_data',
  'payment_method_options',
];

async function createSetup(call: Call, values: Values<typeof CREATE>): Promise<Outcome> {
  const customer = values.customer === undefined ? null : (await lockCustomer(call, values.customer)).id;
  const method = await usable(call, values.payment_method, customer);
  const id = newStripeId('seti');
  const clientSecret = `${id}_secret_${randomText(25)}`;
  const setup = await add(call, SETUP_INTENT, buildSetup(call, id, clientSecret, customer, method, values), {
    clientSecret,
    authenticating: null,
  });
  await emit(call, 'setup_intent.created', setup.body);
  await record(call, { kind: 'setup_intent', id });
  if (values.confirm !== true) return { answer: setup.body };
  return confirmSetup(call, setup, { returnUrl: values.return_url });
}

async function usable(call: Call, named: string | undefined, customer: string | null): Promise<string | null> {
  if (named === undefined) return null;
  const method = await paymentMethod(call, named, 'payment_method');
  checkUsable(method, customer);
  return method.body.id;
}

function buildSetup(
  call: Call,
  id: string,
  clientSecret: string,
  customer: string | null,
  method: string | null,
  values: Values<typeof CREATE>,
): Stripe.SetupIntent {
  const automatic = values.automatic_payment_methods?.enabled ?? values.payment_method_types === undefined;
  return {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: automatic
      ? { allow_redirects: values.automatic_payment_methods?.allow_redirects ?? 'always', enabled: true }
      : null,
    cancellation_reason: null,
    client_secret: clientSecret,
    created: call.now,
    customer,
    customer_account: null,
    description: values.description ?? null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    managed_payments: null,
    mandate: null,
    metadata: mergedMetadata({}, values.metadata),
    next_action: null,
    on_behalf_of: null,
    payment_method: method,
    payment_method_configuration_details: null,
    payment_method_options: { card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' } },
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: method === null ? 'requires_payment_method' : 'requires_confirmation',
    usage: values.usage ?? 'off_session',
  };
}

async function updateSetup(call: Call, setup: StoredSetup, values: Values<typeof UPDATE>): Promise<Stripe.SetupIntent> {
  if (values.customer !== undefined || values.payment_method !== undefined) checkOpen(setup, 'update');
  if (values.customer !== undefined) await lockCustomer(call, values.customer);
  const customer = values.customer ?? idOrNull(setup.body.customer);
  const method = await usable(call, values.payment_method, customer);
  const after = await change(call, setup, {
    customer,
    description: values.description ?? setup.body.description,
    metadata: mergedMetadata(setup.body.metadata ?? {}, values.metadata),
    // Another payment method starts the confirmation afresh.
    ...(method !== null && { payment_method: method, status: 'requires_confirmation', next_action: null }),
  });
  return after.body;
}

async function cancelSetup(
  call: Call,
  setup: StoredSetup,
  reason: Stripe.SetupIntent.CancellationReason | undefined,
): Promise<Stripe.SetupIntent> {
  checkOpen(setup, 'cancel');
  const canceled = await change(
    call,
    setup,
    { status: 'canceled', cancellation_reason: reason ?? null, next_action: null },
    { authenticating: null },
  );
  await emit(call, 'setup_intent.canceled', canceled.body);
  return canceled.body;
}

const ONE = { kind: 'setup_intent', list: false } as const;

export const setupIntents: Resource = {
  kinds: [anyKind(SETUP_INTENT)],
  operations: [
    operation({
      method: 'POST',
      path: '/v1/setup_intents',
      returns: ONE,
      parameters: CREATE,
      unmodelled: [...UNMODELLED, 'confirmation_token', 'mandate_data', 'on_behalf_of', 'single_use'],
      handle: createSetup,
    }),
    operation({
      method: 'GET',
      path: '/v1/setup_intents/{intent}',
      returns: ONE,
      parameters: { client_secret: text() },
      publishable: true,
      handle: async (call, _values, path) => {
        const setup = await findByPath(call, SETUP_INTENT, path, 'intent');
        checkClientSecret(call, setup);
        return visible(call, { answer: setup.body });
      },
    }),
    operation({
      method: 'POST',
      path: '/v1/setup_intents/{intent}',
      returns: ONE,
      parameters: UPDATE,
      unmodelled: UNMODELLED,
      handle: async (call, values, path) => ({
        answer: await updateSetup(call, await lockByPath(call, SETUP_INTENT, path, 'intent'), values),
      }),
    }),
    operation({
      method: 'POST',
      path: '/v1/setup_intents/{intent}/confirm',
      returns: ONE,
      parameters: { client_secret: text(), payment_method: text(), return_url: text(), use_stripe_sdk: boolean() },
      unmodelled: [
        'allowed_payment_method_types',
        'confirmation_token',
        'mandate_data',
        'payment_method_data',
        'payment_method_options',
      ],
      publishable: true,
      handle: async (call, values, path) => {
        const setup = await lockByPath(call, SETUP_INTENT, path, 'intent');
        checkClientSecret(call, setup);
        const { payment_method: method, return_url: returnUrl } = values;
        return visible(call, await confirmSetup(call, setup, { paymentMethod: method, returnUrl }));
      },
    }),
    operation({
      method: 'POST',
      path: '/v1/setup_intents/{intent}/cancel',
      returns: ONE,
      parameters: { cancellation_reason: oneOf(['abandoned', 'duplicate', 'requested_by_customer']) },
      handle: async (call, values, path) => {
        const setup = await lockByPath(call, SETUP_INTENT, path, 'intent');
        return { answer: await cancelSetup(call, setup, values.cancellation_reason) };
      },
    }),
    operation({
      method: 'GET',
      path: '/v1/setup_intents',
      returns: { kind: 'setup_intent', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER, customer: text(), payment_method: text() },
      unmodelled: ['attach_to_self', 'customer_account'],
      handle: async (call, values) => {
        const { customer, payment_method } = values;
        return { answer: await listed(call, SETUP_INTENT, values, '/v1/setup_intents', { customer, payment_method }) };
      },
    }),
  ],
};
