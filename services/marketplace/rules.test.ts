import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CURRENCIES, type Currency } from '../../contracts/money.ts';
import { availableAfter, LISTING_STATES, nextListingState, priceLimits } from './rules.ts';

describe('listings', () => {
  it('are published from every state and paused once they were', () => {
    for (const state of LISTING_STATES) expect(nextListingState(state, 'publish')).toBe('published');
    expect(nextListingState('published', 'pause')).toBe('paused');
    expect(nextListingState('paused', 'pause')).toBe('paused');
    expect(nextListingState('draft', 'pause')).toBeUndefined();
  });

  it('cost what can be charged', () => {
    for (const currency of Object.keys(CURRENCIES) as Currency[]) {
      expect(priceLimits(currency)).toEqual({ minimum: CURRENCIES[currency].minimumCharge, maximum: 99_999_999 });
    }
  });
});

describe('stock', () => {
  it('keeps what is taken when the seller counts anew', () => {
    const stocks = fc
      .record({ total: fc.nat(1_000), taken: fc.nat(1_000), newTotal: fc.nat(2_000) })
      .filter(({ total, taken }) => taken <= total);
    fc.assert(
      fc.property(stocks, ({ total, taken, newTotal }) => {
        const available = availableAfter({ total, available: total - taken }, newTotal);
        return newTotal < taken ? available === undefined : available !== undefined && newTotal - available === taken;
      }),
    );
  });
});
