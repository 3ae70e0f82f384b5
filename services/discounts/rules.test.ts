import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DiscountStanding, type DiscountWish, discountFor, discountOn, normalisedCode } from './rules.ts';

const CODE: DiscountStanding = {
  currency: 'EUR',
  basisPoints: 1_000,
  amount: null,
  maximumAmount: null,
  minimumPrice: null,
  validFromMs: 100,
  validUntilMs: 200,
  maxUses: 10,
  maxUsesPerBuyer: 2,
  budget: 1_000,
  isDisabled: false,
  uses: 0,
  spent: 0,
};
const WISH: DiscountWish = { price: 2_500, currency: 'EUR', atMs: 150, usesOfBuyer: 0 };

describe('a code', () => {
  test.each([
    ['a part of the price', {}, {}, 250],
    ['rounded down', { basisPoints: 3_333 }, { price: 100 }, 33],
    ['of which there is a most', { maximumAmount: 99 }, {}, 99],
    ['a fixed amount', { basisPoints: null, amount: 700 }, {}, 700],
    ['from its first moment', {}, { atMs: 100 }, 250],
    ['not before it', {}, { atMs: 99 }, 'not_valid'],
    ['until before its end', {}, { atMs: 199 }, 250],
    ['no longer then', {}, { atMs: 200 }, 'not_valid'],
    ['not when it is disabled', { isDisabled: true }, {}, 'not_valid'],
    ['for its last use', { uses: 9 }, {}, 250],
    ['not for one more', { uses: 10 }, {}, 'used_up'],
    ['not for a buyer who had it as often as they can', {}, { usesOfBuyer: 2 }, 'used_by_you'],
    ['for the rest of its budget', { spent: 750 }, {}, 250],
    ['not for more than that', { spent: 751 }, {}, 'used_up'],
    ['not in another currency', {}, { currency: 'USD' }, 'not_for_this'],
    ['for its least price', { minimumPrice: 2_500 }, {}, 250],
    ['not for less', { minimumPrice: 2_501 }, {}, 'not_for_this'],
    ['not when it comes to nothing', { basisPoints: 1 }, { price: 9_999 }, 'not_for_this'],
    ['as long as a card can be charged the rest', { basisPoints: null, amount: 950 }, { price: 1_000 }, 950],
    ['not when it cannot', { basisPoints: null, amount: 951 }, { price: 1_000 }, 'not_for_this'],
  ] as const)('%s', (_what, standing, wish, given) => {
    expect(discountFor({ ...CODE, ...standing }, { ...WISH, ...wish })).toBe(given);
  });

  test('never gives more than it promised, nor a whole minor unit less', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99_999_999 }),
        fc.integer({ min: 1, max: 10_000 }),
        (price, basisPoints) => {
          const given = BigInt(discountOn(price, { basisPoints, amount: null, maximumAmount: null })) * 10_000n;
          const promised = BigInt(price) * BigInt(basisPoints);
          expect(given <= promised && promised - given < 10_000n).toBe(true);
        },
      ),
    );
  });

  test('is the same in upper and lower case', () => {
    expect(normalisedCode(' Spring-27 ')).toBe('SPRING-27');
  });
});
