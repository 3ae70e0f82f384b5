import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { takenMoves } from './chargeback-rules.ts';
import { applyMoves, type Books, commissionOn, EMPTY_BOOKS, nonZero } from './money.ts';
import { effectOfRuling } from './ruling-effect.ts';
import type { Terms } from './terms-rules.ts';

const terms = { kind: 'goods', price: 10_000, commissionBasisPoints: 1_000 } as unknown as Terms;
const rate = { basisPoints: 1_000 };
const held = applyMoves(EMPTY_BOOKS, [{ name: 'capture', amount: 10_000 }]);

/** Released, of which so much was kept for what the seller owed. */
const released = (kept: number): Books =>
  applyMoves(
    held,
    nonZero([
      { name: 'release', amount: 9_000 },
      { name: 'earnCommission', amount: 1_000 },
      { name: 'recover', amount: kept },
      { name: 'transfer', amount: 9_000 - kept },
    ]),
  );

const effect = (books: Books, refund: number, gross = 10_000) =>
  effectOfRuling({ state: 'disputed', terms, books, refundCap: 10_000, topUp: null }, gross, refund);

describe('what a ruling would do', () => {
  test('nobody but its parties has taken anything', () => {
    const expected = { refund: 4_000, toSeller: 5_400, commissionBefore: 1_000, commissionAfter: 600 };
    expect(effect(held, 4_000)).toEqual({ ...expected, reversal: 0 });
    expect(effect(released(0), 4_000)).toEqual({ ...expected, reversal: 3_600 });
    expect(effect(released(9_000), 4_000)).toEqual({ ...expected, reversal: 0 });
  });

  test('Wellpact has paid a part of the price: so much less comes back to the buyer', () => {
    const paid = applyMoves(EMPTY_BOOKS, [
      { name: 'capture', amount: 9_000 },
      { name: 'fundDiscount', amount: 1_000 },
    ]);
    const discounted = { ...terms, discount: { amount: 1_000 } } as unknown as Terms;
    const purchase = { state: 'disputed', terms: discounted, books: paid, refundCap: 10_000, topUp: null } as const;
    expect(effectOfRuling(purchase, 10_000, 4_000)).toMatchObject({ refund: 3_600, toSeller: 5_400 });
  });

  test('the bank has all of it: there is nothing to divide', () => {
    const taken = applyMoves(held, takenMoves(held, 10_000));
    expect(effect(taken, 4_000)).toMatchObject({ refund: 0, toSeller: 0, commissionAfter: 0, reversal: 0 });
  });

  test('the bank has kept a part of it, and that is the buyer’s already', () => {
    const taken = applyMoves(held, takenMoves(held, 4_000));
    expect(effect(taken, 2_000)).toMatchObject({ refund: 0, toSeller: 5_400, commissionAfter: 600 });
    expect(effect(taken, 7_000)).toMatchObject({ refund: 3_000, toSeller: 2_700, commissionAfter: 300 });
  });

  test('there is an answer whatever was released, kept, and taken by the bank, and it gives nobody more than there is', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: 0, max: 9_000 }),
        fc.integer({ min: 0, max: 12_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        (isReleased, kept, taken, refund) => {
          const before = isReleased ? released(kept) : held;
          const books = taken === 0 ? before : applyMoves(before, takenMoves(before, taken));
          const { refund: given, toSeller, commissionAfter, reversal } = effect(books, refund);
          expect(Math.min(given, toSeller, commissionAfter, reversal)).toBeGreaterThanOrEqual(0);
          expect(given).toBeLessThanOrEqual(refund);
          if (taken <= 10_000 && !isReleased) {
            expect(given + toSeller + commissionAfter + taken).toBe(10_000);
            expect(commissionAfter).toBe(commissionOn(toSeller + commissionAfter, rate));
          }
        },
      ),
    );
  });
});
