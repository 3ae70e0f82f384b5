/** An amount of money: a whole number of the currency's minor units (cents, pence, yen) and its ISO 4217 code. */
export interface Money {
  readonly amount: number;
  readonly currency: Currency;
}

/**
 * The currencies Wellpact settles in: upper-case ISO 4217. A listing can only be priced in one of these.
 * `minimumCharge` is the smallest amount, in minor units, that Stripe accepts
 * (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
 */
export const CURRENCIES = {
  EUR: { minimumCharge: 50 },
  GBP: { minimumCharge: 30 },
  USD: { minimumCharge: 50 },
  CHF: { minimumCharge: 50 },
} as const satisfies Record<string, { minimumCharge: number }>;

export type Currency = keyof typeof CURRENCIES;

/** Stripe accepts amounts of at most eight digits in these currencies. */
export const MAXIMUM_CHARGE = 99_999_999;

/** `12.50`, from minor units: every currency that Wellpact settles in has two decimals. */
export function decimalText(amountMinor: number): string {
  const digits = String(Math.abs(amountMinor)).padStart(3, '0');
  return `${amountMinor < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
