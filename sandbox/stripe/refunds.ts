import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import { findObject, listObjects } from '../store/objects.ts';
import { invalidRequest, noSuchReference } from '../stripe-api/errors.ts';
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
import { integer, mergedMetadata, metadata, oneOf, text, type Values } from '../stripe-api/parameters.ts';
import { add, change, findByPath, listed, lockByPath, lockReference, record } from '../stripe-api/resources.ts';
import { book } from './balance-transactions.ts';
import { CHARGE, type ChargeHidden, type StoredCharge } from './charges.ts';
import { shownAmount } from './currencies.ts';
import { closeInquiries } from './dispute-steps.ts';
import { emit } from './events.ts';
import { PAYMENT_INTENT } from './payment-intent-kind.ts';

export interface RefundHidden {
  /** What becomes of it by itself, and when, in seconds since 1970; absent when it stays as it is. */
  readonly next?: { readonly status: 'succeeded' | 'failed'; readonly at: number } | null;
}

export type StoredRefund = Stored<Stripe.Refund, RefundHidden>;

export const REFUND: ResourceKind<Stripe.Refund, RefundHidden> = {
  name: 'refund',
  noun: 'refund',
  expandable: {
    balance_transaction: ['balance_transaction'],
    charge: ['charge'],
    failure_balance_transaction: ['balance_transaction'],
    payment_intent: ['payment_intent'],
    source_transfer_reversal: ['transfer_reversal'],
    transfer_reversal: ['transfer_reversal'],
  },
};

export interface NewRefund {
  readonly amount: number;
  readonly reason?: Stripe.Refund.Reason | null;
  readonly metadata?: Record<string, string>;
  /** Where the money is booked from; null for an authorisation that was never captured, which moves none. */
  readonly balanceTransaction: string | null;
  readonly id?: string;
  /** How it goes on, when the card decides that; it succeeds otherwise. */
  readonly course?: ChargeHidden['refunds'];
}

/** How long a test card's refund keeps its first status. Stripe says "some time later". */
const CHANGES_AFTER_SECONDS = 60;

