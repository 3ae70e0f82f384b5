import type { Stripe } from 'stripe';
import { newStripeId } from '../stripe-api/ids.ts';
import type { Call } from '../stripe-api/operation.ts';
import { add, change, lockKnown } from '../stripe-api/resources.ts';
import { book } from './balance-transactions.ts';
import { CHARGE } from './charges.ts';
import { NO_BILLING_DETAILS } from './payment-methods.ts';
import { REFUND } from './refunds.ts';

export interface Incoming {
  readonly transfer: string;
  /** The connected account that receives. */
  readonly account: string;
  readonly amount: number;
  readonly currency: string;
  readonly transferGroup: string | null;
  /** When the money is available, in seconds. */
  readonly availableOn: number;
}

/** The receiving end of a transfer: a payment (`py_…`) on the connected account, and its balance. Answers its id. */
export async function destinationPayment(call: Call, incoming: Incoming): Promise<string> {
  const id = newStripeId('py');
  const booked = await book(call, {
    movement: 'payment',
    amount: incoming.amount,
    currency: incoming.currency,
    source: id,
    availableOn: incoming.availableOn,
    account: incoming.account,
  });
  const payment: Stripe.Charge = {
    id,
    object: 'charge',
    amount: incoming.amount,
    amount_captured: incoming.amount,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: booked.id,
    billing_details: NO_BILLING_DETAILS,
    calculated_statement_descriptor: null,
    captured: true,
    created: call.now,
    currency: incoming.currency,
    customer: null,
    description: null,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: null,
    paid: true,
    payment_intent: null,
    payment_method: null,
    payment_method_details: { stripe_account: {}, type: 'stripe_account' },
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: incoming.transfer,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'succeeded',
    transfer_data: null,
    transfer_group: incoming.transferGroup,
  };
  const hidden = { refundedAfterCapture: 0, transferred: 0, bypassPending: false };
  await add(call, CHARGE, payment, hidden, incoming.account);
  return id;
}

export interface TakenBack {
  readonly account: string;
  /** The payment that the transfer made there. */
  readonly payment: string;
  readonly amount: number;
  readonly availableOn: number;
}

/** Takes money of a transfer back from the account that received it. Answers the id of the refund there. */
export async function takeBack(call: Call, back: TakenBack): Promise<string> {
  const { account, amount } = back;
  const payment = await lockKnown(call, CHARGE, back.payment, account);
  const id = newStripeId('pyr');
  const booked = await book(call, {
    movement: 'payment_refund',
    amount: -amount,
    currency: payment.body.currency,
    source: id,
    availableOn: back.availableOn,
    account,
  });
  const refund: Stripe.Refund = {
    id,
    object: 'refund',
    amount,
    balance_transaction: booked.id,
    charge: back.payment,
    created: call.now,
    currency: payment.body.currency,
    customer: null,
    customer_account: null,
    metadata: {},
    payment_intent: null,
    payment_method: null,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
  await add(call, REFUND, refund, {}, account);
  const refunded = payment.body.amount_refunded + amount;
  await change(
    call,
    payment,
    { amount_refunded: refunded, refunded: refunded === payment.body.amount },
    { refundedAfterCapture: refunded },
  );
  return id;
}
