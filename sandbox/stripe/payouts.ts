import type { Stripe } from 'stripe';
import { findObject } from '../store/objects.ts';
import { invalidRequest } from '../stripe-api/errors.ts';
import {
  anyKind,
  type Call,
  CREATED_PARAMETER,
  LIST_PARAMETERS,
  operation,
  type Resource,
} from '../stripe-api/operation.ts';
import { integer, mergedMetadata, metadata, oneOf, required, text, type Values } from '../stripe-api/parameters.ts';
import { change, findByPath, listed, lockByPath } from '../stripe-api/resources.ts';
import { ACCOUNT } from './accounts.ts';
import { lockHolding } from './balance.ts';
import { supportedCurrency } from './currencies.ts';
import { emit } from './events.ts';
import { PAYOUT, PAYOUT_STATUSES, type StoredPayout } from './payout-kind.ts';
import { addPayout, bankOf, canBecome, movePayout } from './payout-steps.ts';

const CREATE = {
  amount: required(integer({ min: 1 })),
  currency: required(text(3)),
  description: text(),
  destination: text(),
  metadata: metadata(),
  method: oneOf(['standard']),
  source_type: oneOf(['bank_account', 'card', 'fpx']),
  statement_descriptor: text(22),
} as const;

async function createPayout(call: Call, values: Values<typeof CREATE>): Promise<Stripe.Payout> {
  const currency = supportedCurrency(values.currency);
  const bank = call.account === call.platform ? null : await usableBank(call, currency, values.destination);
  if (bank === null && values.destination !== undefined) {
    throw invalidRequest(`No such external account: '${values.destination}'`, {
      code: 'resource_missing',
      param: 'destination',
    });
  }
  const holding = await lockHolding(call, call.account, currency);
  if (holding.available < values.amount) {
    throw invalidRequest(
      'You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. ' +
        'You can use the /v1/balance endpoint to view your Stripe balance.',
      { code: 'balance_insufficient' },
    );
  }
  const payout = await addPayout(call, {
    account: call.account,
    amount: values.amount,
    currency,
    automatic: false,
    bank,
    description: values.description,
    metadata: mergedMetadata({}, values.metadata),
    statementDescriptor: values.statement_descriptor,
  });
  return payout.body;
}

/** The connected account's bank account, when payouts in this currency can go there. @throws StripeError 400 */
async function usableBank(call: Call, currency: string, destination: string | undefined): Promise<Stripe.BankAccount> {
  const account = await findObject(call.tx, ACCOUNT, call.platform, call.account, { lock: true });
  if (account?.body.payouts_enabled !== true) {
    throw invalidRequest('Payouts of this account are disabled: its requirements say what is missing.', {
      code: 'payouts_not_allowed',
    });
  }
  const bank = bankOf(account);
  if (destination !== undefined && destination !== bank?.id) {
    throw invalidRequest(`No such external account: '${destination}'`, {
      code: 'resource_missing',
      param: 'destination',
    });
  }
  if (bank === undefined || bank.currency !== currency) {
    throw invalidRequest(`Sorry, you don't have any external accounts in that currency (${currency}).`);
  }
  if (bank.status === 'errored') {
    throw invalidRequest(
      'The bank account provided cannot be used for payouts at this time. A different bank account must be used.',
      { code: 'bank_account_unusable', param: 'destination' },
    );
  }
  return bank;
}

async function cancelPayout(call: Call, payout: StoredPayout): Promise<Stripe.Payout> {
  if (payout.body.automatic || !canBecome(payout, 'canceled')) {
    throw invalidRequest(
      payout.body.automatic
        ? 'Automatic payouts cannot be canceled.'
        : `Payouts can be canceled only while they are pending; this one is ${payout.body.status}.`,
      { code: 'payout_unexpected_state' },
    );
  }
  return (await movePayout(call, payout, 'canceled')).body;
}

async function updatePayout(
  call: Call,
  payout: StoredPayout,
  given: Parameters<typeof mergedMetadata>[1],
): Promise<Stripe.Payout> {
  const after = await change(call, payout, { metadata: mergedMetadata(payout.body.metadata ?? {}, given) });
  await emit(call, 'payout.updated', after.body, { previous: payout.body });
  return after.body;
}

const ONE = { kind: 'payout', list: false } as const;

export const payouts: Resource = {
  kinds: [anyKind(PAYOUT)],
  operations: [
    operation({
      method: 'POST',
      path: '/v1/payouts',
      returns: ONE,
      parameters: CREATE,
      unmodelled: ['payout_method'],
      handle: async (call, values) => ({ answer: await createPayout(call, values) }),
    }),
    operation({
      method: 'GET',
      path: '/v1/payouts/{payout}',
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => ({ answer: (await findByPath(call, PAYOUT, path, 'payout')).body }),
    }),
    operation({
      method: 'POST',
      path: '/v1/payouts/{payout}',
      returns: ONE,
      parameters: { metadata: metadata() },
      handle: async (call, values, path) => ({
        answer: await updatePayout(call, await lockByPath(call, PAYOUT, path, 'payout'), values.metadata),
      }),
    }),
    operation({
      method: 'POST',
      path: '/v1/payouts/{payout}/cancel',
      returns: ONE,
      parameters: {},
      handle: async (call, _values, path) => ({
        answer: await cancelPayout(call, await lockByPath(call, PAYOUT, path, 'payout')),
      }),
    }),
    operation({
      method: 'GET',
      path: '/v1/payouts',
      returns: { kind: 'payout', list: true },
      parameters: { ...LIST_PARAMETERS, ...CREATED_PARAMETER, destination: text(), status: oneOf(PAYOUT_STATUSES) },
      unmodelled: ['arrival_date'],
      handle: async (call, values) => {
        const { destination, status } = values;
        return { answer: await listed(call, PAYOUT, values, '/v1/payouts', { destination, status }) };
      },
    }),
  ],
};