/** A refund object on a charge. The charge's own sums are the caller's to change. */
export async function addRefund(call: Call, charge: Stripe.Charge, given: NewRefund): Promise<Stripe.Refund> {
  const refund: Stripe.Refund = {
    id: given.id ?? newStripeId('re'),
    object: 'refund',
    amount: given.amount,
    balance_transaction: given.balanceTransaction,
    charge: charge.id,
    created: call.now,
    currency: charge.currency,
    customer: null,
    customer_account: null,
    destination_details: { card: { type: given.balanceTransaction === null ? 'reversal' : 'refund' }, type: 'card' },
    metadata: given.metadata ?? {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: given.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: given.course === 'pending' ? 'pending' : 'succeeded',
    transfer_reversal: null,
  };
  const later = given.course === 'pending' ? 'succeeded' : 'failed';
  await add(
    call,
    REFUND,
    refund,
    given.course === undefined ? {} : { next: { status: later, at: call.now + CHANGES_AFTER_SECONDS } },
  );
  return refund;
}

const CREATE = {
  amount: integer({ min: 1 }),
  charge: text(),
  metadata: metadata(),
  payment_intent: text(),
  reason: oneOf(['duplicate', 'fraudulent', 'requested_by_customer']),
} as const;

async function createRefund(call: Call, values: Values<typeof CREATE>): Promise<Stripe.Refund> {
  const charge = await refundedCharge(call, values);
  const unrefunded = charge.body.amount_captured - charge.hidden.refundedAfterCapture;
  if (unrefunded === 0) {
    throw invalidRequest(`Charge ${charge.body.id} has already been refunded.`, { code: 'charge_already_refunded' });
  }
  const refundable = unrefunded - (charge.hidden.disputedAway ?? 0);
  if (refundable <= 0) {
    throw invalidRequest(`Charge ${charge.body.id} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    });
  }
  const amount = values.amount ?? refundable;
  if (amount > refundable) {
    throw invalidRequest(
      `Refund amount (${shownAmount(amount, charge.body.currency)}) is greater than unrefunded amount on charge ` +
        `(${shownAmount(refundable, charge.body.currency)})`,
      { param: 'amount' },
    );
  }
  const id = newStripeId('re');
  const booked = await book(call, {
    movement: 'refund',
    amount: -amount,
    currency: charge.body.currency,
    source: id,
    description: `REFUND FOR CHARGE${charge.body.description === null ? '' : ` (${charge.body.description})`}`,
  });
  const refund = await addRefund(call, charge.body, {
    id,
    amount,
    reason: values.reason ?? null,
    metadata: mergedMetadata({}, values.metadata),
    balanceTransaction: booked.id,
    ...(charge.hidden.refunds !== undefined && { course: charge.hidden.refunds }),
  });
  const after = await change(
    call,
    charge,
    { amount_refunded: charge.body.amount_refunded + amount, refunded: amount === unrefunded },
    { refundedAfterCapture: charge.hidden.refundedAfterCapture + amount },
  );
  await emit(call, 'refund.created', refund);
  await emit(call, 'charge.refunded', after.body);
  await record(call, {
    kind: 'refund',
    id,
    amount,
    currency: refund.currency,
    transferGroup: charge.body.transfer_group,
  });
  if (after.body.refunded) await closeInquiries(call, after);
  return refund;
}

/** The captured charge that a refund is for, by its own id or by its payment intent's. */
async function refundedCharge(call: Call, values: Values<typeof CREATE>): Promise<StoredCharge> {
  if (values.charge === undefined && values.payment_intent === undefined) {
    throw invalidRequest('One of the following params should be provided for this request: payment_intent or charge.');
  }
  const charge =
    values.charge === undefined
      ? await chargeOfIntent(call, values.payment_intent ?? '')
      : await lockReference(call, CHARGE, values.charge, 'charge');
  if (values.payment_intent !== undefined && charge.body.payment_intent !== values.payment_intent) {
    throw invalidRequest('The charge does not belong to the payment intent.', { param: 'charge' });
  }
  if (!charge.body.captured) {
    throw invalidRequest(
      charge.body.status === 'failed'
        ? `Charge ${charge.body.id} failed: there is nothing to refund.`
        : `Charge ${charge.body.id} is not captured. This sandbox releases an authorisation when its PaymentIntent is canceled.`,
      { code: 'charge_not_refundable' },
    );
  }
  return charge;
}

async function chargeOfIntent(call: Call, intentId: string): Promise<StoredCharge> {
  const intent = await findObject(call.tx, PAYMENT_INTENT, call.account, intentId);
  if (intent === undefined) throw noSuchReference('payment_intent', intentId, 'payment_intent');
  const charges = await listObjects(call.tx, CHARGE, {
    owner: call.account,
    where: { payment_intent: intentId, status: 'succeeded' },
    limit: 1,
  });
  const [charge] = charges.objects;
  if (charge === undefined) {
    throw invalidRequest(`This PaymentIntent (${intentId}) does not have a successful charge to refund.`, {
      code: 'resource_missing',
      param: 'payment_intent',
    });
  }
  return lockReference(call, CHARGE, charge.body.id, 'charge');
}

async function updateRefund(
  call: Call,
  stored: StoredRefund,
  given: ReturnType<ReturnType<typeof metadata>['read']> | undefined,
): Promise<Stripe.Refund> {
  const after = await change(call, stored, { metadata: mergedMetadata(stored.body.metadata ?? {}, given) });
  await emit(call, 'refund.updated', after.body, { previous: stored.body });
  return after.body;
}

export const refunds: Resource = {
  kinds: [anyKind(REFUND)],
  operations: [
    operation({
      method: 'POST',
      path: '/v1/refunds',
      returns: { kind: 'refund', list: false },
      parameters: CREATE,
      unmodelled: [
        'currency',
        'customer',
        'instructions_email',
        'origin',
        'refund_application_fee',
        'reverse_transfer',
      ],
      handle: async (call, values) => ({ answer: await createRefund(call, values) }),
    }),
    operation({
      method: 'GET',
      path: '/v1/refunds/{refund}',
      returns: { kind: 'refund', list: false },
      parameters: {},
      handle: async (call, _values, path) => ({ answer: (await findByPath(call, REFUND, path, 'refund')).body }),
    }),
    operation({
      method: 'POST',
      path: '/v1/refunds/{refund}',
      returns: { kind: 'refund', list: false },
      parameters: { metadata: metadata() },
      handle: async (call, values, path) => ({
        answer: await updateRefund(call, await lockByPath(call, REFUND, path, 'refund'), values.metadata),
      }),
    }),
    operation({
      method: 'GET',
      path: '/v1/refunds',
      returns: { kind: 'refund', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER, charge: text(), payment_intent: text() },
      handle: async (call, values) => {
        const { charge, payment_intent } = values;
        return { answer: await listed(call, REFUND, values, '/v1/refunds', { charge, payment_intent }) };
      },
    }),
  ],
};
