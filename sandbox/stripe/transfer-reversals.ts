import type { Stripe } from 'stripe';
import { findObject, type Stored } from '../store/objects.ts';
import { invalidRequest, noAccess, noSuchObject } from '../stripe-api/errors.ts';
import { newStripeId } from '../stripe-api/ids.ts';
import { anyKind, type Call, LIST_PARAMETERS, operation, type Resource } from '../stripe-api/operation.ts';
import { boolean, integer, mergedMetadata, metadata, text, type Values } from '../stripe-api/parameters.ts';
import { add, change, findByPath, listed, lockByPath, lockKnown, record, shown } from '../stripe-api/resources.ts';
import { ACCOUNT } from './accounts.ts';
import { lockHolding } from './balance.ts';
import { BALANCE_TRANSACTION, book } from './balance-transactions.ts';
import { shownAmount } from './currencies.ts';
import { takeBack } from './destination-payments.ts';
import { emit } from './events.ts';
import { TRANSFER_REVERSAL } from './reversal-kind.ts';
import { TRANSFER } from './transfers.ts';

const CREATE = {
  amount: integer({ min: 1 }),
  description: text(),
  metadata: metadata(),
  refund_application_fee: boolean(),
} as const;

async function createReversal(
  call: Call,
  transfer: Stored<Stripe.Transfer>,
  values: Values<typeof CREATE>,
): Promise<Stripe.TransferReversal> {
  const { currency } = transfer.body;
  const reversible = transfer.body.amount - transfer.body.amount_reversed;
  if (reversible === 0) {
    throw invalidRequest(`Transfer ${transfer.body.id} is already fully reversed.`, {
      code: 'transfer_already_reversed',
    });
  }
  const amount = values.amount ?? reversible;
  if (amount > reversible) {
    throw invalidRequest(
      `Reversal amount (${shownAmount(amount, currency)}) is greater than unreversed amount on transfer ` +
        `(${shownAmount(reversible, currency)})`,
      { param: 'amount' },
    );
  }
  const account = idOf(transfer.body.destination);
  const recipient = await findObject(call.tx, ACCOUNT, call.platform, account);
  if (recipient?.hidden.gone === true) throw noAccess(account);
  await checkRecipientBalance(call, account, amount, currency);
  const id = newStripeId('trr');
  // Money that was transferred before it became available comes back as it went: pending until the same day.
  const sent = await lockKnown(call, BALANCE_TRANSACTION, idOf(transfer.body.balance_transaction));
  const availableOn = Math.max(call.now, sent.body.available_on);
  const booked = await book(call, { movement: 'transfer_refund', amount, currency, source: id, availableOn });
  const payment = idOf(transfer.body.destination_payment ?? null);
  const refund = await takeBack(call, { account, payment, amount, availableOn });
  const reversal: Stripe.TransferReversal = {
    id,
    object: 'transfer_reversal',
    amount,
    balance_transaction: booked.id,
    created: call.now,
    currency,
    destination_payment_refund: refund,
    metadata: mergedMetadata({}, values.metadata),
    source_refund: null,
    transfer: transfer.body.id,
  };
  await add(call, TRANSFER_REVERSAL, reversal, {});
  const after = await change(call, transfer, {
    amount_reversed: transfer.body.amount_reversed + amount,
    reversed: amount === reversible,
  });
  await emit(call, 'transfer.reversed', await shown(call, TRANSFER, after));
  await record(call, { kind: 'reversal', id, amount, currency, transferGroup: transfer.body.transfer_group });
  return reversal;
}

/** A reversal is refused when the recipient has not got the money any more. */
async function checkRecipientBalance(call: Call, account: string, amount: number, currency: string): Promise<void> {
  const holding = await lockHolding(call, account, currency);
  if (holding.available + holding.pending < amount) {
    throw invalidRequest(
      'The recipient of this transfer has insufficient funds in their Stripe balance to reverse it.',
      {
        code: 'balance_insufficient',
      },
    );
  }
}

/** The id in a member that could also hold the expanded object; stored objects always hold ids. */
function idOf(reference: string | { id: string } | null): string {
  if (reference === null)
    throw new Error('A stored transfer names its destination, its payment and its balance transaction');
  return typeof reference === 'string' ? reference : reference.id;
}

const UPDATE = { metadata: metadata() } as const;

async function reversalByPath(
  call: Call,
  path: Readonly<Record<string, string>>,
  lock: boolean,
): Promise<Stored<Stripe.TransferReversal>> {
  const found = await findByPath(call, TRANSFER_REVERSAL, path, 'id', { lock });
  if (found.body.transfer !== path['transfer']) throw noSuchObject(TRANSFER_REVERSAL.noun, path['id'] ?? '', 'id');
  return found;
}

export const transferReversals: Resource = {
  kinds: [anyKind(TRANSFER_REVERSAL)],
  operations: [
    operation({
      method: 'POST',
      path: '/v1/transfers/{id}/reversals',
      returns: { kind: 'transfer_reversal', list: false },
      parameters: CREATE,
      handle: async (call, values, path) => ({
        answer: await createReversal(call, await lockByPath(call, TRANSFER, path, 'id'), values),
      }),
    }),
    operation({
      method: 'GET',
      path: '/v1/transfers/{transfer}/reversals/{id}',
      returns: { kind: 'transfer_reversal', list: false },
      parameters: {},
      handle: async (call, _values, path) => ({ answer: (await reversalByPath(call, path, false)).body }),
    }),
    operation({
      method: 'POST',
      path: '/v1/transfers/{transfer}/reversals/{id}',
      returns: { kind: 'transfer_reversal', list: false },
      parameters: UPDATE,
      handle: async (call, values, path) => {
        const stored = await reversalByPath(call, path, true);
        const after = await change(call, stored, {
          metadata: mergedMetadata(stored.body.metadata ?? {}, values.metadata),
        });
        return { answer: after.body };
      },
    }),
    operation({
      method: 'GET',
      path: '/v1/transfers/{id}/reversals',
      returns: { kind: 'transfer_reversal', list: true },
      parameters: LIST_PARAMETERS,
      handle: async (call, values, path) => {
        const transfer = await findByPath(call, TRANSFER, path, 'id');
        const url = `/v1/transfers/${transfer.body.id}/reversals`;
        return { answer: await listed(call, TRANSFER_REVERSAL, values, url, { transfer: transfer.body.id }) };
      },
    }),
  ],
};
