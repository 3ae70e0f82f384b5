import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import { newStripeId } from '../stripe-api/ids.ts';
import {
  anyKind,
  type Call,
  CREATED_PARAMETER,
  LIST_PARAMETERS,
  operation,
  type Resource,
  type ResourceKind,
} from '../stripe-api/operation.ts';
import { text } from '../stripe-api/parameters.ts';
import { add, change, findByPath, listed } from '../stripe-api/resources.ts';
import { searchOperation } from '../stripe-api/search.ts';
import { availableOn, book } from './balance-transactions.ts';
import { processingFee } from './currencies.ts';
import { NO_BILLING_DETAILS } from './payment-methods.ts';
import type { TestCard } from './test-cards.ts';

export interface ChargeHidden {
  /** How much of the captured amount was given back. `amount_refunded` also counts what was never captured. */
  readonly refundedAfterCapture: number;
  /** How much of it left by transfers with `source_transaction`. */
  readonly transferred: number;
  readonly bypassPending: boolean;
  /** How refunds of it go, when the card decides that. */
  readonly refunds?: NonNullable<TestCard['refunds']>;
  /** What the buyer's bank does once it is captured, when the card decides that. */
  readonly disputes?: NonNullable<TestCard['disputes']>;
  readonly fraudWarning?: true;
  /** How much of it the buyer's bank holds by formal disputes that were not won. */
  readonly disputedAway?: number;
}

export const CHARGE: ResourceKind<Stripe.Charge, ChargeHidden> = {
  name: 'charge',
  noun: 'charge',
  expandable: {
    balance_transaction: ['balance_transaction'],
    customer: ['customer'],
    payment_intent: ['payment_intent'],
    source_transfer: ['transfer'],
  },
};

export type StoredCharge = Stored<Stripe.Charge, ChargeHidden>;

/** How long an authorisation lasts. Source: https://docs.stripe.com/payments/place-a-hold-on-a-payment-method (online, Visa and Mastercard). */
const AUTHORISATION_SECONDS = 7 * 24 * 60 * 60;

/** A charge on a card: authorised and not yet captured, or declined. */
export async function addCharge(
  call: Call,
  intent: Stripe.PaymentIntent,
  card: TestCard,
  paymentMethodId: string,
): Promise<StoredCharge> {
  const { decline } = card;
  const id = newStripeId('ch');
  const charge: Stripe.Charge = {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: NO_BILLING_DETAILS,
    calculated_statement_descriptor: null,
    captured: false,
    created: call.now,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: outcomeOf(card),
    paid: decline === undefined,
    payment_intent: intent.id,
    payment_method: paymentMethodId,
    payment_method_details: detailsOf(call, intent, card),
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: decline === undefined ? 'succeeded' : 'failed',
    transfer_data: null,
    transfer_group: intent.transfer_group,
  };
  return add(call, CHARGE, charge, {
    refundedAfterCapture: 0,
    transferred: 0,
    bypassPending: card.bypassPending === true,
    ...(card.refunds !== undefined && { refunds: card.refunds }),
    ...(card.disputes !== undefined && { disputes: card.disputes }),
    ...(card.fraudWarning === true && { fraudWarning: true }),
  });
}

function outcomeOf(card: TestCard): Stripe.Charge.Outcome {
  const { decline } = card;
  return {
    advice_code: decline?.advice ?? null,
    network_advice_code: null,
    network_decline_code: decline?.networkDeclineCode ?? null,
    network_status: decline === undefined ? 'approved_by_network' : 'declined_by_network',
    reason: decline?.declineCode ?? null,
    risk_level: 'normal',
    risk_score: 20,
    seller_message:
      decline === undefined ? 'Payment complete.' : `The bank returned the decline code \`${decline.declineCode}\`.`,
    type: decline === undefined ? 'authorized' : 'issuer_declined',
  };
}

function detailsOf(call: Call, intent: Stripe.PaymentIntent, card: TestCard): Stripe.Charge.PaymentMethodDetails {
  const authorised = card.decline === undefined;
  return {
    card: {
      amount_authorized: authorised ? intent.amount : null,
      authorization_code: authorised ? '313232' : null,
      brand: card.brand,
      ...(authorised && intent.capture_method === 'manual' && { capture_before: call.now + AUTHORISATION_SECONDS }),
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: card.cvcCheck },
      country: card.country,
      exp_month: card.expiryMonth,
      exp_year: card.expiryYear,
      extended_authorization: { status: 'disabled' },
      fingerprint: card.fingerprint,
      funding: card.funding,
      incremental_authorization: { status: 'unavailable' },
      installments: null,
      last4: card.last4,
      mandate: null,
      multicapture: { status: 'unavailable' },
      network: card.brand,
      network_token: { used: false },
      network_transaction_id: '104102978678771',
      overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
      regulated_status: 'unregulated',
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
    type: 'card',
  };
}

/**
 * Takes the money of an authorised charge. What is not captured goes back to the card and counts as refunded.
 * @param amount minor units, at most what was authorised
 */
export async function captureCharge(call: Call, charge: StoredCharge, amount: number): Promise<StoredCharge> {
  const booked = await book(call, {
    movement: 'charge',
    amount,
    currency: charge.body.currency,
    fee: processingFee(amount, charge.body.currency),
    source: charge.body.id,
    availableOn: availableOn(call, charge.hidden.bypassPending),
    description: charge.body.description,
  });
  return change(call, charge, {
    amount_captured: amount,
    amount_refunded: charge.body.amount - amount,
    balance_transaction: booked.id,
    captured: true,
  });
}

export const charges: Resource = {
  kinds: [anyKind(CHARGE)],
  operations: [
    searchOperation('/v1/charges/search', CHARGE, {
      amount: 'number',
      created: 'number',
      currency: 'token',
      customer: 'token',
      disputed: 'token',
      'payment_method_details.card.brand': 'token',
      'payment_method_details.card.last4': 'token',
      refunded: 'token',
      status: 'token',
    }),
    operation({
      method: 'GET',
      path: '/v1/charges/{charge}',
      returns: { kind: 'charge', list: false },
      parameters: {},
      handle: async (call, _values, path) => ({ answer: (await findByPath(call, CHARGE, path, 'charge')).body }),
    }),
    operation({
      method: 'GET',
      path: '/v1/charges',
      returns: { kind: 'charge', list: true },
      parameters: {
        ...LIST_PARAMETERS,
        ...CREATED_PARAMETER,
        customer: text(),
        payment_intent: text(),
        transfer_group: text(),
      },
      handle: async (call, values) => {
        const { customer, payment_intent, transfer_group } = values;
        const filters = { customer, payment_intent, transfer_group };
        return { answer: await listed(call, CHARGE, values, '/v1/charges', filters) };
      },
    }),
  ],
};
