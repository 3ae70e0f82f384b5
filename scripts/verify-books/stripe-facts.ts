/** What Stripe says, by its lists, which are exact at once. */
import type { Stripe } from 'stripe';
import type { Movement, ProviderFee, Testimony } from './facts.ts';

/** What Stripe shows, of one purchase or in all. */
export interface StripeFacts extends Testimony {
  readonly movements: readonly Movement[];
  readonly fees: readonly ProviderFee[];
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
  const [refunds, reversals] = await Promise.all([
    flat(captured, ({ id }) => all('refunds', stripe.refunds.list({ ...BOOKED_TWICE, charge: id }))),
    flat(transfers, ({ id }) => all('reversals', stripe.transfers.listReversals(id, BOOKED))),
  ]);
  return { ...assembled({ charges: captured, refunds, transfers, reversals }), strays: [] };
}

/** Everything that Stripe has about all purchases. @throws TooMuch */
export async function allStripeFacts(stripe: Stripe): Promise<StripeFacts> {
  const charges = (await all('charges', stripe.charges.list(BOOKED))).filter((charge) => charge.captured);
  const refunds = await all('refunds', stripe.refunds.list(BOOKED_TWICE));
  const transfers = await all('transfers', stripe.transfers.list(BOOKED));
  const reversed = transfers.filter(({ amount_reversed: amount }) => amount > 0);
  const reversals = await flat(reversed, ({ id }) => all('reversals', stripe.transfers.listReversals(id, BOOKED)));
  const booked = await all('balance transactions', stripe.balanceTransactions.list(PAGE));
  const known = new Set([charges, refunds, transfers, reversals].flatMap((some) => some.map(({ id }) => id)));
  const strays = booked
    .filter(({ type, source }) => type !== 'payout' && !known.has(idOf(source) ?? ''))
    .map(({ id, type, amount, currency }) => ({ id, type, text: `${amount} ${currency.toUpperCase()}` }));
  return { ...assembled({ charges, refunds, transfers, reversals }), strays };
}

const AT_ONCE = 8;

async function flat<T, U>(items: readonly T[], each: (item: T) => Promise<readonly U[]>): Promise<U[]> {
  const found: U[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    found.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(each))).flat());
  }
  return found;
}

interface Listed {
  readonly charges: readonly Stripe.Charge[];
  readonly refunds: readonly Stripe.Refund[];
  readonly transfers: readonly Stripe.Transfer[];
  readonly reversals: readonly Stripe.TransferReversal[];
}

function assembled({ charges, refunds, transfers, reversals }: Listed): Omit<StripeFacts, 'strays'> {
  const groupOfCharge = new Map(charges.map(({ id, transfer_group: group }) => [id, group]));
  const transferOf = new Map(transfers.map((transfer) => [transfer.id, transfer]));
  const movements: Movement[] = [
    ...charges.map((charge) =>
      movement('capture', charge, charge.amount_captured, charge.transfer_group, charge.payment_intent),
    ),
    ...refunds.flatMap((refund) => {
      const group = groupOfCharge.get(idOf(refund.charge) ?? '') ?? refund.metadata?.['purchaseId'] ?? null;
      const given = movement('refund', refund, refund.amount, group, refund.payment_intent);
      const cameBack = refund.status === 'failed' || refund.status === 'canceled';
      return cameBack
        ? [given, { ...given, kind: 'refund_came_back', booked: bookedOf(refund.failure_balance_transaction) } as const]
        : [given];
    }),
    ...transfers.map((transfer) =>
      movement('transfer', transfer, transfer.amount, transfer.transfer_group, transfer.destination),
    ),
    ...reversals.map((reversal) => {
      const transfer = transferOf.get(idOf(reversal.transfer) ?? '');
      return movement(
        'reversal',
        reversal,
        reversal.amount,
        transfer?.transfer_group ?? null,
        transfer?.destination ?? null,
      );
    }),
  ];
  const fees = charges.flatMap((charge): ProviderFee[] => {
    const booked = typeof charge.balance_transaction === 'object' ? charge.balance_transaction : null;
    if (booked === null || booked.fee === 0) return [];
    const { fee, currency } = booked;
    return [
      { source: charge.id, amount: BigInt(fee), currency: currency.toUpperCase(), purchaseId: charge.transfer_group },
    ];
  });
  return { witness: 'Stripe', movements, fees };
}

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
