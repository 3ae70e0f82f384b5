import { invalidRequest } from '../stripe-api/errors.ts';

interface CurrencyTerms {
  /** The least amount of a charge, in minor units. Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts */
  readonly minimum: number;
  /** Stripe's fee for a domestic card, in hundredths of a per cent plus minor units. Source: https://stripe.com/pricing by country. */
  readonly feeBasisPoints: number;
  readonly feeFixed: number;
  readonly symbol: string;
}

const terms = (minimum: number, feeBasisPoints: number, feeFixed: number, symbol: string): CurrencyTerms => ({
  minimum,
  feeBasisPoints,
  feeFixed,
  symbol,
});

/** The currencies in which the sandbox's platform charges and settles; it converts none into another. */
const CURRENCIES: Readonly<Record<string, CurrencyTerms>> = {
  eur: terms(50, 150, 25, '€'),
  gbp: terms(30, 150, 20, '£'),
  usd: terms(50, 290, 30, '$'),
  chf: terms(50, 290, 30, 'CHF '),
};

/** Stripe's greatest charge amount: eight digits. */
const MAX_AMOUNT = 99_999_999;

/**
 * The currency in lower case, as Stripe writes it.
 * @throws StripeError 400 for a currency in which the sandbox's platform cannot charge
 */
export function supportedCurrency(given: string): string {
  const currency = given.toLowerCase();
  if (!Object.hasOwn(CURRENCIES, currency)) {
    const all = Object.keys(CURRENCIES).join(', ');
    throw invalidRequest(
      `Invalid currency: ${given.slice(0, 10)}. Stripe currently supports these currencies: ${all}`,
      {
        param: 'currency',
      },
    );
  }
  return currency;
}

/** @throws StripeError 400 `amount_too_small` or `amount_too_large` */
export function checkChargeAmount(amount: number, currency: string): void {
  const least = CURRENCIES[currency]?.minimum ?? 1;
  if (amount < least) {
    throw invalidRequest(`Amount must be at least ${shownAmount(least, currency)} ${currency}`, {
      code: 'amount_too_small',
      param: 'amount',
    });
  }
  if (amount > MAX_AMOUNT) {
    throw invalidRequest(`Amount must be no more than ${shownAmount(MAX_AMOUNT, currency)}`, {
      code: 'amount_too_large',
      param: 'amount',
    });
  }
}

/** Stripe's fee for a captured charge, in minor units, rounded half up. */
export function processingFee(amount: number, currency: string): number {
  const { feeBasisPoints = 290, feeFixed = 30 } = CURRENCIES[currency] ?? {};
  return Math.min(amount, Math.floor((amount * feeBasisPoints + 5_000) / 10_000) + feeFixed);
}

/** What a formal dispute costs, in minor units of every currency here. Source: https://stripe.com/pricing. */
export const DISPUTE_FEE = 1_500;

/** An amount as messages show it: `€12.50`. */
export function shownAmount(amount: number, currency: string): string {
  return `${CURRENCIES[currency]?.symbol ?? ''}${(amount / 100).toFixed(2)}`;
}
