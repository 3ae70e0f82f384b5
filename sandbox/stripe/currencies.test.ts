import { describe, expect, it } from 'vitest';
import { checkChargeAmount, processingFee, shownAmount, supportedCurrency } from './currencies.ts';

describe('currencies', () => {
  it.each([
    ['EUR', 50],
    ['GBP', 30],
    ['USD', 50],
    ['CHF', 50],
  ])('%s: a charge of at least %i and at most eight digits', (name, least) => {
    const currency = supportedCurrency(name);
    expect(() => checkChargeAmount(least, currency)).not.toThrow();
    expect(() => checkChargeAmount(least - 1, currency)).toThrow('at least');
    expect(() => checkChargeAmount(99_999_999, currency)).not.toThrow();
    expect(() => checkChargeAmount(100_000_000, currency)).toThrow('no more than');
  });

  it('refuse any other', () => {
    expect(() => supportedCurrency('xyz')).toThrow('Invalid currency');
    expect(() => supportedCurrency('constructor')).toThrow('Invalid currency');
  });

  it('carry fees in whole minor units, rounded half up and never above the charge', () => {
    // 1.5 % of 1,250 is 18.75; with the fixed 25 cents that is 44 after rounding.
    expect(processingFee(1_250, 'eur')).toBe(44);
    expect(processingFee(10_000, 'usd')).toBe(320);
    // 1.5 % of 100 is 1.5.
    expect(processingFee(100, 'gbp')).toBe(22);
    expect(processingFee(20, 'eur')).toBe(20);
  });

  it('are written as people read them', () => {
    expect(shownAmount(1_250, 'eur')).toBe('€12.50');
  });
});
