/** What a discount code gives, and when it gives nothing. Pure. */
import { CURRENCIES, type Currency } from '../../contracts/money.ts';

/** What a code promises. Amounts in minor units of its currency, instants in milliseconds since 1970; null is no limit. */
export interface DiscountTerms {
  readonly currency: Currency;
  /** Either this part of the price, 1 to 10,000, rounded down to the minor unit … */
  readonly basisPoints: number | null;
  /** … or this amount. */
  readonly amount: number | null;
  /** The most that it gives. */
  readonly maximumAmount: number | null;
  /** The least that has to be bought for. */
  readonly minimumPrice: number | null;
  readonly validFromMs: number;
  readonly validUntilMs: number | null;
  readonly maxUses: number | null;
  readonly maxUsesPerBuyer: number | null;
  /** The most that all its uses together give. */
  readonly budget: number | null;
}

/** A code, and what was made of it. */
export interface DiscountStanding extends DiscountTerms {
  readonly isDisabled: boolean;
  readonly uses: number;
  /** What its uses give, minor units. */
  readonly spent: number;
}

/** A purchase that it is to be used for. */
export interface DiscountWish {
  /** What it costs, minor units. */
  readonly price: number;
  readonly currency: string;
  readonly atMs: number;
  /** How often this buyer used the code. */
  readonly usesOfBuyer: number;
}

export type DiscountRefusal = 'unknown' | 'not_valid' | 'not_for_this' | 'used_up' | 'used_by_you';

/** What somebody is told whose code is not taken. */
export const DISCOUNT_REFUSALS = {
  unknown: { code: 'DISCOUNT_UNKNOWN', message: 'There is no such discount code. Look at how it is spelled.' },
  not_valid: { code: 'DISCOUNT_NOT_VALID', message: 'This discount code is not valid at the moment.' },
  not_for_this: {
    code: 'DISCOUNT_NOT_FOR_THIS',
    message: 'This discount code is not for something of this price or currency.',
  },
  used_up: { code: 'DISCOUNT_USED_UP', message: 'This discount code is used up.' },
  used_by_you: { code: 'DISCOUNT_USED_BY_YOU', message: 'You have used this discount code as often as you can.' },
} as const satisfies Readonly<Record<DiscountRefusal, { code: string; message: string }>>;

/** Codes are the same in upper and lower case. */
export const normalisedCode = (code: string): string => code.trim().toUpperCase();

/**
 * What a code gives for a purchase: never more than promised, and so much that the card can still be charged the rest.
 * @returns minor units, 1 or more; or why it is not taken
 */
export function discountFor(standing: DiscountStanding, wish: DiscountWish): number | DiscountRefusal {
  const { isDisabled, validFromMs, validUntilMs, maxUses, maxUsesPerBuyer, budget, uses, spent, currency } = standing;
  const { atMs } = wish;
  if (isDisabled || atMs < validFromMs || (validUntilMs !== null && atMs >= validUntilMs)) return 'not_valid';
  if (maxUses !== null && uses >= maxUses) return 'used_up';
  if (maxUsesPerBuyer !== null && wish.usesOfBuyer >= maxUsesPerBuyer) return 'used_by_you';
  if (wish.currency !== currency || wish.price < (standing.minimumPrice ?? 0)) return 'not_for_this';
  const amount = discountOn(wish.price, standing);
  if (amount === 0 || wish.price - amount < CURRENCIES[currency].minimumCharge) return 'not_for_this';
  return budget !== null && spent + amount > budget ? 'used_up' : amount;
}

/** What its promise comes to for a price, minor units. */
export function discountOn(
  price: number,
  { basisPoints, amount, maximumAmount }: Pick<DiscountTerms, 'basisPoints' | 'amount' | 'maximumAmount'>,
): number {
  const promised = amount ?? Number((BigInt(price) * BigInt(basisPoints ?? 0)) / 10_000n);
  return Math.min(promised, maximumAmount ?? promised);
}
