import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cancellationSplit, shares } from './cancellation-rules.ts';

const HOUR_MS = 60 * 60 * 1_000;
const MODERATE = [
  { beforeStartMs: 120 * HOUR_MS, refundBasisPoints: 10_000 },
  { beforeStartMs: 24 * HOUR_MS, refundBasisPoints: 5_000 },
  { beforeStartMs: 0, refundBasisPoints: 0 },
];

describe('a cancellation', () => {
  test.each([
    ['five days ahead', 120, { refund: 2_501, forSeller: 0 }],
    ['a moment later', 119.99, { refund: 1_251, forSeller: 1_250 }],
    ['a day ahead', 24, { refund: 1_251, forSeller: 1_250 }],
    ['an hour ahead', 1, { refund: 0, forSeller: 2_501 }],
  ])('by the buyer %s', (_when, hours, split) => {
    expect(cancellationSplit(2_501, MODERATE, 'buyer', hours * HOUR_MS)).toEqual(split);
  });

  test('by the seller gives everything back, however late', () => {
    expect(cancellationSplit(2_501, MODERATE, 'seller', 0)).toEqual({ refund: 2_501, forSeller: 0 });
  });

  test('of what the buyer had moved gives back no more than they could have had before it was', () => {
    expect(cancellationSplit(2_501, MODERATE, 'buyer', 500 * HOUR_MS, 5_000)).toEqual({
      refund: 1_251,
      forSeller: 1_250,
    });
    expect(cancellationSplit(2_501, MODERATE, 'buyer', 1 * HOUR_MS, 5_000)).toEqual({ refund: 0, forSeller: 2_501 });
    expect(cancellationSplit(2_501, MODERATE, 'seller', 1 * HOUR_MS, 0)).toEqual({ refund: 2_501, forSeller: 0 });
  });

  test('of goods gives everything back', () => {
    expect(cancellationSplit(2_501, [], 'buyer', Number.POSITIVE_INFINITY)).toEqual({ refund: 2_501, forSeller: 0 });
  });
});

describe('shares', () => {
  const weights = fc
    .array(fc.nat(10_000), { minLength: 1, maxLength: 10 })
    .filter((list) => list.some((weight) => weight > 0));

  test('add up to the amount, and none is a unit away from its exact part', () => {
    fc.assert(
      fc.property(fc.nat(99_999_999), weights, (amount, list) => {
        const parts = shares(amount, list);
        const total = list.reduce((sum, weight) => sum + weight, 0);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(amount);
        for (const [index, weight] of list.entries()) {
          expect(Math.abs((parts[index] ?? Number.NaN) - (amount * weight) / total)).toBeLessThan(1);
        }
      }),
    );
  });

  test('give what is left to the largest remainders, of equal ones to the first', () => {
    expect(shares(100, [1, 1, 1])).toEqual([34, 33, 33]);
    expect(shares(10, [5, 3, 3])).toEqual([4, 3, 3]);
    expect(shares(1, [0, 1])).toEqual([0, 1]);
  });
});
