import type { Stripe } from 'stripe';
import { invalidRequest } from '../stripe-api/errors.ts';
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
  integer,
  listOf,
  mergedMetadata,
  metadata,
  oneOf,
  required,
  text,
  type Values,
} from '../stripe-api/parameters.ts';
import { add, change, findByPath, listed, lockByPath, record } from '../stripe-api/resources.ts';
import { searchOperation } from '../stripe-api/search.ts';
import { checkChargeAmount, supportedCurrency } from './currencies.ts';
import { lockCustomer } from './customers.ts';
import { emit } from './events.ts';
import { checkClientSecret, visible } from './intent-visibility.ts';
import { idOrNull, PAYMENT_INTENT, type StoredIntent } from './payment-intent-kind.ts';
import { cancel, capture, confirm } from './payment-intent-steps.ts';
import { checkUsable, paymentMethod, type StoredMethod } from './payment-methods.ts';

const CAPTURE_METHODS = ['automatic', 'automatic_async', 'manual'] as const;

const CHANGEABLE = {
  capture_method: oneOf(CAPTURE_METHODS),
  customer: text(),
  description: text(1_000),
  metadata: metadata(),
  payment_method: text(),
  payment_method_types: listOf(oneOf(['card'])),
  receipt_email: text(),
  setup_future_usage: oneOf(['off_session', 'on_session']),
  statement_descriptor_suffix: text(22),
  transfer_group: text(),
} as const;

const CREATE = {
  ...CHANGEABLE,
  amount: required(integer({ min: 1 })),
  automatic_payment_methods: group({ allow_redirects: oneOf(['always', 'never']), enabled: required(boolean()) }),
  confirm: boolean(),
  confirmation_method: oneOf(['automatic']),
  currency: required(text(3)),
  error_on_requires_action: boolean(),
  off_session: boolean(),
  return_url: text(),
  use_stripe_sdk: boolean(),
} as const;

const UPDATE = { ...CHANGEABLE, amount: integer({ min: 1 }), currency: text(3) } as const;

const CONFIRM = {
  client_secret: text(),
  error_on_requires_action: boolean(),
  off_session: boolean(),
  payment_method: text(),
  return_url: text(),
  setup_future_usage: oneOf(['off_session', 'on_session']),
  use_stripe_sdk: boolean(),
} as const;

/** What the sandbox would have to pretend: in every request that describes a payment … */
const UNMODELLED: readonly string[] = [
  'allowed_payment_method_types',
  'amount_details',
  'excluded_payment_method_types',
  'hooks',
  'payment_details',
  'payment_method_data',
  'payment_method_options',
  'shipping',
];

/** … where the payment and its parties are said … */
const UNMODELLED_TERMS: readonly string[] = [
  'application_fee_amount',
  'customer_account',
  'payment_method_configuration',
  'statement_descriptor',
  'transfer_data',
];

/** … and where it is confirmed. */
const UNMODELLED_CONFIRMATION: readonly string[] = ['confirmation_token', 'mandate', 'mandate_data', 'radar_options'];

async function createIntent(call: Call, values: Values<typeof CREATE>): Promise<Outcome> {
  const currency = supportedCurrency(values.currency);
  checkChargeAmount(values.amount, currency);
  if (values.payment_method_types !== undefined && values.automatic_payment_methods !== undefined) {
    throw invalidRequest(
      'You may only specify one of these parameters: automatic_payment_methods, payment_method_types.',
    );
  }
  const customer = values.customer === undefined ? null : (await lockCustomer(call, values.customer)).id;
  const method = await usableMethod(call, values.payment_method, customer);
  const id = newStripeId('pi');
  const clientSecret = `${id}_secret_${randomText(25)}`;
  const intent = await add(
    call,
    PAYMENT_INTENT,
    buildIntent(call, id, clientSecret, currency, method?.body.id ?? null, values),
    { clientSecret, authenticating: null },
  );
  await emit(call, 'payment_intent.created', intent.body);
  await record(call, {
    kind: 'payment_intent',
    id,
    amount: values.amount,
    currency,
    transferGroup: intent.body.transfer_group,
  });
  if (values.confirm !== true) {
    if (values.return_url !== undefined || values.error_on_requires_action !== undefined) {
      throw invalidRequest(
        'The parameters return_url and error_on_requires_action can only be used with confirm=true.',
        {
          param: values.return_url === undefined ? 'error_on_requires_action' : 'return_url',
        },
      );
    }
    return { answer: intent.body };
  }
  return confirm(call, intent, {
    paymentMethod: method?.body.id,
    returnUrl: values.return_url,
    failOnAction: values.error_on_requires_action === true || values.off_session === true,
  });
}

