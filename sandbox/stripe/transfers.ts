import type { Stripe } from 'stripe';
import { findObject, listObjects, type Stored } from '../store/objects.ts';
import { invalidRequest, noAccess, noSuchReference } from '../stripe-api/errors.ts';
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
import { integer, mergedMetadata, metadata, oneOf, required, text, type Values } from '../stripe-api/parameters.ts';
import { add, change, findByPath, listed, lockByPath, lockReference, record, shown } from '../stripe-api/resources.ts';
import { ACCOUNT } from './accounts.ts';
import { lockHolding } from './balance.ts';
import { BALANCE_TRANSACTION, book } from './balance-transactions.ts';
import { CHARGE, type StoredCharge } from './charges.ts';
import { shownAmount, supportedCurrency } from './currencies.ts';
import { destinationPayment } from './destination-payments.ts';
import { emit } from './events.ts';
import { TRANSFER_REVERSAL } from './reversal-kind.ts';

export const TRANSFER: ResourceKind<Stripe.Transfer> = {
  name: 'transfer',
  noun: 'transfer',
  expandable: {
    balance_transaction: ['balance_transaction'],
    destination: ['account'],
    destination_payment: ['charge'],
    source_transaction: ['charge'],
  },
  present: withReversals,
};

/** Transfers show their newest reversals, up to ten. */
async function withReversals(call: Call, stored: Stored<Stripe.Transfer>): Promise<Stripe.Transfer> {
  const { id } = stored.body;
  const page = await listObjects(call.tx, TRANSFER_REVERSAL, {
    owner: stored.owner,
    where: { transfer: id },
    limit: 10,
  });
  return {
    ...stored.body,
    reversals: {
      object: 'list',
      data: page.objects.map((reversal) => reversal.body),
      has_more: page.hasMore,
      url: `/v1/transfers/${id}/reversals`,
    },
  };
}

const CREATE = {
  amount: required(integer({ min: 1 })),
  currency: required(text(3)),
  description: text(),
  destination: required(text()),
  metadata: metadata(),
  source_transaction: text(),
  source_type: oneOf(['bank_account', 'card', 'fpx']),
  transfer_group: text(),
} as const;

async function createTransfer(call: Call, values: Values<typeof CREATE>): Promise<Stripe.Transfer> {
  const currency = supportedCurrency(values.currency);
  await checkDestination(call, values.destination);
  const source =
    values.source_transaction === undefined
      ? undefined
      : await sourceCharge(call, values.source_transaction, values.amount, currency);
  if (source === undefined) await checkAvailable(call, values.amount, currency);
  const group = values.transfer_group ?? source?.charge.body.transfer_group ?? source?.defaultGroup ?? null;
  const id = newStripeId('tr');
  const booked = await book(call, {
    movement: 'transfer',
    amount: -values.amount,
    currency,
    source: id,
    ...(source !== undefined && { availableOn: source.availableOn }),
    description: values.description ?? null,
  });
  const payment = await destinationPayment(call, {
    transfer: id,
    account: values.destination,
    amount: values.amount,
    currency,
    transferGroup: group,
    availableOn: source?.availableOn ?? call.now,
  });
  const transfer: Stripe.Transfer = {
    id,
    object: 'transfer',
    amount: values.amount,
    amount_reversed: 0,
    balance_transaction: booked.id,
    created: call.now,
    currency,
    description: values.description ?? null,
    destination: values.destination,
    destination_payment: payment,
    livemode: false,
    metadata: mergedMetadata({}, values.metadata),
    reversals: { object: 'list', data: [], has_more: false, url: `/v1/transfers/${id}/reversals` },
    reversed: false,
    source_transaction: source?.charge.body.id ?? null,
    source_type: values.source_type ?? 'card',
    transfer_group: group,
  };
  await add(call, TRANSFER, transfer, {});
  if (source !== undefined) {
    const { charge } = source;
    await change(call, charge, { transfer_group: group }, { transferred: charge.hidden.transferred + values.amount });
  }
  await emit(call, 'transfer.created', transfer);
  await record(call, { kind: 'transfer', id, amount: transfer.amount, currency, transferGroup: group });
  return transfer;
}

