import type { Stripe } from 'stripe';
import { findObject } from '../store/objects.ts';
import { type Call, operation, type Resource } from '../stripe-api/operation.ts';
import { ACCOUNT } from './accounts.ts';
import { TRUE_CURRENCY, TRUE_NET } from './balance-transactions.ts';

/** What an account holds in one currency, in minor units. */
export interface Holding {
  readonly currency: string;
  readonly available: number;
  readonly pending: number;
}

/** Sums of everything booked on an account, by currency. */
async function holdings(call: Call, account: string): Promise<readonly Holding[]> {
  const found = await call.tx.query<{ currency: string; available: string; pending: string }>(
    `SELECT ${TRUE_CURRENCY} AS currency,
            coalesce(sum(${TRUE_NET}) FILTER (WHERE (body->>'available_on')::bigint <= $2), 0) AS available,
            coalesce(sum(${TRUE_NET}) FILTER (WHERE (body->>'available_on')::bigint > $2), 0) AS pending
     FROM sandbox.objects WHERE owner = $1 AND kind = 'balance_transaction' GROUP BY 1 ORDER BY 1`,
    [account, call.now],
  );
  return found.rows.map((row) => ({
    currency: row.currency,
    available: Number(row.available),
    pending: Number(row.pending),
  }));
}

/**
 * What an account holds in one currency, with other spenders of that balance kept waiting until this call ends:
 * two transfers at once must not both spend the last of it.
 */
export async function lockHolding(call: Call, account: string, currency: string): Promise<Holding> {
  await call.tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('balance ' || $1, 0))`, [account]);
  const all = await holdings(call, account);
  return all.find((holding) => holding.currency === currency) ?? { currency, available: 0, pending: 0 };
}

async function balanceOf(call: Call): Promise<Stripe.Balance> {
  const booked = await holdings(call, call.account);
  const account = await findObject(call.tx, ACCOUNT, call.platform, call.account);
  const shown =
    booked.length > 0 ? booked : [{ currency: account?.body.default_currency ?? 'eur', available: 0, pending: 0 }];
  const amounts = (part: 'available' | 'pending') =>
    shown.map((holding) => ({
      amount: holding[part],
      currency: holding.currency,
      source_types: { card: holding[part] },
    }));
  return {
    object: 'balance',
    available: amounts('available'),
    ...(call.account === call.platform && {
      connect_reserved: shown.map(({ currency }) => ({ amount: 0, currency })),
    }),
    livemode: false,
    pending: amounts('pending'),
  };
}

export const balance: Resource = {
  kinds: [],
  operations: [
    operation({
      method: 'GET',
      path: '/v1/balance',
      returns: { kind: 'balance', list: false },
      parameters: {},
      handle: async (call) => ({ answer: await balanceOf(call) }),
    }),
  ],
};
