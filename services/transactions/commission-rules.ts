/** What Wellpact keeps of a purchase: by category, with bounds, and less during a promotion. Pure. */
import type { Currency } from '../../contracts/money.ts';
import type { CommissionRate } from './money.ts';

/** One line of the table; the bounds are minor units, by currency. */
export interface CommissionRule {
  /** 0 to 10,000. */
  readonly basisPoints: number;
  readonly minimum: Amounts;
  readonly maximum: Amounts;
}
type Amounts = Readonly<{ [Of in Currency]?: number | undefined }>;

/** Takes the place of a category's line from its beginning until before its end; milliseconds since 1970. */
export interface CommissionPromotion extends CommissionRule {
  /** Every category, unless it names one. */
  readonly category?: string | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The part of the policy that says it. */
export interface CommissionTable {
  readonly standard: CommissionRule;
  /** By category of the listing. */
  readonly categories: Readonly<Record<string, CommissionRule | undefined>>;
  readonly promotions: readonly CommissionPromotion[];
}

/** What is sold, as far as it matters for the rate. */
export interface CommissionedListing {
  readonly category: string;
  readonly currency: Currency;
}

/** The rate of a purchase that is opened now: its terms keep it, whatever the policy says later. */
export function commissionRateFor(
  { standard, categories, promotions }: CommissionTable,
  { category, currency }: CommissionedListing,
  atMs: number,
): CommissionRate {
  const promotion = promotions.find(
    ({ category: only, fromMs, untilMs }) => (only ?? category) === category && fromMs <= atMs && atMs < untilMs,
  );
  const { basisPoints, minimum, maximum } = promotion ?? categories[category] ?? standard;
  return {
    basisPoints,
    ...(minimum[currency] !== undefined && { minimum: minimum[currency] }),
    ...(maximum[currency] !== undefined && { maximum: maximum[currency] }),
  };
}
