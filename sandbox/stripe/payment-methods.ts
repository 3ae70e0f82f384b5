import type { Stripe } from 'stripe';
import { findObject, type Stored } from '../store/objects.ts';
import { noSuchObject, noSuchReference } from '../stripe-api/errors.ts';
import { newStripeId } from '../stripe-api/ids.ts';
import { anyKind, type Call, operation, type Resource, type ResourceKind } from '../stripe-api/operation.ts';
import { add } from '../stripe-api/resources.ts';
import { type TestCard, testCard } from './test-cards.ts';

/** `token` is the test card behind the payment method: it decides how payments go. */
export interface PaymentMethodHidden {
  readonly token: string;
}

export const PAYMENT_METHOD: ResourceKind<Stripe.PaymentMethod, PaymentMethodHidden> = {
  name: 'payment_method',
  noun: 'PaymentMethod',
  expandable: {},
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
export async function paymentMethod(
  call: Call,
  id: string,
  param: string,
): Promise<Stored<Stripe.PaymentMethod, PaymentMethodHidden>> {
  const found = await tokenOrStored(call, id);
  if (found === undefined) throw noSuchReference(PAYMENT_METHOD.noun, id, param);
  return found;
}

async function tokenOrStored(
  call: Call,
  id: string,
): Promise<Stored<Stripe.PaymentMethod, PaymentMethodHidden> | undefined> {
  const card = testCard(id);
  if (card === undefined) return findObject(call.tx, PAYMENT_METHOD, call.account, id);
  return add(call, PAYMENT_METHOD, paymentMethodOf(call, card), { token: id });
}

export const paymentMethods: Resource = {
  kinds: [anyKind(PAYMENT_METHOD)],
  operations: [
    operation({
      method: 'GET',
      path: '/v1/payment_methods/{payment_method}',
      returns: { kind: 'payment_method', list: false },
      parameters: {},
      handle: async (call, _values, path) => {
        const id = path['payment_method'] ?? '';
        const found = await tokenOrStored(call, id);
        if (found === undefined) throw noSuchObject(PAYMENT_METHOD.noun, id, 'payment_method');
        return { answer: found.body };
      },
    }),
  ],
};