function buildIntent(
  call: Call,
  id: string,
  clientSecret: string,
  currency: string,
  method: string | null,
  values: Values<typeof CREATE>,
): Stripe.PaymentIntent {
  const automatic = values.automatic_payment_methods ?? {
    enabled: values.payment_method_types === undefined,
    allow_redirects: undefined,
  };
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: values.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: automatic.enabled
      ? { allow_redirects: automatic.allow_redirects ?? 'always', enabled: true }
      : null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: values.capture_method ?? 'automatic_async',
    client_secret: clientSecret,
    confirmation_method: values.confirmation_method ?? 'automatic',
    created: call.now,
    currency,
    customer: values.customer ?? null,
    customer_account: null,
    description: values.description ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: mergedMetadata({}, values.metadata),
    next_action: null,
    on_behalf_of: null,
    payment_method: method,
    payment_method_configuration_details: automatic.enabled
      ? { id: `pmc_${call.platform.slice('acct_'.length)}`, parent: null }
      : null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    processing: null,
    receipt_email: values.receipt_email ?? null,
    review: null,
    setup_future_usage: values.setup_future_usage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: values.statement_descriptor_suffix ?? null,
    status: method === null ? 'requires_payment_method' : 'requires_confirmation',
    transfer_data: null,
    transfer_group: values.transfer_group ?? null,
  };
}

/** The payment method that the request names, if any. @throws StripeError 400 when this customer cannot use it */
async function usableMethod(
  call: Call,
  named: string | undefined,
  customer: string | null,
): Promise<StoredMethod | undefined> {
  if (named === undefined) return undefined;
  const method = await paymentMethod(call, named, 'payment_method');
  checkUsable(method, customer);
  return method;
}

/** Members that say how the buyer pays: fixed once the payment is under way. */
const BEFORE_PAYMENT = ['amount', 'currency', 'payment_method', 'capture_method', 'payment_method_types'] as const;

