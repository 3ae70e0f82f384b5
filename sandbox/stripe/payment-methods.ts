import type { Stripe } from 'stripe';
import { findObject, type Stored } from '../store/objects.ts';
import { invalidRequest, noSuchObject, noSuchReference, StripeError } from '../stripe-api/errors.ts';
import { newStripeId } from '../stripe-api/ids.ts';
import {
  anyKind,
  type Call,
  LIST_PARAMETERS,
  operation,
  type Resource,
  type ResourceKind,
} from '../stripe-api/operation.ts';
import { mergedMetadata, metadata, oneOf, text, type Values } from '../stripe-api/parameters.ts';
import { add, change, findByPath, listed, lockReference } from '../stripe-api/resources.ts';
import { CUSTOMER } from './customer-kind.ts';
import { emit } from './events.ts';
import { type TestCard, testCard } from './test-cards.ts';

/** `token` is the test card behind the payment method: it decides how payments go. */
export interface PaymentMethodHidden {
  readonly token: string;
  /** It was a customer's and is nobody's any more: nothing can be paid with it. */
  readonly detached?: true;
}

export type StoredMethod = Stored<Stripe.PaymentMethod, PaymentMethodHidden>;

export const PAYMENT_METHOD: ResourceKind<Stripe.PaymentMethod, PaymentMethodHidden> = {
  name: 'payment_method',
  noun: 'PaymentMethod',
  expandable: { customer: ['customer'] },
};

export const NO_BILLING_DETAILS = {
  address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
  email: null,
  name: null,
  phone: null,
  tax_id: null,
} as const;

