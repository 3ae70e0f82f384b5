/** What Stripe says, by its lists, which are exact at once. */
import type { Stripe } from 'stripe';
import { sum } from './arithmetic.ts';
import type { Movement, ProviderDispute, ProviderFee, Testimony } from './facts.ts';
import { flat } from './lists.ts';

/** What Stripe shows, of one purchase or in all. */
export interface StripeFacts extends Testimony {
  readonly movements: readonly Movement[];
  readonly fees: readonly ProviderFee[];
  readonly disputes: readonly ProviderDispute[];
  /** What moved our balance and belongs to nothing that was listed; looked for only when all is. */
  readonly strays: readonly { readonly id: string; readonly type: string; readonly text: string }[];
}

/** More than these are not looked through in one go: then nobody knows what was missed. */
const MAX_OBJECTS = 500_000;

export class TooMuch extends Error {
  override name = 'TooMuch';
}

async function all<T>(what: string, list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) {
    if (items.push(item) > MAX_OBJECTS) throw new TooMuch(`Stripe has more than ${MAX_OBJECTS} ${what}.`);
  }
  return items;
}

const PAGE = { limit: 100 } as const;
const BOOKED = { ...PAGE, expand: ['data.balance_transaction'] };
const BOOKED_TWICE = { ...PAGE, expand: ['data.balance_transaction', 'data.failure_balance_transaction'] };

/** Everything that Stripe has about one purchase. */
export async function stripeFactsOf(stripe: Stripe, purchaseId: string): Promise<StripeFacts> {
  const group = { transfer_group: purchaseId };
  const [charges, transfers] = await Promise.all([
    all('charges', stripe.charges.list({ ...BOOKED, ...group })),
    all('transfers', stripe.transfers.list({ ...BOOKED, ...group })),
  ]);
  const captured = charges.filter((charge) => charge.captured);
  const [refunds, reversals, disputes] = await Promise.all([
    flat(captured, ({ id }) => all('refunds', stripe.refunds.list({ ...BOOKED_TWICE, charge: id }))),
    flat(transfers, ({ id }) => all('reversals', stripe.transfers.listReversals(id, BOOKED))),
    flat(captured, ({ id }) => all('disputes', stripe.disputes.list({ ...PAGE, charge: id }))),
  ]);
  return { ...assembled({ charges: captured, refunds, transfers, reversals, disputes }), strays: [] };
}

/** Everything that Stripe has about all purchases. @throws TooMuch */
export async function allStripeFacts(stripe: Stripe): Promise<StripeFacts> {
  const everyCharge = await all('charges', stripe.charges.list(BOOKED));
  const charges = everyCharge.filter(({ captured }) => captured);
  const uncaptured = new Set(everyCharge.filter(({ captured }) => !captured).map(({ id }) => id));
  // An authorisation that is given back is a refund to Stripe, too: of money that was never taken.
  const refunds = (await all('refunds', stripe.refunds.list(BOOKED_TWICE))).filter(
    ({ charge }) => !uncaptured.has(idOf(charge) ?? ''),
  );
  const transfers = await all('transfers', stripe.transfers.list(BOOKED));
  const reversed = transfers.filter(({ amount_reversed: amount }) => amount > 0);
  const reversals = await flat(reversed, ({ id }) => all('reversals', stripe.transfers.listReversals(id, BOOKED)));
  const disputes = await all('disputes', stripe.disputes.list(PAGE));
  const booked = await all('balance transactions', stripe.balanceTransactions.list(PAGE));
  const known = new Set([charges, refunds, transfers, reversals, disputes].flatMap((some) => some.map(({ id }) => id)));
  const strays = booked
    .filter(({ type, source }) => type !== 'payout' && !known.has(idOf(source) ?? ''))
    .map(({ id, type, amount, currency }) => ({ id, type, text: `${amount} ${currency.toUpperCase()}` }));
  return { ...assembled({ charges, refunds, transfers, reversals, disputes }), strays };
}

interface Listed {
  readonly charges: readonly Stripe.Charge[];
  readonly refunds: readonly Stripe.Refund[];
  readonly transfers: readonly Stripe.Transfer[];
  readonly reversals: readonly Stripe.TransferReversal[];
  readonly disputes: readonly Stripe.Dispute[];
}

