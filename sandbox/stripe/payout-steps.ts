import type { Stripe } from 'stripe';
import { findObject, type Stored } from '../store/objects.ts';
import { newStripeId, randomText } from '../stripe-api/ids.ts';
import type { Call } from '../stripe-api/operation.ts';
import { add, change, lockKnown, record } from '../stripe-api/resources.ts';
import { type AccountHidden, FAILING_BANK } from './account-builder.ts';
import { ACCOUNT, applyToAccount } from './accounts.ts';
import { book } from './balance-transactions.ts';
import { emit } from './events.ts';
import {
  FAILURES,
  type FailureCode,
  PAYOUT,
  type PayoutHidden,
  type PayoutStatus,
  possibleFrom,
  type StoredPayout,
} from './payout-kind.ts';

const DAY_SECONDS = 24 * 60 * 60;
/** How long a payout can still be cancelled … */
const PENDING_SECONDS = DAY_SECONDS;
/** … and when its money is at the bank. */
const ARRIVAL_SECONDS = 2 * DAY_SECONDS;

export interface NewPayout {
  readonly account: string;
  readonly amount: number;
  readonly currency: string;
  readonly automatic: boolean;
  /** Null for the platform, whose own bank account the sandbox does not carry. */
  readonly bank: Stripe.BankAccount | null;
  readonly description?: string | undefined;
  readonly metadata?: Record<string, string>;
  readonly statementDescriptor?: string | undefined;
}

/** The bank account that payouts of an account go to; undefined when it has none. */
export function bankOf(account: Stored<Stripe.Account, AccountHidden>): Stripe.BankAccount | undefined {
  const [bank] = account.body.external_accounts?.data ?? [];
  return bank?.object === 'bank_account' ? bank : undefined;
}

/** Sends money of an account to its bank. The caller has locked the balance and knows that it covers the amount. */
export async function addPayout(call: Call, given: NewPayout): Promise<StoredPayout> {
  const { account, amount, currency, automatic, bank } = given;
  const id = newStripeId('po');
  const description = given.description ?? (automatic ? 'STRIPE PAYOUT' : null);
  const booked = await book(call, { movement: 'payout', amount: -amount, currency, source: id, account, description });
  const payout: Stripe.Payout = {
    id,
    object: 'payout',
    amount,
    application_fee: null,
    application_fee_amount: null,
    arrival_date: call.now + ARRIVAL_SECONDS,
    automatic,
    balance_transaction: booked.id,
    created: call.now,
    currency,
    description,
    destination: bank?.id ?? null,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: given.metadata ?? {},
    method: 'standard',
    original_payout: null,
    payout_method: null,
    reconciliation_status: automatic ? 'completed' : 'not_applicable',
    reversed_by: null,
    source_type: 'card',
    statement_descriptor: given.statementDescriptor ?? null,
    status: 'pending',
    trace_id: { status: 'pending', value: null },
    type: 'bank_account',
  };
  const next = { status: 'in_transit', at: call.now + PENDING_SECONDS } as const;
  const stored = await add<Stripe.Payout, PayoutHidden>(call, PAYOUT, payout, { next }, account);
  await emit(call, 'payout.created', payout, on(call, stored));
  await record(call, { kind: 'payout', id, amount, currency, account });
  return stored;
}

/** Events of a connected account's payouts go to the Connect endpoint. */
const on = (call: Call, { owner }: StoredPayout) => (owner === call.platform ? {} : { account: owner });

/** Whether a payout can still become this. */
export const canBecome = ({ body }: StoredPayout, status: PayoutStatus): boolean =>
  possibleFrom(body.status).includes(status);

/** A payout goes on. The caller has locked it and asked {@link canBecome}. */
export async function movePayout(
  call: Call,
  payout: StoredPayout,
  status: PayoutStatus,
  failure: FailureCode = 'no_account',
): Promise<StoredPayout> {
  if (status === 'failed') return fail(call, payout, failure);
  if (status === 'canceled') return cancel(call, payout);
  if (status === 'in_transit') {
    const next = { status: await outcomeOf(call, payout), at: payout.body.arrival_date };
    const sent = await change(call, payout, { status }, { next });
    await emit(call, 'payout.updated', sent.body, { ...on(call, payout), previous: payout.body });
    return sent;
  }
  const paid = await change(
    call,
    payout,
    { status: 'paid', trace_id: { status: 'supported', value: randomText(12).toUpperCase() } },
    { next: null },
  );
  await emit(call, 'payout.paid', paid.body, on(call, payout));
  await recordOf(call, paid, 'payout_paid');
  return paid;
}

