/** What a cancellation leaves to whom, by the policy that the purchase was made under. Pure. */

/** Who cancels early enough gets this part back. */
export interface CancellationTier {
  /** At least so long before the booking begins. */
  readonly beforeStartMs: number;
  /** The buyer's part, 0 to 10,000; the rest is the seller's, less the commission. */
  readonly refundBasisPoints: number;
}

/** How the price of a cancelled purchase is divided, in minor units; the two add up to the price. */
export interface CancellationSplit {
  readonly refund: number;
  readonly forSeller: number;
}

/**
 * @param price what was paid, minor units
 * @param tiers of the policy, from the earliest cancellation to the latest; none means everything back
 * @param by a seller who cancels gives everything back
 * @param aheadMs how long before the beginning it is cancelled
 * @param refundCap the most that the buyer's cancellation gives back, in basis points; see {@link refundShare}
 */
export function cancellationSplit(
  price: number,
  tiers: readonly CancellationTier[],
  by: 'buyer' | 'seller',
  aheadMs: number,
  refundCap: number = WHOLE,
): CancellationSplit {
  if (by === 'seller' || tiers.length === 0) return { refund: price, forSeller: 0 };
  const refundBasisPoints = refundShare(tiers, aheadMs, refundCap);
  const [refund, forSeller] = shares(price, [refundBasisPoints, WHOLE - refundBasisPoints]);
  return { refund, forSeller };
}

/**
 * What a cancellation by the buyer gives back, in basis points of the price. Moving a booking far ahead, and cancelling it
 * there, would bring back what the tiers had taken already: so when a buyer has it moved, what they could get back at that
 * moment is the most that they ever get.
 */
export function refundShare(tiers: readonly CancellationTier[], aheadMs: number, refundCap: number = WHOLE): number {
  if (tiers.length === 0) return WHOLE;
  return Math.min(refundCap, tiers.find(({ beforeStartMs }) => aheadMs >= beforeStartMs)?.refundBasisPoints ?? 0);
}

const WHOLE = 10_000;

/**
 * Divides an amount in proportion to weights, to the last unit: each gets its whole units, and what is left goes, unit by
 * unit, to the largest remainders, of equal ones to the first.
 * @param amount minor units, 0 or more
 * @param weights whole numbers, 0 or more, not all 0
 */
export function shares<const Weights extends readonly number[]>(
  amount: number,
  weights: Weights,
): { [Index in keyof Weights]: number } {
  const total = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  const parts = weights.map((weight, index) => {
    const product = BigInt(amount) * BigInt(weight);
    return { index, units: Number(product / total), remainder: product % total };
  });
  const left = amount - parts.reduce((sum, { units }) => sum + units, 0);
  const favoured = [...parts].sort((one, other) =>
    one.remainder === other.remainder ? one.index - other.index : one.remainder > other.remainder ? -1 : 1,
  );
  for (const part of favoured.slice(0, left)) part.units += 1;
  return parts.map(({ units }) => units) as { [Index in keyof Weights]: number };
}
