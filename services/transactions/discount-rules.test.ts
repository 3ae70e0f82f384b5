import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { discountDue, giveBackHeld, givenBack, reversalMoves, transferMoves } from './discount-rules.ts';
import { applyMoves, type Books, EMPTY_BOOKS } from './money.ts';
import { leftOf, takeBack } from './refund-rules.ts';
import { TRANSITIONS } from './transition-rules.ts';

const captured = (charge: number, discount: number): Books =>
  applyMoves(EMPTY_BOOKS, [
    { name: 'capture', amount: charge },
    ...(discount > 0 ? ([{ name: 'fundDiscount', amount: discount }] as const) : []),
  ]);

const amounts = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 9_999_999 }));
/** Where a price is cut, to be given back part by part. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });

describe('what goes back', () => {
  test('is divided as the price was paid: of all parts together neither is off by more than half a minor unit', () => {
    fc.assert(
      fc.property(amounts, amounts, cuts, (charge, discount, shares) => {
        const price = charge + discount;
        let books = captured(charge, discount);
        for (const share of [...shares, 1]) {
          const gross = Math.round(books.held * share);
          books = applyMoves(books, giveBackHeld(books, gross, discount));
          const back = price - books.held;
          // In parts of the price, which are whole numbers.
          const off = 2n * (BigInt(books.refunded) * BigInt(price) - BigInt(back) * BigInt(charge));
          expect(off <= BigInt(price) && -off <= BigInt(price)).toBe(true);
          expect(books.refunded + (discount - books.platformFunded)).toBe(back);
        }
        expect(books).toMatchObject({ held: 0, refunded: charge, platformFunded: 0 });
      }),
      { numRuns: 2_000 },
    );
  });

  test('comes to the same after the release, whatever the commission and whether the seller gives it', () => {
    fc.assert(
      fc.property(
        amounts,
        amounts,
        fc.nat(10_000),
        cuts,
        fc.boolean(),
        (charge, discount, basisPoints, shares, refused) => {
          const commission = { basisPoints };
          const confirm = TRANSITIONS.find(({ from, on }) => from === 'held' && on === 'confirm');
          const held = captured(charge, discount);
          const release = confirm?.moves(held, { forSeller: held.held, commission, discount }) ?? [];
          let books = applyMoves(held, release);
          let toppedUp = books.transferred - (release.find(({ name }) => name === 'transfer')?.amount ?? 0);
          for (const share of [...shares, 1]) {
            const gross = Math.round(leftOf(books) * share);
            const expected = givenBack(books, gross, discount);
            const terms = { commission, discount, toppedUp, ...(refused && { reversalRefused: true as const }) };
            const moves = takeBack(books, gross, terms);
            const after = applyMoves(books, moves);
            expect(after.refunded - books.refunded).toBe(expected.buyer);
            expect(books.platformFunded - after.platformFunded).toBe(expected.discount);
            expect(leftOf(books) - leftOf(after)).toBe(gross);
            toppedUp -= moves.find(({ name }) => name === 'reverseTopUp')?.amount ?? 0;
            books = after;
          }
          expect(books).toMatchObject({ refunded: charge, platformFunded: 0, fees: 0, payable: 0 });
          expect(refused ? books.advanced : books.transferred).toBe(refused ? books.transferred : 0);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('without a discount it is the buyer’s', () => {
    expect(givenBack(captured(100, 0), 60, 0)).toEqual({ buyer: 60, discount: 0 });
  });

  test('of a payment that was captured and never funded it is the buyer’s', () => {
    expect(givenBack(captured(80, 0), 80, 20)).toEqual({ buyer: 80, discount: 0 });
  });
});

describe('what a bank keeps', () => {
  const books = applyMoves(captured(8_000, 2_000), [{ name: 'chargeBackHeld', amount: 2_000 }]);

  test('takes the same part of the discount with it, once it is decided', () => {
    expect(discountDue(books, { agreed: 2_000, kept: 0, undecided: 2_000 })).toBe(0);
    expect(discountDue(books, { agreed: 2_000, kept: 2_000, undecided: 0 })).toBe(500);
    const returned = applyMoves(books, [{ name: 'returnDiscountHeld', amount: 500 }]);
    expect(discountDue(returned, { agreed: 2_000, kept: 2_000, undecided: 0 })).toBe(0);
  });

  test('takes all of it when it keeps all', () => {
    const all = applyMoves(books, [{ name: 'chargeBackHeld', amount: 6_000 }]);
    expect(discountDue(all, { agreed: 2_000, kept: 8_000, undecided: 0 })).toBe(2_000);
  });
});

describe('the two transfers', () => {
  const held = captured(8_000, 2_000);
  test.each([
    [9_000, [8_000, 1_000]],
    [8_000, [8_000]],
    [7_000, [7_000]],
  ])('%i to the seller', (amount, parts) => {
    expect(transferMoves(held, amount, 0).map((move) => move.amount)).toEqual(parts);
  });

  test('a refund leaves less of the charge', () => {
    const left = applyMoves(held, giveBackHeld(held, 5_000, 2_000));
    expect(transferMoves(left, 4_500, 0)).toEqual([
      { name: 'transfer', amount: 4_000 },
      { name: 'topUp', amount: 500 },
    ]);
  });

  test('what came from Wellpact comes back first', () => {
    expect(reversalMoves(1_500, 1_000)).toEqual([
      { name: 'reverseTopUp', amount: 1_000 },
      { name: 'reverseTransfer', amount: 500 },
    ]);
    expect(reversalMoves(900, 1_000)).toEqual([{ name: 'reverseTopUp', amount: 900 }]);
  });
});
