import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PURCHASE_STATES, type PurchaseState } from '../../contracts/purchase.ts';
import { applyMoves, type Books, commissionOn, EMPTY_BOOKS, imbalance } from './money.ts';
import {
  allowedActions,
  FINAL_STATES,
  isFinal,
  type Kind,
  TIMERS,
  TRANSITIONS,
  type Transition,
  timerOf,
  transition,
} from './rules.ts';

const KINDS: readonly Kind[] = ['goods', 'booking'];
const open = PURCHASE_STATES.filter((state) => !isFinal(state));
const rowsFrom = (state: PurchaseState, kind: Kind): Transition[] =>
  TRANSITIONS.filter((row) => row.from === state && (row.kind ?? kind) === kind);

/** One step of a walk: which of the possible rows is taken, and how the money is split where somebody decides. */
const choice = fc.record({ row: fc.nat(), share: fc.double({ min: 0, max: 1, noNaN: true }) });

/** Follows a row the way the workflow does: `when` says whether the split leaves the seller something. */
function follow(row: Transition, books: Books, price: number, share: number, commissionBasisPoints: number): Books {
  const gross = row.on === 'accept' ? price : books.held + books.payable + books.transferred + books.fees;
  const some = Math.max(1, Math.round(gross * share));
  const forSeller = row.on === 'accept' ? price : row.when === 'nothing_for_seller' ? 0 : Math.min(gross, some);
  return applyMoves(books, row.moves(books, { forSeller, commissionBasisPoints }));
}

describe('the transition table', () => {
  test('every state that is not final has a timer with an owner, and the clock leads out of it', () => {
    for (const state of open) {
      for (const kind of KINDS) {
        const timer = TIMERS[state]?.[kind];
        expect(timer, `${state} of a ${kind}`).toBeDefined();
        expect(['buyer', 'seller', 'platform']).toContain(timer?.owner);
        expect(
          rowsFrom(state, kind).some((row) => row.on === timer?.event && row.by === 'clock'),
          `${state} of a ${kind}: ${timer?.event} leads on`,
        ).toBe(true);
      }
    }
  });

  test('no state that is final leads anywhere', () => {
    expect(TRANSITIONS.filter((row) => isFinal(row.from))).toEqual([]);
  });

  test('from every state a final one can be reached, and every state can be reached', () => {
    for (const kind of KINDS) {
      const reached = new Set<PurchaseState>(['payment_pending']);
      for (const state of reached) for (const row of rowsFrom(state, kind)) reached.add(row.to);
      expect([...reached].sort()).toEqual([...PURCHASE_STATES].sort());
      for (const state of open) {
        const ahead = new Set<PurchaseState>([state]);
        for (const next of ahead) for (const row of rowsFrom(next, kind)) ahead.add(row.to);
        expect(
          FINAL_STATES.some((final) => ahead.has(final)),
          `${state} ends`,
        ).toBe(true);
      }
    }
  });

  test('an event of a party leads to one place only, given the kind and what is left for the seller', () => {
    for (const kind of KINDS) {
      for (const when of ['nothing_for_seller', 'something_for_seller'] as const) {
        const keys = TRANSITIONS.filter((row) => (row.kind ?? kind) === kind && (row.when ?? when) === when).map(
          (row) => `${row.from}/${row.on}/${row.by}`,
        );
        expect(keys.length).toBe(new Set(keys).size);
      }
    }
  });

  test('the money equation holds on every path, whatever the price, the split and the commission', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99_999_999 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.constantFrom(...KINDS),
        fc.array(choice, { minLength: 1, maxLength: 30 }),
        (price, commissionBasisPoints, kind, choices) => {
          let state: PurchaseState = 'payment_pending';
          let books = EMPTY_BOOKS;
          for (const { row: index, share } of choices) {
            const rows = rowsFrom(state, kind);
            const row = rows[index % Math.max(rows.length, 1)];
            if (row === undefined) break;
            books = follow(row, books, price, share, commissionBasisPoints);
            state = row.to;
            expect(imbalance(books)).toBe(0);
            expect(books.captured === 0 || books.captured === price).toBe(true);
          }
          if (['refunded', 'cancelled'].includes(state)) expect(books.refunded).toBe(books.captured);
          if (['declined', 'expired'].includes(state)) expect(books).toEqual(EMPTY_BOOKS);
          if (isFinal(state)) expect([books.held, books.payable]).toEqual([0, 0]);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('what is wired', () => {
  test('the true path', () => {
    const path = (
      ['payment_authorised', 'accept', 'deliver', 'confirm', 'aftercare_over'] as const
    ).reduce<PurchaseState>((state, on) => transition(state, { on, kind: 'goods' })?.to ?? state, 'payment_pending');
    expect(path).toBe('completed');
  });

  test('silence after delivery releases the money', () => {
    expect(timerOf('delivered', 'goods')?.row).toMatchObject({ on: 'inspection_over', to: 'released' });
  });

  test('a row that is not wired is not offered, and its timer does not run', () => {
    expect(allowedActions('delivered', 'goods', 'buyer')).toEqual(['confirm']);
    expect(timerOf('held', 'goods')).toBeUndefined();
    expect(transition('held', { on: 'open_dispute', by: 'buyer', kind: 'goods' })).toBeUndefined();
  });

  test('each party can do only what is its own', () => {
    expect(transition('authorised', { on: 'accept', by: 'buyer', kind: 'goods' })).toBeUndefined();
    expect(transition('authorised', { on: 'accept', by: 'seller', kind: 'goods' })?.to).toBe('held');
  });
});

describe('the commission', () => {
  test.each([
    [2_500, 1_000, 250],
    [5, 1_000, 1],
    [4, 1_000, 0],
    [99_999_999, 10_000, 99_999_999],
    [1, 0, 0],
  ])('on %i at %i basis points is %i', (gross, basisPoints, commission) => {
    expect(commissionOn(gross, basisPoints)).toBe(commission);
  });

  test('is never more than what it is taken from', () => {
    fc.assert(
      fc.property(fc.nat(99_999_999), fc.integer({ min: 0, max: 10_000 }), (gross, basisPoints) => {
        const commission = commissionOn(gross, basisPoints);
        expect(commission).toBeGreaterThanOrEqual(0);
        expect(commission).toBeLessThanOrEqual(gross);
      }),
    );
  });
});