function paymentMethodOf(call: Call, card: TestCard): Stripe.PaymentMethod {
  return {
    id: newStripeId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: NO_BILLING_DETAILS,
    card: {
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: card.cvcCheck },
      country: card.country,
      display_brand: card.brand,
      exp_month: card.expiryMonth,
      exp_year: card.expiryYear,
      fingerprint: card.fingerprint,
      funding: card.funding,
      generated_from: null,
      last4: card.last4,
      networks: { available: [card.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: call.now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
}

/**
 * The payment method with this id; a test token (`pm_card_visa`) makes a new one, as Stripe does.
 * @param param the parameter that named it, for the refusal
 */
export async function paymentMethod(call: Call, id: string, param: string): Promise<StoredMethod> {
  const found = await tokenOrStored(call, id);
  if (found === undefined) throw noSuchReference(PAYMENT_METHOD.noun, id, param);
  return found;
}

async function tokenOrStored(call: Call, id: string): Promise<StoredMethod | undefined> {
  const card = testCard(id);
  if (card === undefined) return findObject(call.tx, PAYMENT_METHOD, call.account, id);
  return add(call, PAYMENT_METHOD, paymentMethodOf(call, card), { token: id });
}

/** The payment method with this id, locked; a test token makes a new one. @throws StripeError 404 */
async function lockMethod(call: Call, id: string): Promise<StoredMethod> {
  const found =
    testCard(id) === undefined
      ? await findObject(call.tx, PAYMENT_METHOD, call.account, id, { lock: true })
      : await tokenOrStored(call, id);
  if (found === undefined) throw noSuchObject(PAYMENT_METHOD.noun, id, 'payment_method');
  return found;
}

/** Keeps a payment method with a customer, to be used again. @throws StripeError 400, or 402 when the bank declines */
export async function attach(call: Call, method: StoredMethod, customer: string): Promise<StoredMethod> {
  if (method.hidden.detached === true) throw detachedBefore(method.body.id);
  if (method.body.customer === customer) return method;
  if (method.body.customer !== null) {
    throw invalidRequest('The payment method you provided has already been attached to a customer.', {
      code: 'resource_already_exists',
    });
  }
  const { decline, declinesLater } = testCard(method.hidden.token) ?? {};
  if (decline !== undefined && declinesLater !== true) {
    throw new StripeError(402, 'card_error', decline.message, {
      code: decline.code,
      decline_code: decline.declineCode,
    });
  }
  const attached = await change(call, method, { customer });
  await emit(call, 'payment_method.attached', attached.body);
  return attached;
}

async function detach(call: Call, method: StoredMethod): Promise<Stripe.PaymentMethod> {
  if (method.body.customer === null) {
    throw invalidRequest('The payment method you provided is not attached to a customer so detachment is impossible.');
  }
  const detached = await change(call, method, { customer: null }, { detached: true });
  await emit(call, 'payment_method.detached', detached.body, { previous: method.body });
  return detached.body;
}

/** @throws StripeError 400 when a payment by this customer, or by nobody, cannot use the payment method */
export function checkUsable({ body, hidden }: StoredMethod, customer: string | null): void {
  if (hidden.detached === true) throw detachedBefore(body.id);
  if (body.customer === null || body.customer === customer) return;
  throw invalidRequest(
    customer === null
      ? `The PaymentMethod ${body.id} belongs to a Customer. Please include the Customer in the \`customer\` parameter on the PaymentIntent.`
      : `The customer ${customer} does not have a payment method with the ID ${body.id}. The payment method belongs to another customer.`,
    { param: 'payment_method' },
  );
}

function detachedBefore(id: string): StripeError {
  return invalidRequest(`The provided PaymentMethod ${id} was detached from a Customer. It may not be used again.`, {
    param: 'payment_method',
  });
}

async function updateMethod(
  call: Call,
  method: StoredMethod,
  values: Values<typeof UPDATE>,
): Promise<Stripe.PaymentMethod> {
  const after = await change(call, method, {
    allow_redisplay: values.allow_redisplay ?? method.body.allow_redisplay ?? 'unspecified',
    metadata: mergedMetadata(method.body.metadata ?? {}, values.metadata),
  });
  await emit(call, 'payment_method.updated', after.body, { previous: method.body });
  return after.body;
}

const REDISPLAY = ['always', 'limited', 'unspecified'] as const;
const UPDATE = { allow_redisplay: oneOf(REDISPLAY), metadata: metadata() } as const;
const TYPE = { allow_redisplay: oneOf(REDISPLAY), type: oneOf(['card']) } as const;
const ONE = { kind: 'payment_method', list: false } as const;

export const paymentMethods: Resource = {
  kinds: [anyKind(PAYMENT_METHOD)],
  operations: [
    operation({
      method: 'GET',
      path: '/v1/payment_methods/{payment_method}',
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => {
        const id = path['payment_method'] ?? '';
        const found = await tokenOrStored(call, id);
        if (found === undefined) throw noSuchObject(PAYMENT_METHOD.noun, id, 'payment_method');
        return { answer: found.body };
      },
    }),
    operation({
      method: 'POST',
      path: '/v1/payment_methods/{payment_method}',
      returns: ONE,
      parameters: UPDATE,
      unmodelled: ['billing_details', 'card', 'payto', 'us_bank_account'],
      handle: async (call, values, path) => ({
        answer: await updateMethod(call, await lockMethod(call, path['payment_method'] ?? ''), values),
      }),
    }),
    operation({
      method: 'POST',
      path: '/v1/payment_methods/{payment_method}/attach',
      returns: ONE,
      parameters: { customer: text() },
      unmodelled: ['customer_account'],
      handle: async (call, { customer }, path) => {
        const { body } = await lockReference(call, CUSTOMER, customer ?? '', 'customer');
        const method = await lockMethod(call, path['payment_method'] ?? '');
        return { answer: (await attach(call, method, body.id)).body };
      },
    }),
    operation({
      method: 'POST',
      path: '/v1/payment_methods/{payment_method}/detach',
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => ({
        answer: await detach(call, await lockMethod(call, path['payment_method'] ?? '')),
      }),
    }),
    operation({
      method: 'GET',
      path: '/v1/payment_methods',
      returns: { kind: 'payment_method', list: true },
      parameters: { ...LIST_PARAMETERS, ...TYPE, customer: text() },
      unmodelled: ['customer_account'],
      handle: async (call, values) => {
        const { customer, type, allow_redisplay } = values;
        const filters = { customer, type, allow_redisplay };
        return { answer: await listed(call, PAYMENT_METHOD, values, '/v1/payment_methods', filters) };
      },
    }),
    operation({
      method: 'GET',
      path: '/v1/customers/{customer}/payment_methods',
      returns: { kind: 'payment_method', list: true },
      parameters: { ...LIST_PARAMETERS, ...TYPE },
      handle: async (call, values, path) => {
        const { body } = await findByPath(call, CUSTOMER, path, 'customer');
        const { type, allow_redisplay } = values;
        const url = `/v1/customers/${body.id}/payment_methods`;
        const filters = { customer: body.id, type, allow_redisplay };
        return { answer: await listed(call, PAYMENT_METHOD, values, url, filters) };
      },
    }),
  ],
};