/** How a payout ends by itself: the number of the bank account decides, as among Stripe's test numbers. */
async function outcomeOf(call: Call, { body, owner }: StoredPayout): Promise<'paid' | 'failed'> {
  const account = await findObject(call.tx, ACCOUNT, call.platform, owner);
  const bank = account && bankOf(account);
  return bank?.id === body.destination && bank?.last4 === FAILING_BANK ? 'failed' : 'paid';
}

async function cancel(call: Call, payout: StoredPayout): Promise<StoredPayout> {
  const canceled = await giveBack(call, payout, 'payout_cancel', {
    status: 'canceled',
    trace_id: { status: 'unsupported', value: null },
  });
  await emit(call, 'payout.canceled', canceled.body, on(call, payout));
  await recordOf(call, canceled, 'payout_canceled');
  return canceled;
}

/** The bank refuses the money or sends it back. It is on the account's balance again, and the bank account unusable. */
async function fail(call: Call, payout: StoredPayout, code: FailureCode): Promise<StoredPayout> {
  const failed = await giveBack(call, payout, 'payout_failure', {
    status: 'failed',
    failure_code: code,
    failure_message: FAILURES[code],
    trace_id: { status: 'unsupported', value: null },
  });
  await emit(call, 'payout.failed', failed.body, on(call, payout));
  await recordOf(call, failed, 'payout_failed');
  if (payout.owner !== call.platform) await disableBank(call, payout.owner, payout.body.destination);
  return failed;
}

async function giveBack(
  call: Call,
  payout: StoredPayout,
  movement: 'payout_cancel' | 'payout_failure',
  body: Partial<Stripe.Payout>,
): Promise<StoredPayout> {
  const { id, amount, currency } = payout.body;
  const booked = await book(call, { movement, amount, currency, source: id, account: payout.owner });
  return change(call, payout, { ...body, failure_balance_transaction: booked.id }, { next: null });
}

async function recordOf(call: Call, { body, owner }: StoredPayout, kind: string): Promise<void> {
  await record(call, { kind, id: body.id, amount: body.amount, currency: body.currency, account: owner });
}

/** No payout goes to that bank account any more until the person names another one. */
async function disableBank(call: Call, id: string, destination: Stripe.Payout['destination']): Promise<void> {
  const account = await lockKnown(call, ACCOUNT, id, call.platform);
  const bank = bankOf(account);
  if (bank === undefined || bank.id !== destination || account.body.external_accounts === undefined) return;
  const errored: Stripe.BankAccount = { ...bank, status: 'errored' };
  await emit(call, 'account.external_account.updated', errored, { account: id, previous: bank });
  const { external_accounts: banks } = account.body;
  await applyToAccount(
    call,
    account,
    { ...account.body, external_accounts: { ...banks, data: [errored, ...banks.data.slice(1)] } },
    account.hidden,
  );
}

/** Lets every payout go on whose time has come by the sandbox's clock, at most `limit` of them. Answers how many were due. */
export async function settleDuePayouts(call: Call, limit: number): Promise<number> {
  const due = await call.tx.query<{ id: string; owner: string }>(
    `SELECT id, owner FROM sandbox.objects
     WHERE kind = 'payout' AND (hidden #>> '{next,at}')::bigint <= $1 ORDER BY (hidden #>> '{next,at}')::bigint, sequence LIMIT $2`,
    [call.now, limit],
  );
  for (const { id, owner } of due.rows) {
    let payout = await lockKnown(call, PAYOUT, id, owner);
    // After a long step of the clock it is sent and arrives at once.
    while (payout.hidden.next !== null && payout.hidden.next.at <= call.now) {
      payout = await movePayout(call, payout, payout.hidden.next.status);
    }
  }
  return due.rows.length;
}
