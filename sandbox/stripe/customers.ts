import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import { noSuchReference } from '../stripe-api/errors.ts';
import { randomText } from '../stripe-api/ids.ts';
import {
  anyKind,
  type Call,
  CREATED_PARAMETER,
  LIST_PARAMETERS,
  operation,
  type Resource,
} from '../stripe-api/operation.ts';
import { group, listOf, mergedMetadata, metadata, text, unsettable, type Values } from '../stripe-api/parameters.ts';
import { add, change, findByPath, listed, lockByPath, lockReference, record } from '../stripe-api/resources.ts';
import { searchOperation } from '../stripe-api/search.ts';
import { CUSTOMER, type CustomerHidden } from './customer-kind.ts';
import { emit } from './events.ts';
import { attach, paymentMethod } from './payment-methods.ts';

/** Later than any clock gets. */
const NEVER = 8_640_000_000_000;

const FIELDS = {
  description: unsettable(text()),
  email: unsettable(text(512)),
  metadata: metadata(),
  name: unsettable(text(256)),
  phone: unsettable(text(20)),
  preferred_locales: listOf(text()),
} as const;

const address = unsettable(
  group({ city: text(), country: text(), line1: text(), line2: text(), postal_code: text(), state: text() }),
);

const CREATE = { ...FIELDS, address, payment_method: text() } as const;
const UPDATE = { ...FIELDS, address } as const;

/** Invoices, sources and taxes are no part of what the sandbox carries. */
const UNMODELLED: readonly string[] = [
  'balance',
  'business_name',
  'cash_balance',
  'individual_name',
  'invoice_prefix',
  'invoice_settings',
  'next_invoice_sequence',
  'shipping',
  'source',
  'tax',
  'tax_exempt',
];

function buildCustomer(call: Call): Stripe.Customer {
  return {
    id: `cus_${randomText(14)}`,
    object: 'customer',
    address: null,
    balance: 0,
    created: call.now,
    currency: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: randomText(8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
}

type Given = Values<typeof UPDATE>;

function withGiven(customer: Stripe.Customer, given: Given): Stripe.Customer {
  const kept = <Value>(value: Value | undefined, before: Value): Value => (value === undefined ? before : value);
  const at = given.address;
  return {
    ...customer,
    address:
      at === undefined || at === null
        ? kept(at, customer.address ?? null)
        : {
            city: at.city ?? null,
            country: at.country ?? null,
            line1: at.line1 ?? null,
            line2: at.line2 ?? null,
            postal_code: at.postal_code ?? null,
            state: at.state ?? null,
          },
    description: kept(given.description, customer.description),
    email: kept(given.email, customer.email),
    metadata: mergedMetadata(customer.metadata, given.metadata),
    name: kept(given.name, customer.name ?? null),
    phone: kept(given.phone, customer.phone ?? null),
    preferred_locales: given.preferred_locales ?? customer.preferred_locales ?? [],
  };
}

async function createCustomer(call: Call, values: Values<typeof CREATE>): Promise<Stripe.Customer> {
  const { body } = await add<Stripe.Customer, CustomerHidden>(
    call,
    CUSTOMER,
    withGiven(buildCustomer(call), values),
    {},
  );
  if (values.payment_method !== undefined) {
    await attach(call, await paymentMethod(call, values.payment_method, 'payment_method'), body.id);
  }
  await emit(call, 'customer.created', body);
  await record(call, { kind: 'customer', id: body.id });
  return body;
}

async function updateCustomer(
  call: Call,
  stored: Stored<Stripe.Customer, CustomerHidden>,
  values: Given,
): Promise<Stripe.Customer> {
  const after = await change(call, stored, withGiven(stored.body, values));
  await emit(call, 'customer.updated', after.body, { previous: stored.body });
  return after.body;
}

/** Forgets the person for good: what is left says that there was somebody. */
async function deleteCustomer(call: Call, { body, ...stored }: Stored<Stripe.Customer, CustomerHidden>) {
  await emit(call, 'customer.deleted', body);
  const gone: Stripe.DeletedCustomer = { id: body.id, object: 'customer', deleted: true };
  await change(call, { ...stored, body: gone, hidden: { concealedUntil: NEVER } }, {});
  await call.tx.query(
    `UPDATE sandbox.objects SET body = jsonb_set(body, '{customer}', 'null'), hidden = hidden || '{"detached": true}'
     WHERE kind = 'payment_method' AND owner = $1 AND body @> $2`,
    [call.account, JSON.stringify({ customer: body.id })],
  );
  await record(call, { kind: 'customer_deleted', id: body.id });
  return gone;
}

/** The customer that a parameter names. @throws StripeError 400 when there is none, or none any more */
export async function lockCustomer(call: Call, id: string): Promise<Stripe.Customer> {
  const { body, hidden } = await lockReference(call, CUSTOMER, id, 'customer');
  if (hidden.concealedUntil !== undefined) throw noSuchReference(CUSTOMER.noun, id, 'customer');
  return body;
}

const ONE = { kind: 'customer', list: false } as const;

export const customers: Resource = {
  kinds: [anyKind(CUSTOMER)],
  operations: [
    searchOperation('/v1/customers/search', CUSTOMER, {
      created: 'number',
      email: 'text',
      name: 'text',
      phone: 'text',
    }),
    operation({
      method: 'POST',
      path: '/v1/customers',
      returns: ONE,
      parameters: CREATE,
      unmodelled: [...UNMODELLED, 'tax_id_data', 'test_clock'],
      handle: async (call, values) => ({ answer: await createCustomer(call, values) }),
    }),
    operation({
      method: 'GET',
      path: '/v1/customers/{customer}',
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => ({ answer: (await findByPath(call, CUSTOMER, path, 'customer')).body }),
    }),
    operation({
      method: 'POST',
      path: '/v1/customers/{customer}',
      returns: ONE,
      parameters: UPDATE,
      unmodelled: [
        ...UNMODELLED,
        'bank_account',
        'card',
        'default_alipay_account',
        'default_bank_account',
        'default_card',
        'default_source',
      ],
      handle: async (call, values, path) => {
        await lockCustomer(call, path['customer'] ?? '');
        return { answer: await updateCustomer(call, await lockByPath(call, CUSTOMER, path, 'customer'), values) };
      },
    }),
    operation({
      method: 'DELETE',
      path: '/v1/customers/{customer}',
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => {
        await lockCustomer(call, path['customer'] ?? '');
        return { answer: await deleteCustomer(call, await lockByPath(call, CUSTOMER, path, 'customer')) };
      },
    }),
    operation({
      method: 'GET',
      path: '/v1/customers',
      returns: { kind: 'customer', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER, email: text(512) },
      unmodelled: ['test_clock'],
      handle: async (call, values) => {
        const { email } = values;
        return { answer: await listed(call, CUSTOMER, values, '/v1/customers', { email }, { unconcealed: true }) };
      },
    }),
  ],
};
