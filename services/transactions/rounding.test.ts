/** Dividing and rounding money, for any amount there can be: exact, fair, and never by way of a fraction. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CURRENCIES, type Currency } from '../../contracts/money.ts';
import { cancellationSplit, shares } from './cancellation-rules.ts';
import { applyMoves, commissionOn, EMPTY_BOOKS, imbalance, releaseMoves } from './money.ts';

/** What a purchase can cost, in minor units, and beyond: products with weights leave the whole numbers of a float. */
const amounts = fc.oneof(
  fc.integer({ min: 0, max: 99_999_999 }),
  fc.maxSafeInteger().map(Math.abs),
  fc.constantFrom(0, 1, 99_999_999, Number.MAX_SAFE_INTEGER),
);
const weights = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 10_000 }), fc.maxSafeInteger().map(Math.abs)), {
    minLength: 1,
    maxLength: 12,
  })
  .filter((all) => all.some((weight) => weight > 0));
const basisPoints = fc.integer({ min: 0, max: 10_000 });
const currencies = fc.constantFrom(...(Object.keys(CURRENCIES) as Currency[]));

const sum = (parts: readonly number[]): bigint => parts.reduce((total, part) => total + BigInt(part), 0n);

describe('shares', () => {
  test('add up to the amount, each whole and not negative', () => {
    fc.assert(
      fc.property(amounts, weights, (amount, all) => {
        const parts = shares(amount, all);
        expect(sum(parts)).toBe(BigInt(amount));
        expect(parts.every((part) => Number.isSafeInteger(part) && part >= 0)).toBe(true);
      }),
    );
  });

  test('are less than one unit from what is exact; who weighs nothing gets nothing', () => {
    fc.assert(
      fc.property(amounts, weights, (amount, all) => {
        const total = sum(all);
        for (const [index, part] of shares(amount, all).entries()) {
          const weight = BigInt(all[index] ?? 0);
          const apart = BigInt(part) * total - BigInt(amount) * weight;
          expect(apart < total && apart > -total).toBe(true);
          if (weight === 0n) expect(part).toBe(0);
        }
      }),
    );
  });

  test('do not depend on the order: the same weights get the same units, up to one where they are equal', () => {
    fc.assert(
      fc.property(
        amounts,
        weights.chain((all) =>
          fc.tuple(
            fc.constant(all),
            fc.shuffledSubarray([...all.keys()], { minLength: all.length, maxLength: all.length }),
          ),
        ),
        (amount, [all, order]) => {
          const parts = shares(amount, all);
          const shuffled = shares(
            amount,
            order.map((index) => all[index] ?? 0),
          );
          for (const [place, index] of order.entries()) {
            const apart = Math.abs((shuffled[place] ?? 0) - (parts[index] ?? 0));
            // A last unit goes to the first of equal remainders, and only there does the order tell.
            expect(apart).toBeLessThanOrEqual(1);
          }
          const sorted = (list: readonly number[]): number[] => list.toSorted((a, b) => a - b);
          if (new Set(all).size === 1) expect(sorted(shuffled)).toEqual(sorted(parts));
          expect(sum(shuffled)).toBe(sum(parts));
        },
      ),
    );
  });

  test('never give more to who weighs less', () => {
    fc.assert(
      fc.property(amounts, weights, (amount, all) => {
        const parts = shares(amount, all);
        for (const [one, weight] of all.entries()) {
          for (const [other, less] of all.entries()) {
            if (weight > less) expect(parts[one] ?? 0).toBeGreaterThanOrEqual(parts[other] ?? 0);
          }
        }
      }),
    );
  });

  test('are right where a float is not', () => {
    // The product is beyond 2^53: a float of it has lost its last digits.
    expect(shares(Number.MAX_SAFE_INTEGER, [700, 9_300])).toEqual([630_503_947_831_869, 8_376_695_306_909_122]);
    expect(shares(100, [1, 1, 1])).toEqual([34, 33, 33]);
    expect(shares(0, [5, 3])).toEqual([0, 0]);
  });
});

describe('a commission', () => {
  test('is the exact product, rounded half up', () => {
    fc.assert(
      fc.property(amounts, basisPoints, (gross, points) => {
        const commission = commissionOn(gross, { basisPoints: points });
        expect(Number.isSafeInteger(commission)).toBe(true);
        const twiceApart = 2n * (BigInt(commission) * 10_000n - BigInt(gross) * BigInt(points));
        expect(twiceApart > -10_000n && twiceApart <= 10_000n).toBe(true);
      }),
    );
  });

  test('is never more than the gross, and grows with both', () => {
    fc.assert(
      fc.property(amounts, amounts, basisPoints, (one, other, points) => {
        const [less, more] = one < other ? [one, other] : [other, one];
        expect(commissionOn(less, { basisPoints: points })).toBeLessThanOrEqual(
          commissionOn(more, { basisPoints: points }),
        );
        expect(commissionOn(more, { basisPoints: points })).toBeLessThanOrEqual(more);
        expect(commissionOn(more, { basisPoints: 10_000 })).toBe(more);
        expect(commissionOn(more, { basisPoints: 0 })).toBe(0);
      }),
    );
  });
});

test('a captured amount that is split, released and sent is all there, in any currency', () => {
  fc.assert(
    fc.property(
      currencies,
      fc.integer({ min: 1, max: 99_999_999 }),
      basisPoints,
      basisPoints,
      (currency, price, back, rate) => {
        const tiers = [{ beforeStartMs: 0, refundBasisPoints: back }];
        const { refund, forSeller } = cancellationSplit(price, tiers, 'buyer', 1);
        expect(refund + forSeller, currency).toBe(price);
        const commission = commissionOn(forSeller, { basisPoints: rate });
        const moves = [
          { name: 'capture', amount: price },
          ...(refund > 0 ? ([{ name: 'refundHeld', amount: refund }] as const) : []),
          ...releaseMoves(forSeller, commission),
          ...(forSeller > commission ? ([{ name: 'transfer', amount: forSeller - commission }] as const) : []),
        ] as const;
        const books = applyMoves(EMPTY_BOOKS, moves);
        expect(imbalance(books)).toBe(0);
        expect(books.held + books.payable).toBe(0);
        expect(books.transferred + books.fees + books.refunded).toBe(price);
      },
    ),
  );
});
