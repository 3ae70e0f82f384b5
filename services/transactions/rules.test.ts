import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PURCHASE_STATES, type PurchaseState } from '../../contracts/purchase.ts';
import {
  applyMoves,
  type Books,
  type CommissionRate,
  commissionOn,
  EMPTY_BOOKS,
  imbalance,
  type Move,
} from './money.ts';
import { leftOf } from './refund-rules.ts';
import { allowedActions, FINAL_STATES, isFinal, transition } from './rules.ts';
import type { Kind, Terms } from './terms-rules.ts';
import { deadlineOf, type Since, TIMERS, timerOf } from './timer-rules.ts';
import { TRANSITIONS, type Transition } from './transition-rules.ts';

const KINDS: readonly Kind[] = ['goods', 'booking'];
const open = PURCHASE_STATES.filter((state) => !isFinal(state));
const rowsFrom = (state: PurchaseState, kind: Kind): Transition[] =>
  TRANSITIONS.filter((row) => row.from === state && (row.kind ?? kind) === kind);

/** One step of a walk: which of the possible rows is taken, and how the money is split where somebody decides. */
const share = fc.double({ min: 0, max: 1, noNaN: true });
const choice = fc.record({ row: fc.nat(), share, owed: share, reversalRefused: fc.boolean() });
/** A discount as part of the price: none for half of the purchases. */
const discountShare = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.99, noNaN: true }));
type Choice = typeof choice extends fc.Arbitrary<infer One> ? Omit<One, 'row'> : never;

const rates = fc
  .record(
    {
      basisPoints: fc.integer({ min: 0, max: 10_000 }),
      minimum: fc.option(fc.nat(10_000), { nil: undefined }),
      room: fc.option(fc.nat(1_000_000), { nil: undefined }),
    },
    { requiredKeys: ['basisPoints', 'minimum', 'room'] },
  )
  .map(
    ({ basisPoints, minimum, room }): CommissionRate => ({
      basisPoints,
      ...(minimum !== undefined && { minimum }),
      ...(room !== undefined && { maximum: (minimum ?? 0) + room }),
    }),
  );

/** What is bought, minor units. */
interface Bought {
  readonly price: number;
  readonly discount: number;
}

/** Money, and which part of what was sent came from Wellpact's own balance. */
interface Walked {
  readonly books: Books;
  readonly toppedUp: number;
}

/** Follows a row the way the workflow does: `when` says whether the split leaves the seller something. */
function follow(
  row: Transition,
  { books, toppedUp }: Walked,
  { price, discount }: Bought,
  chosen: Choice,
  commission: CommissionRate,
): Walked {
  const gross = row.on === 'accept' ? price : leftOf(books);
  const some = Math.max(1, Math.round(gross * chosen.share));
  const forSeller = row.on === 'accept' ? price : row.when === 'nothing_for_seller' ? 0 : Math.min(gross, some);
  const terms = { commission, discount, toppedUp, ...(chosen.reversalRefused && { reversalRefused: true as const }) };
  const split = { ...terms, forSeller };
  const sent = amountOf(row.moves(books, split), 'transfer') + amountOf(row.moves(books, split), 'topUp');
  const moves = row.moves(books, { ...split, recovers: Math.round(sent * chosen.owed) });
  const after = applyMoves(books, moves);
  return { books: after, toppedUp: toppedUp + amountOf(moves, 'topUp') - amountOf(moves, 'reverseTopUp') };
}

const amountOf = (moves: readonly Move[], name: Move['name']): number =>
  moves.reduce((sum, move) => (move.name === name ? sum + move.amount : sum), 0);

