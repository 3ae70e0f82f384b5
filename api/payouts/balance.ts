/** A seller's balance: what Wellpact has for them, and what they have at Stripe. */
import { z } from 'zod';
import type { UserId } from '../../contracts/ids.ts';
import { CURRENCIES, type Currency } from '../../contracts/money.ts';
import type { Database } from '../../platform/database.ts';
import type { Logger } from '../../platform/logging.ts';
import type { AccountBalance, Payouts } from '../../providers/payouts.ts';
import { ProviderError } from '../../providers/provider-error.ts';
import { sellerBooks } from '../../services/transactions/index.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { currency } from '../schemas.ts';

const amount = z.int();

export const balanceSchema = z
  .object({
    stripe: z.enum(['known', 'unavailable', 'no_account']).meta({
      description:
        '`unavailable`: Stripe does not answer at the moment; `available` and `pending` are null then, the rest is ours and true.',
    }),
    data: z.array(
      z.object({
        currency,
        available: amount.nullable().meta({
          description: 'At Stripe, and paid out next; below zero when more was taken back than was there.',
        }),
        pending: amount.nullable().meta({
          description: 'Yours, and on its way: `payable`, and what is at Stripe and not yet available.',
        }),
        payable: amount.meta({ description: 'The part of `pending` that is released and not yet sent to Stripe.' }),
        held: amount.meta({
          description: 'Paid by buyers and not released yet; the commission, and refunds, still come off.',
        }),
        owed: amount.meta({ description: 'What you owe Wellpact for refunds paid in your place.' }),
      }),
    ),
  })
  .meta({ id: 'Balance' });

export interface BalanceDeps {
  readonly database: Database;
  readonly payments: Pick<Payouts, 'getSellerBalance'>;
}

/** Stripe is not waited for any longer: our own part is worth showing without it. */
const STRIPE_WITHIN_MS = 3_000;

/** In every currency in which there is something; in all that Wellpact settles in when there is nothing at all. */
export async function balanceOf(
  { database, payments }: BalanceDeps,
  sellerId: UserId,
  log: Logger,
): Promise<z.input<typeof balanceSchema>> {
  const [books, accountId] = await Promise.all([sellerBooks(database, sellerId), payoutAccountOf(database, sellerId)]);
  const atStripe = accountId === undefined ? NOTHING : await askStripe(payments, accountId, log);
  const data = CODES.map((currency) => {
    const { held = 0, payable = 0, owed = 0 } = books.find((one) => one.currency === currency) ?? {};
    const available = atStripe && (atStripe.available[currency] ?? 0);
    const pending = atStripe && payable + (atStripe.pending[currency] ?? 0);
    return { currency, available, pending, payable, held, owed };
  });
  const filled = data.filter((one) => PARTS.some((part) => (one[part] ?? 0) !== 0));
  return {
    stripe: accountId === undefined ? 'no_account' : atStripe === null ? 'unavailable' : 'known',
    data: filled.length > 0 ? filled : data,
  };
}

const PARTS = ['available', 'pending', 'payable', 'held', 'owed'] as const;
const CODES = Object.keys(CURRENCIES) as Currency[];
const NOTHING: AccountBalance = { available: {}, pending: {} };

/** @returns null when Stripe does not answer, or not in time */
async function askStripe(
  payments: BalanceDeps['payments'],
  accountId: string,
  log: Logger,
): Promise<AccountBalance | null> {
  try {
    return await payments.getSellerBalance(accountId, STRIPE_WITHIN_MS);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    log.warn('the balance of an account could not be asked for', { error });
    return null;
  }
}
