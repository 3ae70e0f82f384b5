import type { Stripe } from 'stripe';
import { findObject, type Stored } from '../store/objects.ts';
import { noSuchObject } from '../stripe-api/errors.ts';
import type { Call } from '../stripe-api/operation.ts';
import { add, change, record } from '../stripe-api/resources.ts';
import {
  BALANCE_TRANSACTION,
  type BalanceTransactionHidden,
  buildBalanceTransaction,
  type MovementName,
} from './balance-transactions.ts';

/**
 * Lies about what was booked, for tests of whoever compares books with Stripe. Lists and retrieval tell the lie; balances,
 * payouts and everything else at Stripe go by the truth, which is kept beside it.
 */
export type StoredLine = Stored<Stripe.BalanceTransaction, BalanceTransactionHidden>;

/** Later than any clock gets. */
const NEVER = 8_640_000_000_000;

/** A line of any account, locked. @throws StripeError 404 */
export async function lockLine(call: Call, id: string): Promise<StoredLine> {
  const found = await findObject(call.tx, BALANCE_TRANSACTION, null, id, { lock: true });
  if (found === undefined) throw noSuchObject(BALANCE_TRANSACTION.noun, id, 'id');
  return found;
}

/** The line is not shown, until `seconds` from now: then it is, as one that was booked only then. For ever without. */
export async function conceal(call: Call, line: StoredLine, seconds: number | undefined): Promise<StoredLine> {
  const until = seconds === undefined ? NEVER : call.now + seconds;
  return tell(
    call,
    line,
    seconds === undefined ? 'lie_hidden' : 'lie_delayed',
    seconds === undefined ? {} : { created: until },
    until,
  );
}

/** The line is shown with another amount, fee or currency. */
export async function falsify(
  call: Call,
  line: StoredLine,
  shown: {
    readonly amount?: number | undefined;
    readonly fee?: number | undefined;
    readonly currency?: string | undefined;
  },
): Promise<StoredLine> {
  const { amount = line.body.amount, fee = line.body.fee, currency = line.body.currency } = shown;
  return tell(call, line, 'lie_changed', { amount, fee, currency, net: amount - fee });
}

export interface Invention {
  readonly movement: MovementName;
  readonly amount: number;
  readonly currency: string;
  readonly fee: number;
  /** An object that exists, or nothing. */
  readonly source: string | null;
  readonly account: string;
}

/** A line is shown for which nothing moved. */
export async function invent(call: Call, { account, ...shown }: Invention): Promise<StoredLine> {
  const body = buildBalanceTransaction(call, shown);
  const line = await add(call, BALANCE_TRANSACTION, body, { truth: { ...body, amount: 0, fee: 0, net: 0 } }, account);
  await noted(call, line, 'lie_added');
  return line;
}

/** The truth is told again: one that was invented disappears. */
export async function tellTruth(call: Call, line: StoredLine): Promise<StoredLine> {
  const { truth, concealedUntil: _until, ...hidden } = line.hidden;
  const invented = truth !== undefined && truth.amount === 0;
  const honest = {
    ...line,
    body: truth !== undefined && !invented ? truth : line.body,
    hidden: invented ? { ...hidden, truth, concealedUntil: NEVER } : hidden,
  };
  await change(call, honest, {});
  await noted(call, honest, 'lie_ended');
  return honest;
}

async function tell(
  call: Call,
  line: StoredLine,
  kind: string,
  body: Partial<Stripe.BalanceTransaction>,
  concealedUntil?: number,
): Promise<StoredLine> {
  const { truth = line.body } = line.hidden;
  const lie = await change(call, line, body, { truth, ...(concealedUntil !== undefined && { concealedUntil }) });
  await noted(call, lie, kind);
  return lie;
}

async function noted(call: Call, { body, owner }: StoredLine, kind: string): Promise<void> {
  await record(call, { kind, id: body.id, amount: body.amount, currency: body.currency, account: owner });
}