describe('the transition table', () => {
  test('every state that is not final has a timer with an owner, and the clock leads out of it', () => {
    for (const state of open) {
      for (const kind of KINDS) {
        const timers = (TIMERS[state] ?? []).filter((timer) => (timer.kind ?? kind) === kind);
        expect(timers.length, `${state} of a ${kind}`).toBeGreaterThan(0);
        for (const timer of timers) {
          expect(['buyer', 'seller', 'platform']).toContain(timer.owner);
          expect(
            rowsFrom(state, kind).some((row) => row.on === timer.event && row.by === 'clock'),
            `${state} of a ${kind}: ${timer.event} leads on`,
          ).toBe(true);
        }
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
        rates,
        fc.constantFrom(...KINDS),
        fc.array(choice, { minLength: 1, maxLength: 30 }),
        discountShare,
        (price, rate, kind, choices, discounted) => {
          const bought = { price, discount: Math.floor(price * discounted) };
          const charge = price - bought.discount;
          let state: PurchaseState = 'payment_pending';
          let walked: Walked = { books: EMPTY_BOOKS, toppedUp: 0 };
          let { books } = walked;
          for (const { row: index, ...chosen } of choices) {
            const rows = rowsFrom(state, kind);
            const row = rows[index % Math.max(rows.length, 1)];
            if (row === undefined) break;
            walked = follow(row, walked, bought, chosen, rate);
            books = walked.books;
            state = row.to;
            expect(imbalance(books)).toBe(0);
            expect(books.captured === 0 || books.captured === charge).toBe(true);
            expect(books.platformFunded).toBeLessThanOrEqual(bought.discount);
            expect(walked.toppedUp).toBeGreaterThanOrEqual(0);
            // Stripe transfers no more from a charge than there is of it.
            expect(books.transferred - walked.toppedUp).toBeLessThanOrEqual(charge);
          }
          if (isFinal(state) && state !== 'completed') expect(books.platformFunded).toBe(0);
          if (['refunded', 'cancelled'].includes(state))
            expect(books.refunded + books.chargedBack).toBe(books.captured);
          if (['declined', 'expired'].includes(state)) expect(books).toEqual(EMPTY_BOOKS);
          if (isFinal(state)) expect([books.held, books.payable]).toEqual([0, 0]);
          // What the buyer can still get is what they paid and have not got back.
          expect(leftOf(books) - books.platformFunded).toBe(books.captured - books.refunded - books.chargedBack);
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

  test('in a dispute nobody but the dispute and the hold limit moves the purchase', () => {
    for (const party of ['buyer', 'seller'] as const)
      expect(allowedActions('disputed', 'goods', party, GOODS)).toEqual([]);
    expect(timerOf('disputed', 'goods')?.timer.event).toBe('hold_limit_reached');
  });

  test('that somebody did not show up can be said from the beginning of the booking on', () => {
    const claims = (party: 'buyer' | 'seller', nowMs: number) =>
      allowedActions('held', 'booking', party, { nowMs, startsAtMs: 1_000 }).includes('claim_no_show');
    expect([claims('buyer', 999), claims('seller', 999)]).toEqual([false, false]);
    expect([claims('buyer', 1_000), claims('seller', 1_000)]).toEqual([true, true]);
    expect(allowedActions('held', 'goods', 'buyer', { nowMs: 5, startsAtMs: null })).not.toContain('claim_no_show');
  });

  test('the buyer of a booking can cancel until it begins, its seller also after', () => {
    const at = (nowMs: number) => ({ nowMs, startsAtMs: 1_000 });
    expect(allowedActions('held', 'booking', 'buyer', at(999))).toEqual([
      'confirm',
      'cancel',
      'reschedule',
      'open_dispute',
    ]);
    expect(allowedActions('held', 'booking', 'buyer', at(1_000))).toEqual(['confirm', 'claim_no_show', 'open_dispute']);
    expect(allowedActions('held', 'booking', 'seller', at(1_000))).toEqual([
      'cancel',
      'refund_in_full',
      'refund_in_part',
      'claim_no_show',
    ]);
  });

  test('a new time is accepted by the party that did not propose it, until either time has come', () => {
    const at = (nowMs: number, by: 'buyer' | 'seller') => ({
      nowMs,
      startsAtMs: 1_000,
      proposal: { by, startsAtMs: 900 },
    });
    const accepts = (party: 'buyer' | 'seller', circumstances: ReturnType<typeof at>) =>
      allowedActions('held', 'booking', party, circumstances).includes('accept_reschedule');
    expect([accepts('buyer', at(899, 'seller')), accepts('seller', at(899, 'seller'))]).toEqual([true, false]);
    expect([accepts('buyer', at(899, 'buyer')), accepts('seller', at(899, 'buyer'))]).toEqual([false, true]);
    expect(accepts('buyer', at(900, 'seller'))).toBe(false);
    expect(accepts('buyer', { ...at(1_000, 'seller'), proposal: { by: 'seller', startsAtMs: 2_000 } })).toBe(false);
  });

  test('goods are delivered by their seller, a booking by its end', () => {
    expect(transition('held', { on: 'deliver', by: 'seller', kind: 'booking' })).toBeUndefined();
    expect(timerOf('held', 'booking')?.row).toMatchObject({ on: 'booking_over', to: 'delivered' });
    expect(timerOf('held', 'goods')?.row).toMatchObject({ on: 'delivery_overdue', to: 'cancelled' });
  });

  test('each party can do only what is its own', () => {
    expect(transition('authorised', { on: 'accept', by: 'buyer', kind: 'goods' })).toBeUndefined();
    expect(transition('authorised', { on: 'accept', by: 'seller', kind: 'goods' })?.to).toBe('held');
  });
});

const GOODS = { nowMs: 0, startsAtMs: null };

describe('deadlines', () => {
  const terms: Terms = {
    policyVersion: 2,
    kind: 'booking',
    price: 1_000,
    currency: 'EUR',
    commissionBasisPoints: 1_000,
    paymentWindowMs: 15,
    acceptWindowMs: 600,
    captureReserveMs: 24,
    handlingMs: 300,
    inspectionWindowMs: 48,
    aftercareWindowMs: 140,
    holdLimitMs: 880,
  };
  const since: Since = {
    enteredAtMs: 1_000,
    captureBeforeMs: undefined,
    capturedAtMs: undefined,
    startsAtMs: undefined,
    endsAtMs: undefined,
  };

  test.each([
    ['the window', {}, 1_600],
    ['the end of the authorisation, less the reserve', { captureBeforeMs: 1_500 }, 1_476],
    ['the beginning of what is booked', { captureBeforeMs: 1_500, startsAtMs: 1_200 }, 1_200],
  ])('a seller accepts until %s', (_what, facts, atMs) => {
    expect(deadlineOf('authorised', terms, { ...since, ...facts })).toEqual({ event: 'accept_window_over', atMs });
  });

  test('in a pause, what moves no money runs on: a payment, and an acceptance as far as the card carries it', () => {
    const paused = { ...since, paused: true, stoodStillMs: 50 };
    const payment = { event: 'payment_window_over', atMs: 1_000 + terms.paymentWindowMs };
    expect(deadlineOf('payment_pending', terms, paused)).toEqual(payment);
    expect(deadlineOf('payment_pending', terms, { ...paused, paused: false })).toEqual(payment);
    expect(deadlineOf('authorised', terms, { ...paused, captureBeforeMs: 9_000 })?.atMs).toBe(8_976);
    expect(deadlineOf('authorised', terms, paused)?.atMs).toBe(1_650);
    expect(deadlineOf('released', terms, paused)).toBeUndefined();
  });

  test('a step that a pause cut in two waits for nothing but the hold limit', () => {
    const half = { ...since, capturedAtMs: 1_000, startsAtMs: 1_300, endsAtMs: 1_400, paused: true, unfinished: true };
    expect(deadlineOf('held', terms, half)).toEqual({ event: 'hold_limit_reached', atMs: 1_880 });
    expect(deadlineOf('authorised', terms, { ...half, captureBeforeMs: 9_000 })).toBeUndefined();
  });

  test('a booking waits for its end, or for the hold limit if that comes first', () => {
    const held = { ...since, capturedAtMs: 1_000, startsAtMs: 1_300, endsAtMs: 1_400 };
    expect(deadlineOf('held', terms, held)).toEqual({ event: 'booking_over', atMs: 1_400 });
    expect(deadlineOf('held', { ...terms, holdLimitMs: 100 }, held)).toEqual({
      event: 'hold_limit_reached',
      atMs: 1_100,
    });
  });

  test('goods have no booked time to wait for, whatever stands there', () => {
    const goods = { ...terms, kind: 'goods' } as const;
    expect(deadlineOf('held', goods, { ...since, endsAtMs: 1_001 })).toEqual({
      event: 'delivery_overdue',
      atMs: 1_300,
    });
  });
});

const amounts = fc.oneof(fc.nat(2_000), fc.nat(99_999_998));

/** The least amount whose share ends in a half, where there is one; else the least without a rest. */
function halfAt(basisPoints: number): number {
  const divisor = (one: number, other: number): number => (other === 0 ? one : divisor(other, one % other));
  return Math.max(1, 5_000 / divisor(5_000, basisPoints));
}

describe('the commission', () => {
  test.each([
    [2_500, { basisPoints: 1_000 }, 250],
    [5, { basisPoints: 1_000 }, 1],
    [2_500, { basisPoints: 6 }, 2],
    [750, { basisPoints: 180 }, 14],
    [4, { basisPoints: 1_000 }, 0],
    [99_999_999, { basisPoints: 10_000 }, 99_999_999],
    [1, { basisPoints: 0 }, 0],
    [2_500, { basisPoints: 1_000, minimum: 300 }, 300],
    [2_500, { basisPoints: 1_000, maximum: 200 }, 200],
    [2_500, { basisPoints: 0, minimum: 50 }, 50],
    [2_500, { basisPoints: 1_000, maximum: 0 }, 0],
    [200, { basisPoints: 1_000, minimum: 300 }, 200],
    [0, { basisPoints: 1_000, minimum: 300 }, 0],
  ])('on %i at %o is %i', (gross, rate, commission) => {
    expect(commissionOn(gross, rate)).toBe(commission);
  });

  test('is the nearest whole number to the share, half of one upward, whatever the amount and the rate', () => {
    const rate = fc.integer({ min: 0, max: 10_000 });
    // A half of a minor unit is where a floating number goes wrong: as many of these as of all others.
    const halves = fc
      .tuple(fc.integer({ min: 1, max: 10_000 }), fc.nat(2_000))
      .map(([basisPoints, times]) => [halfAt(basisPoints) * (2 * times + 1), basisPoints] as const);
    const any = fc.tuple(fc.oneof(amounts, fc.nat(2 ** 40)), rate);
    fc.assert(
      fc.property(fc.oneof(halves, any), ([gross, basisPoints]) => {
        // Twenty-thousandths, in which a half is a whole number; exact for whatever size.
        const above = 20_000n * BigInt(commissionOn(gross, { basisPoints })) - 2n * BigInt(gross) * BigInt(basisPoints);
        expect(above > -10_000n && above <= 10_000n).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test('is never more than what it is taken from, and stays within its bounds', () => {
    fc.assert(
      fc.property(amounts, rates, (gross, rate) => {
        const commission = commissionOn(gross, rate);
        expect(commission).toBeGreaterThanOrEqual(Math.min(rate.minimum ?? 0, gross));
        expect(commission).toBeLessThanOrEqual(Math.min(rate.maximum ?? gross, gross));
      }),
    );
  });

  test('a minor unit more for the seller makes neither the commission nor what the seller keeps less', () => {
    fc.assert(
      fc.property(amounts, rates, (gross, rate) => {
        const more = commissionOn(gross + 1, rate) - commissionOn(gross, rate);
        expect([0, 1]).toContain(more);
      }),
    );
  });
});