async function updateIntent(
  call: Call,
  intent: StoredIntent,
  values: Values<typeof UPDATE>,
): Promise<Stripe.PaymentIntent> {
  const { body } = intent;
  const open = ['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(body.status);
  const late = BEFORE_PAYMENT.find((name) => values[name] !== undefined);
  if (!open && late !== undefined) {
    throw invalidRequest(
      `This PaymentIntent's ${late} could not be updated because it has a status of ${body.status}. You may only update the ${late} of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.`,
      {
        code: 'payment_intent_unexpected_state',
        param: late,
        payment_intent: body,
      },
    );
  }
  const currency = values.currency === undefined ? body.currency : supportedCurrency(values.currency);
  const amount = values.amount ?? body.amount;
  checkChargeAmount(amount, currency);
  if (values.customer !== undefined) await lockCustomer(call, values.customer);
  const customer = values.customer ?? idOrNull(body.customer);
  const method = await usableMethod(call, values.payment_method, customer);
  const after = await change(call, intent, {
    amount,
    currency,
    capture_method: values.capture_method ?? body.capture_method,
    customer,
    description: values.description ?? body.description,
    metadata: mergedMetadata(body.metadata, values.metadata),
    receipt_email: values.receipt_email ?? body.receipt_email,
    setup_future_usage: values.setup_future_usage ?? body.setup_future_usage,
    statement_descriptor_suffix: values.statement_descriptor_suffix ?? body.statement_descriptor_suffix,
    transfer_group: values.transfer_group ?? body.transfer_group,
    // Another payment method starts the confirmation afresh.
    ...(method !== undefined && { payment_method: method.body.id, status: 'requires_confirmation', next_action: null }),
  });
  return after.body;
}

const ONE = { kind: 'payment_intent', list: false } as const;

export const paymentIntents: Resource = {
  kinds: [anyKind(PAYMENT_INTENT)],
  operations: [
    operation({
      method: 'POST',
      path: '/v1/payment_intents',
      returns: ONE,
      parameters: CREATE,
      unmodelled: [...UNMODELLED, ...UNMODELLED_TERMS, ...UNMODELLED_CONFIRMATION, 'on_behalf_of'],
      handle: createIntent,
    }),
    searchOperation('/v1/payment_intents/search', PAYMENT_INTENT, {
      amount: 'number',
      created: 'number',
      currency: 'token',
      customer: 'token',
      status: 'token',
    }),
    operation({
      method: 'GET',
      path: '/v1/payment_intents/{intent}',
      returns: ONE,
      parameters: { client_secret: text() },
      publishable: true,
      handle: async (call, _values, path) => {
        const intent = await findByPath(call, PAYMENT_INTENT, path, 'intent');
        checkClientSecret(call, intent);
        return visible(call, { answer: intent.body });
      },
    }),
    operation({
      method: 'POST',
      path: '/v1/payment_intents/{intent}',
      returns: ONE,
      parameters: UPDATE,
      unmodelled: [...UNMODELLED, ...UNMODELLED_TERMS],
      handle: async (call, values, path) => ({
        answer: await updateIntent(call, await lockByPath(call, PAYMENT_INTENT, path, 'intent'), values),
      }),
    }),
    operation({
      method: 'POST',
      path: '/v1/payment_intents/{intent}/confirm',
      returns: ONE,
      parameters: CONFIRM,
      unmodelled: [
        ...UNMODELLED,
        ...UNMODELLED_CONFIRMATION,
        'amount_to_confirm',
        'capture_method',
        'payment_method_types',
        'receipt_email',
      ],
      publishable: true,
      handle: async (call, values, path) => {
        const intent = await lockByPath(call, PAYMENT_INTENT, path, 'intent');
        checkClientSecret(call, intent);
        const outcome = await confirm(call, intent, {
          paymentMethod: values.payment_method,
          returnUrl: values.return_url,
          failOnAction: values.error_on_requires_action === true || values.off_session === true,
          futureUsage: values.setup_future_usage,
        });
        return visible(call, outcome);
      },
    }),
    operation({
      method: 'POST',
      path: '/v1/payment_intents/{intent}/capture',
      returns: ONE,
      parameters: { amount_to_capture: integer({ min: 1 }), metadata: metadata() },
      unmodelled: [
        'amount_details',
        'application_fee_amount',
        'final_capture',
        'hooks',
        'payment_details',
        'statement_descriptor',
        'statement_descriptor_suffix',
        'transfer_data',
      ],
      handle: async (call, values, path) => {
        const intent = await capture(
          call,
          await lockByPath(call, PAYMENT_INTENT, path, 'intent'),
          values.amount_to_capture,
        );
        if (values.metadata === undefined) return { answer: intent.body };
        const after = await change(call, intent, { metadata: mergedMetadata(intent.body.metadata, values.metadata) });
        return { answer: after.body };
      },
    }),
    operation({
      method: 'POST',
      path: '/v1/payment_intents/{intent}/cancel',
      returns: ONE,
      parameters: { cancellation_reason: oneOf(['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer']) },
      handle: async (call, values, path) => {
        const intent = await lockByPath(call, PAYMENT_INTENT, path, 'intent');
        return { answer: (await cancel(call, intent, values.cancellation_reason ?? null)).body };
      },
    }),
    operation({
      method: 'GET',
      path: '/v1/payment_intents',
      returns: { kind: 'payment_intent', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER, customer: text() },
      unmodelled: ['customer_account'],
      handle: async (call, values) => {
        const { customer } = values;
        return { answer: await listed(call, PAYMENT_INTENT, values, '/v1/payment_intents', { customer }) };
      },
    }),
  ],
};