/** Only an account whose transfers capability is active can receive. */
async function checkDestination(call: Call, destination: string): Promise<void> {
  const account = await findObject(call.tx, ACCOUNT, call.platform, destination, { lock: true });
  if (account === undefined) throw noSuchReference('destination', destination, 'destination');
  if (account.hidden.gone === true) throw noAccess(destination);
  if (account.body.capabilities?.transfers !== 'active') {
    throw invalidRequest(
      'Your destination account needs to have at least one of the following capabilities enabled: ' +
        'transfers, crypto_transfers, legacy_payments',
      { code: 'insufficient_capabilities_for_transfer', param: 'destination' },
    );
  }
}

interface Source {
  readonly charge: StoredCharge;
  /** When the charge's money, and so the transfer's, is available. */
  readonly availableOn: number;
  /** What Stripe names a group that nobody named. */
  readonly defaultGroup: string;
}

/** The charge whose money a transfer passes on: captured, and not passed on already. */
async function sourceCharge(call: Call, id: string, amount: number, currency: string): Promise<Source> {
  const charge = await lockReference(call, CHARGE, id, 'source_transaction');
  const booked =
    typeof charge.body.balance_transaction === 'string'
      ? await findObject(call.tx, BALANCE_TRANSACTION, call.account, charge.body.balance_transaction)
      : undefined;
  if (booked === undefined) {
    throw invalidRequest(`Cannot use the charge ${id} as the source_transaction: it has not been captured.`, {
      param: 'source_transaction',
    });
  }
  if (booked.body.currency !== currency) {
    throw invalidRequest(
      `The currency of source_transaction's balance transaction (${booked.body.currency}) must be the same as the ` +
        `transfer currency (${currency})`,
      { param: 'currency' },
    );
  }
  const left = charge.body.amount_captured - charge.hidden.transferred;
  if (amount > left) {
    throw invalidRequest(
      `Cannot transfer ${shownAmount(amount, currency)} from the source transaction: only ${shownAmount(left, currency)} of it is left.`,
      { param: 'amount' },
    );
  }
  return {
    charge,
    availableOn: booked.body.available_on,
    defaultGroup: `group_${typeof charge.body.payment_intent === 'string' ? charge.body.payment_intent : id}`,
  };
}

async function checkAvailable(call: Call, amount: number, currency: string): Promise<void> {
  const holding = await lockHolding(call, call.account, currency);
  if (holding.available < amount) {
    throw invalidRequest(
      'You have insufficient available funds in your Stripe account. Try adding funds directly to your available balance ' +
        'by creating Charges using the 4000000000000077 test card. See: https://stripe.com/docs/testing#available-balance',
      { code: 'balance_insufficient' },
    );
  }
}

const UPDATE = { description: text(), metadata: metadata() } as const;

async function updateTransfer(
  call: Call,
  stored: Stored<Stripe.Transfer>,
  values: Values<typeof UPDATE>,
): Promise<Stripe.Transfer> {
  const after = await change(call, stored, {
    description: values.description ?? stored.body.description,
    metadata: mergedMetadata(stored.body.metadata, values.metadata),
  });
  const now = await shown(call, TRANSFER, after);
  await emit(call, 'transfer.updated', now, { previous: await shown(call, TRANSFER, stored) });
  return now;
}

export const transfers: Resource = {
  kinds: [anyKind(TRANSFER)],
  operations: [
    operation({
      method: 'POST',
      path: '/v1/transfers',
      returns: { kind: 'transfer', list: false },
      parameters: CREATE,
      handle: async (call, values) => ({ answer: await createTransfer(call, values) }),
    }),
    operation({
      method: 'GET',
      path: '/v1/transfers/{transfer}',
      returns: { kind: 'transfer', list: false },
      parameters: {},
      handle: async (call, _values, path) => ({
        answer: await shown(call, TRANSFER, await findByPath(call, TRANSFER, path, 'transfer')),
      }),
    }),
    operation({
      method: 'POST',
      path: '/v1/transfers/{transfer}',
      returns: { kind: 'transfer', list: false },
      parameters: UPDATE,
      handle: async (call, values, path) => ({
        answer: await updateTransfer(call, await lockByPath(call, TRANSFER, path, 'transfer'), values),
      }),
    }),
    operation({
      method: 'GET',
      path: '/v1/transfers',
      returns: { kind: 'transfer', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER, destination: text(), transfer_group: text() },
      handle: async (call, values) => {
        const { destination, transfer_group } = values;
        return { answer: await listed(call, TRANSFER, values, '/v1/transfers', { destination, transfer_group }) };
      },
    }),
  ],
};
