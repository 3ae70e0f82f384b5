import fc from 'fast-check';
import { expect, test } from 'vitest';
import { taxesWithin } from './tax-rules.ts';

const vat = (basisPoints: number) => ({ name: 'VAT', country: 'DE', basisPoints });

test.each([
  [11_900, [1_900], 10_000, [1_900]],
  [2_500, [1_900], 2_101, [399]],
  [2_500, [810], 2_313, [187]],
  [1, [1_900], 1, [0]],
  [0, [1_900], 0, [0]],
  [2_500, [], 2_500, []],
  [12_500, [1_900, 600], 10_000, [1_900, 600]],
])('%i with %o within is %i and %o', (gross, rates, net, amounts) => {
  const taxed = taxesWithin(gross, rates.map(vat));
  expect([taxed.net, taxed.taxes.map(({ amount }) => amount)]).toEqual([net, amounts]);
});

test('net and taxes are the gross, and none is off by a whole unit', () => {
  const rates = fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.nat(99_999_999), rates, (gross, basisPoints) => {
      const { net, taxes } = taxesWithin(gross, basisPoints.map(vat));
      expect(taxes.reduce((sum, { amount }) => sum + amount, net)).toBe(gross);
      const whole = basisPoints.reduce((sum, each) => sum + each, 10_000);
      for (const { amount, basisPoints: rate } of taxes) {
        expect(Math.abs(amount - (gross * rate) / whole)).toBeLessThan(1);
      }
    }),
  );
});