function assembled({ charges, refunds, transfers, reversals, disputes }: Listed): Omit<StripeFacts, 'strays'> {
  const groupOfCharge = new Map(charges.map(({ id, transfer_group: group }) => [id, group]));
  const transferOf = new Map(transfers.map((transfer) => [transfer.id, transfer]));
  const groupOf = (charge: string | { readonly id: string } | null): string | null =>
    groupOfCharge.get(idOf(charge) ?? '') ?? null;
  const movements: Movement[] = [
    ...charges.map((charge) =>
      movement('capture', charge, charge.amount_captured, charge.transfer_group, charge.payment_intent),
    ),
    ...refunds.flatMap((refund) => ofRefund(refund, groupOf(refund.charge))),
    ...transfers.map((transfer) =>
      movement('transfer', transfer, transfer.amount, transfer.transfer_group, transfer.destination),
    ),
    ...reversals.map((reversal) => {
      const transfer = transferOf.get(idOf(reversal.transfer) ?? '');
      const group = transfer?.transfer_group ?? null;
      return movement('reversal', reversal, reversal.amount, group, transfer?.destination ?? null);
    }),
    ...disputes.flatMap((dispute) => ofDispute(dispute, groupOf(dispute.charge))),
  ];
  const fees = [
    ...charges.flatMap(({ id, balance_transaction: booked, transfer_group: group }) =>
      booked !== null && typeof booked === 'object' ? [fee(id, booked, group)] : [],
    ),
    ...disputes.flatMap(({ id, charge, balance_transactions: booked }) =>
      booked.map((one) => fee(id, one, groupOf(charge))),
    ),
  ];
  return {
    witness: 'Stripe',
    movements,
    fees: fees.filter(({ amount }) => amount !== 0n),
    disputes: disputes.map((dispute) => standOf(dispute, groupOf(dispute.charge))),
  };
}

function standOf({ id, status, balance_transactions: booked }: Stripe.Dispute, group: string | null): ProviderDispute {
  const amounts = booked.map(({ amount }) => BigInt(amount));
  return {
    id,
    status,
    withdrawn: -sum(amounts.filter((amount) => amount < 0n)),
    reinstated: sum(amounts.filter((amount) => amount > 0n)),
    purchaseId: group,
  };
}

function ofRefund(refund: Stripe.Refund, groupOfCharge: string | null): Movement[] {
  const group = groupOfCharge ?? refund.metadata?.['purchaseId'] ?? null;
  const given = {
    ...movement('refund', refund, refund.amount, group, refund.payment_intent),
    status: refund.status,
  };
  if (refund.status !== 'failed' && refund.status !== 'canceled') return [given];
  return [given, { ...given, kind: 'refund_came_back', booked: bookedOf(refund.failure_balance_transaction) }];
}

/** A dispute says itself what moved for it: its amount alone says nothing. */
function ofDispute(dispute: Stripe.Dispute, group: string | null): Movement[] {
  return dispute.balance_transactions.map((booked) => {
    const object = { id: dispute.id, currency: booked.currency, balance_transaction: booked };
    const kind = booked.amount < 0 ? 'withdrawn' : 'reinstated';
    return movement(kind, object, Math.abs(booked.amount), group, dispute.payment_intent);
  });
}

const fee = (source: string, { fee, currency }: Stripe.BalanceTransaction, purchaseId: string | null): ProviderFee => ({
  source,
  amount: BigInt(fee),
  currency: currency.toUpperCase(),
  purchaseId,
});

interface MovedObject {
  readonly id: string;
  readonly currency: string;
  readonly metadata?: Stripe.Metadata | null;
  readonly balance_transaction: string | Stripe.BalanceTransaction | null;
}

function movement(
  kind: Movement['kind'],
  object: MovedObject,
  amount: number,
  group: string | null,
  counterpart: string | { readonly id: string } | null,
): Movement {
  return {
    kind,
    id: object.id,
    amount: BigInt(amount),
    currency: object.currency.toUpperCase(),
    purchaseId: group,
    step: object.metadata?.['step'] ?? null,
    counterpart: idOf(counterpart),
    booked: bookedOf(object.balance_transaction),
  };
}

/** What moved on our balance for it, whichever way; null when nothing has yet. */
function bookedOf(transaction: string | Stripe.BalanceTransaction | null | undefined): bigint | null {
  if (transaction === null || typeof transaction !== 'object') return null;
  return BigInt(Math.abs(transaction.amount));
}

const idOf = (reference: string | { readonly id: string } | null | undefined): string | null =>
  typeof reference === 'string' ? reference : (reference?.id ?? null);
