/** Our balance at Stripe, line by line. */
import type { Stripe } from 'stripe';
import type { BalanceLine, Payments } from './payments.ts';
import { ProviderError } from './provider-error.ts';
import { asked, required } from './stripe-calls.ts';

const PAGE = 100;

export function stripeBalance(stripe: Stripe): Pick<Payments, 'listBalanceLines' | 'getBalanceLine'> {
  return {
    listBalanceLines: ({ after, ...filter }) =>
      asked(async () => {
        const page = await stripe.balanceTransactions.list({
          limit: PAGE,
          ...(after !== undefined && { starting_after: after }),
          ...('source' in filter
            ? { source: filter.source }
            : { created: { gte: Math.floor(filter.fromMs / 1_000), lt: Math.floor(filter.untilMs / 1_000) } }),
        });
        return { lines: page.data.map(toLine), hasMore: page.has_more };
      }),
    getBalanceLine: async (lineId) => {
      try {
        return await asked(async () => toLine(await stripe.balanceTransactions.retrieve(lineId)));
      } catch (error) {
        if (error instanceof ProviderError && error.kind === 'not_found') return undefined;
        throw error;
      }
    },
  };
}

function toLine(given: Stripe.BalanceTransaction): BalanceLine {
  const { id, source, reporting_category, amount, fee, currency, created } = required(given);
  return {
    id,
    source: typeof source === 'object' ? (source?.id ?? null) : source,
    category: reporting_category,
    amount,
    fee,
    currency: currency.toUpperCase(),
    createdMs: created * 1_000,
  };
}
