import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import { noSuchObject } from '../stripe-api/errors.ts';
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
import { add, findByPath, listed, shown } from '../stripe-api/resources.ts';

export interface BalanceTransactionHidden {
  /** The automatic payout that took it to the bank. */
  readonly payout?: string;
  /** What is true, when a test lets Stripe lie about it (see `balance-lies.ts`). */
  readonly truth?: Stripe.BalanceTransaction;
  /** It is not shown before, in seconds since 1970. */
  readonly concealedUntil?: number;
}

/** What truly moved, in SQL: a lie about it changes no balance. */
export const TRUE_NET = `coalesce(hidden #>> '{truth,net}', body->>'net')::bigint`;
export const TRUE_CURRENCY = `coalesce(hidden #>> '{truth,currency}', body->>'currency')`;

export const BALANCE_TRANSACTION: ResourceKind<Stripe.BalanceTransaction, BalanceTransactionHidden> = {
  name: 'balance_transaction',
  noun: 'balance transaction',
  expandable: { source: ['charge', 'refund', 'transfer', 'transfer_reversal', 'dispute', 'payout'] },
  present: (call, stored) => ({
    ...stored.body,
    status: stored.body.available_on <= call.now ? 'available' : 'pending',
  }),
};

/**
 * Days until the money of a charge becomes available: the payout delay of a new platform in most of Europe.
 * Source: https://docs.stripe.com/payouts#payout-schedule
 */
const PENDING_DAYS = 7;
const SECONDS_PER_DAY = 24 * 60 * 60;

/** When money charged now becomes available, in seconds. */
export function availableOn(call: Call, immediately: boolean): number {
  return immediately ? call.now : call.now + PENDING_DAYS * SECONDS_PER_DAY;
}

/**
 * What moves money, with Stripe's type and category of it.
 * Source: https://docs.stripe.com/reports/balance-transaction-types and https://docs.stripe.com/reports/reporting-categories
 */
const MOVEMENTS = {
  charge: { type: 'charge', category: 'charge' },
  payment: { type: 'payment', category: 'charge' },
  refund: { type: 'refund', category: 'refund' },
  refund_failure: { type: 'refund_failure', category: 'refund_failure' },
  payout: { type: 'payout', category: 'payout' },
  payout_cancel: { type: 'payout_cancel', category: 'payout_reversal' },
  payout_failure: { type: 'payout_failure', category: 'payout_reversal' },
  payment_refund: { type: 'payment_refund', category: 'refund' },
  transfer: { type: 'transfer', category: 'transfer' },
  transfer_refund: { type: 'transfer_refund', category: 'transfer_reversal' },
  dispute: { type: 'adjustment', category: 'dispute' },
  dispute_reversal: { type: 'adjustment', category: 'dispute_reversal' },
} as const;

export type MovementName = keyof typeof MOVEMENTS;
export const MOVEMENT_NAMES = Object.keys(MOVEMENTS) as [MovementName, ...MovementName[]];

export interface Booking {
  readonly movement: MovementName;
  /** Minor units, negative when money leaves the account. */
  readonly amount: number;
  readonly currency: string;
  /** What Stripe keeps of it, in minor units; negative when it gives a fee back. */
  readonly fee?: number;
  /** As Stripe calls the fee. */
  readonly feeDescription?: string;
  readonly source: string | null;
  /** In seconds. Absent: at once. */
  readonly availableOn?: number;
  readonly description?: string | null;
  /** The account whose balance moves. Absent: the call's. */
  readonly account?: string;
}

/** Books a movement on an account's balance. */
export async function book(
  call: Call,
  booking: Booking & { readonly source: string },
): Promise<Stripe.BalanceTransaction> {
  const transaction = buildBalanceTransaction(call, booking);
  await add(call, BALANCE_TRANSACTION, transaction, {}, booking.account ?? call.account);
  return transaction;
}

export function buildBalanceTransaction(call: Call, booking: Booking): Stripe.BalanceTransaction {
  const { fee = 0, feeDescription = 'Stripe processing fees' } = booking;
  const { type, category } = MOVEMENTS[booking.movement];
  return {
    id: newStripeId('txn'),
    object: 'balance_transaction',
    amount: booking.amount,
    available_on: booking.availableOn ?? call.now,
    balance_type: 'payments',
    created: call.now,
    currency: booking.currency,
    description: booking.description ?? null,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency: booking.currency,
              description: feeDescription,
              type: 'stripe_fee',
            },
          ],
    net: booking.amount - fee,
    reporting_category: category,
    source: booking.source,
    status: 'pending',
    type,
  };
}

async function unconcealed(
  call: Call,
  path: Readonly<Record<string, string>>,
): Promise<Stored<Stripe.BalanceTransaction, BalanceTransactionHidden>> {
  const found = await findByPath(call, BALANCE_TRANSACTION, path, 'id');
  if ((found.hidden.concealedUntil ?? 0) > call.now) throw noSuchObject(BALANCE_TRANSACTION.noun, found.body.id, 'id');
  return found;
}

export const balanceTransactions: Resource = {
  kinds: [anyKind(BALANCE_TRANSACTION)],
  operations: [
    operation({
      method: 'GET',
      path: '/v1/balance_transactions/{id}',
      returns: { kind: 'balance_transaction', list: false },
      parameters: {},
      handle: async (call, _values, path) => ({
        answer: await shown(call, BALANCE_TRANSACTION, await unconcealed(call, path)),
      }),
    }),
    operation({
      method: 'GET',
      path: '/v1/balance_transactions',
      returns: { kind: 'balance_transaction', list: true },
      parameters: {
        ...LIST_PARAMETERS,
        ...CREATED_PARAMETER,
        currency: text(3),
        payout: text(),
        source: text(),
        type: text(),
      },
      handle: async (call, values) => {
        const { currency, source, type, payout } = values;
        const filters = { currency, source, type };
        const hidden = payout === undefined ? {} : { payout };
        const url = '/v1/balance_transactions';
        return { answer: await listed(call, BALANCE_TRANSACTION, values, url, filters, { hidden, unconcealed: true }) };
      },
    }),
  ],
};
