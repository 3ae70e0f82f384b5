import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ALL_REVERSED,
  awaitedOf,
  type ChargebackRecord,
  type ChargebackStatus,
  type ChargebackView,
  isAnswered,
  isLive,
  isNewer,
  isPastAnswering,
  note,
  overdueOf,
  overlayOf,
  recoveryMoves,
  recoveryOf,
  sheetOf,
  takenMoves,
} from './chargeback-rules.ts';
import { applyMoves, type Books, commissionOn, EMPTY_BOOKS, imbalance, nonZero } from './money.ts';
import { leftOf, takeBack } from './refund-rules.ts';
import { stopOf } from './rules.ts';

const NOW_MS = 5;
const NOW = { nowMs: NOW_MS, isOver: false } as const;

const view = (id: string, status: ChargebackStatus, more: Partial<ChargebackView> = {}): ChargebackView => ({
  id,
  status,
  amount: 1_000,
  dueMs: 10_000,
  withdrawn: 0,
  reinstated: 0,
  movements: 0,
  submissions: 0,
  ...more,
});

/** What Stripe shows of one dispute, one after the other. */
function storyOf(id: string, amount: number, inquiry: boolean, answered: boolean, end: 'won' | 'lost' | 'prevented') {
  const taken = { amount, withdrawn: amount, movements: 1 };
  return [
    ...(inquiry ? [view(id, 'warning_needs_response', { amount })] : []),
    view(id, 'needs_response', taken),
    ...(answered ? [view(id, 'under_review', { ...taken, submissions: 1 })] : []),
    view(id, end, end === 'won' ? { ...taken, reinstated: amount, movements: 2 } : taken),
  ];
}

/** One that is noted, with its money where its status says. */
const decided = (id: string, status: ChargebackStatus, more: Partial<ChargebackRecord> = {}): ChargebackRecord => ({
  ...view(id, status),
  withdrawn: 1_000,
  reinstated: status === 'won' ? 1_000 : 0,
  advanced: 0,
  settled: false,
  givenUp: false,
  closedMs: null,
  funds: 'awaited',
  reminded: false,
  ...more,
});

const held = (amount: number): Books => applyMoves(EMPTY_BOOKS, nonZero([{ name: 'capture', amount }]));

interface Stands {
  readonly books: Books;
  readonly records: ReadonlyMap<string, ChargebackRecord>;
}

function noted({ books, records }: Stands, seen: ChargebackView): Stands {
  const known = records.get(seen.id);
  if (!isNewer(seen, known)) return { books, records };
  const { record, moves } = note(books, known, seen, NOW);
  return { books: applyMoves(books, moves), records: new Map(records).set(seen.id, record) };
}

const dispute = fc.record({
  amount: fc.integer({ min: 1, max: 2_000 }),
  inquiry: fc.boolean(),
  answered: fc.boolean(),
  end: fc.constantFrom('won', 'lost', 'prevented'),
});

describe('what Stripe shows of disputes', () => {
  test('in whatever order and however often it comes, it comes to the same, and the books say what the bank has', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_000 }),
        fc.array(dispute, { minLength: 1, maxLength: 3 }),
        fc.infiniteStream(fc.nat(50)),
        (price, disputes, picks) => {
          const stories = disputes.map(({ amount, inquiry, answered, end }, index) =>
            storyOf(`du_${index}`, amount, inquiry, answered, end),
          );
          const inOrder = stories.flat();
          const anyOrder: ChargebackView[] = [...inOrder];
          for (let index = anyOrder.length - 1; index > 0; index--) {
            const other = (picks.next().value ?? 0) % (index + 1);
            [anyOrder[index], anyOrder[other]] = [anyOrder[other] as ChargebackView, anyOrder[index] as ChargebackView];
          }
          const begin: Stands = { books: held(price), records: new Map() };
          const straight = inOrder.reduce(noted, begin);
          const shuffled = [...anyOrder, ...anyOrder].reduce(noted, begin);
          expect(overlayOf(shuffled.records.values())).toBe(overlayOf(straight.records.values()));
          for (const { books, records } of [straight, shuffled]) {
            const all = [...records.values()];
            const has = all.reduce((sum, { withdrawn, reinstated }) => sum + withdrawn - reinstated, 0);
            expect(books.chargedBack).toBe(has);
            expect(imbalance(books)).toBe(0);
            expect(books.advanced).toBe(all.reduce((sum, { advanced }) => sum + advanced, 0));
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('the gravest of those that go on lies over the purchase, else what is left of those that ended', () => {
    const of = (...statuses: ChargebackStatus[]) =>
      overlayOf(statuses.map((status, index) => decided(`${index}`, status)));
    expect(of()).toBe('none');
    expect(of('warning_closed')).toBe('none');
    expect(of('warning_under_review', 'lost')).toBe('inquiry');
    expect(of('warning_under_review', 'under_review', 'lost')).toBe('open');
    expect(of('won', 'lost', 'warning_closed')).toBe('lost');
    expect(of('won', 'prevented')).toBe('prevented');
    expect(of('won', 'warning_closed')).toBe('won');
  });
});

describe('a chargeback that the bank keeps after the release', () => {
  const rate = { basisPoints: 1_000 };
  const alone = ({ advanced }: ChargebackRecord) => ({ advanced, allAdvanced: advanced });
  const released: Books = applyMoves(held(2_500), [
    { name: 'release', amount: 2_250 },
    { name: 'earnCommission', amount: 250 },
    { name: 'transfer', amount: 2_250 },
  ]);

  test('is borne by the seller and, for its commission, by Wellpact, whatever the amounts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99_999 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.double({ min: 0, max: 1.5, noNaN: true }),
        fc.boolean(),
        (price, basisPoints, share, reversed) => {
          const commission = Math.min(price, Math.round((price * basisPoints) / 10_000));
          const before = applyMoves(
            held(price),
            nonZero([
              { name: 'release', amount: price - commission },
              { name: 'earnCommission', amount: commission },
              { name: 'transfer', amount: price - commission },
            ]),
          );
          const amount = Math.max(1, Math.round(price * share));
          const seen = view('du_1', 'lost', { amount, withdrawn: amount, movements: 1 });
          const { record, moves } = note(before, undefined, seen, NOW);
          const taken = applyMoves(before, moves);
          const recovery = recoveryOf(taken, alone(record), { basisPoints });
          const after = applyMoves(taken, recoveryMoves(recovery, { reversal: reversed, topUpReversal: reversed }));
          expect(imbalance(after)).toBe(0);
          expect(recovery.loss).toBe(Math.max(amount - price, 0));
          expect(after.advanced).toBe(recovery.loss + recovery.owed + (reversed ? 0 : recovery.reversal));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('what was kept for an older debt of the seller is owed again', () => {
    const kept = applyMoves(held(2_500), [
      { name: 'release', amount: 2_250 },
      { name: 'earnCommission', amount: 250 },
      { name: 'recover', amount: 1_000 },
      { name: 'transfer', amount: 1_250 },
    ]);
    const { record, moves } = note(kept, undefined, view('du_1', 'lost', { withdrawn: 2_500, movements: 1 }), NOW);
    expect(recoveryOf(applyMoves(kept, moves), alone(record), rate)).toEqual({
      fromOwed: 0,
      unsent: 0,
      reversal: 1_250,
      topUpReversal: 0,
      commission: 250,
      owed: 1_000,
      loss: 0,
      discount: 0,
    });
  });

  test('what came back of a refund and is owed to the buyer, the bank has given them: nobody else bears that', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 99_999 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (price, ofRefund, ofBank) => {
          const refund = Math.max(1, Math.round(price * ofRefund));
          const amount = Math.max(1, Math.round(price * ofBank));
          const commission = commissionOn(price, rate);
          const sent = applyMoves(
            held(price),
            nonZero([
              { name: 'release', amount: price - commission },
              { name: 'earnCommission', amount: commission },
              { name: 'transfer', amount: price - commission },
            ]),
          );
          const given = applyMoves(sent, takeBack(sent, refund, { commission: rate }));
          const before = applyMoves(given, [{ name: 'refundCameBack', amount: refund }]);
          const seen = view('du_1', 'lost', { amount, withdrawn: amount, movements: 1 });
          const { record, moves } = note(before, undefined, seen, NOW);
          const taken = applyMoves(before, moves);
          const recovery = recoveryOf(taken, alone(record), rate);
          const after = applyMoves(taken, recoveryMoves(recovery, ALL_REVERSED));
          expect(recovery.fromOwed).toBe(Math.min(refund, amount));
          expect(recovery.loss).toBe(0);
          // The buyer has, or is owed, the larger of the two, and never both.
          expect(after.chargedBack + after.owedToBuyer).toBe(Math.max(refund, amount));
          expect(after.advanced).toBe(0);
          expect(imbalance(after)).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('what a bank gives back after the release is nobody’s by the rules, and taken again it comes from there', () => {
    const kept = decided('du_1', 'won', { amount: 1_000, reinstated: 0, movements: 1, funds: 'accepted' });
    const withBank = applyMoves(held(2_500), [{ name: 'chargeBackHeld', amount: 1_000 }]);
    const sent = applyMoves(withBank, [
      { name: 'release', amount: 1_350 },
      { name: 'earnCommission', amount: 150 },
      { name: 'transfer', amount: 1_350 },
    ]);
    const back = note(sent, kept, { ...kept, reinstated: 1_000, movements: 2 }, NOW);
    expect(back.moves).toEqual([{ name: 'chargebackWonLate', amount: 1_000 }]);
    const after = applyMoves(sent, back.moves);
    expect(after).toMatchObject({ held: 0, suspense: 1_000 });
    expect(leftOf(after)).toBe(1_500);
    expect(takenMoves(after, 1_200)).toEqual([
      { name: 'chargeBackSuspense', amount: 1_000 },
      { name: 'chargeBackAdvanced', amount: 200 },
    ]);
    // Before the release, and of one that goes on, it waits for delivery as before.
    expect(note(withBank, kept, { ...kept, reinstated: 1_000, movements: 2 }, NOW).moves).toEqual([
      { name: 'chargebackWon', amount: 1_000 },
    ]);
    const over = { ...NOW, isOver: true };
    expect(note(withBank, kept, { ...kept, reinstated: 1_000, movements: 2 }, over).moves).toEqual([
      { name: 'chargebackWonLate', amount: 1_000 },
    ]);
  });

  test('what the buyer had back before is nobody else’s to bear', () => {
    const refunded = applyMoves(released, [
      { name: 'reverseTransfer', amount: 2_250 },
      { name: 'refundPayable', amount: 2_250 },
      { name: 'refundCommission', amount: 250 },
    ]);
    const { record, moves } = note(refunded, undefined, view('du_1', 'lost', { withdrawn: 2_500, movements: 1 }), NOW);
    expect(recoveryOf(applyMoves(refunded, moves), alone(record), rate)).toMatchObject({
      unsent: 0,
      reversal: 0,
      commission: 0,
      loss: 2_500,
    });
  });
});

describe('what has to be done', () => {
  const sheet = (nowMs: number, ...records: ChargebackRecord[]) =>
    sheetOf(records, { nowMs, bufferMs: 2_000, reminderMs: 1_000, fundsMs: 3_000 });

  test('evidence is submitted before the bank stops taking it, of the one that is due first', () => {
    const both = [decided('du_1', 'needs_response'), decided('du_2', 'warning_needs_response', { dueMs: 6_000 })];
    expect(sheet(0, ...both).next).toEqual({ what: 'answer', chargebackId: 'du_2', atMs: 4_000, remindAtMs: 3_000 });
    expect(sheet(5_000, ...both).next).toMatchObject({ atMs: 5_000 });
    expect(sheet(0, decided('du_1', 'needs_response', { submissions: 1 })).next).toBeNull();
    expect(sheet(0, decided('du_1', 'needs_response', { givenUp: true })).next).toBeNull();
    expect(sheet(0, decided('du_1', 'under_review')).next).toBeNull();
  });

  test('it is reminded of before, once, and at once where the time for that has passed', () => {
    const asked = decided('du_1', 'needs_response', { dueMs: 6_000 });
    expect(sheet(3_500, asked).next).toMatchObject({ atMs: 4_000, remindAtMs: 3_500 });
    expect(sheet(4_000, asked).next).toEqual({ what: 'answer', chargebackId: 'du_1', atMs: 4_000 });
    const reminded = { ...asked, reminded: true };
    expect(sheet(0, reminded).next).toEqual({ what: 'answer', chargebackId: 'du_1', atMs: 4_000 });
    const grown = note(EMPTY_BOOKS, { ...reminded, status: 'warning_needs_response' }, asked, NOW).record;
    expect(grown.reminded).toBe(false);
    expect(note(EMPTY_BOOKS, reminded, { ...asked, status: 'under_review' }, NOW).record.reminded).toBe(true);
  });

  test('each has its own work: what is to be settled keeps no evidence waiting', () => {
    const both = [decided('du_1', 'lost', { advanced: 5 }), decided('du_2', 'needs_response', { dueMs: 6_000 })];
    expect(sheet(0, ...both)).toMatchObject({
      next: { what: 'settle', chargebackId: 'du_1', atMs: 0 },
      more: [{ what: 'answer', chargebackId: 'du_2', atMs: 4_000 }],
    });
    expect(sheet(0, decided('du_1', 'lost', { advanced: 5 })).more).toBeUndefined();
  });

  test('what the bank keeps is settled at once, and once', () => {
    expect(sheet(7, decided('du_1', 'lost', { advanced: 5 })).next).toEqual({
      what: 'settle',
      chargebackId: 'du_1',
      atMs: 7,
    });
    expect(sheet(7, decided('du_1', 'lost', { advanced: 5, settled: true })).next).toBeNull();
    expect(sheet(7, decided('du_1', 'won', { advanced: 0 })).next).toBeNull();
  });
});

describe('evidence is given up', () => {
  const open = view('a', 'needs_response', { dueMs: 10_000 });

  test('when its time is over, and not before: a refusal until then is not the end', () => {
    expect([9_999, 10_000].map((nowMs) => isPastAnswering(open, nowMs))).toEqual([false, true]);
    expect(isPastAnswering({ ...open, dueMs: null }, 10_000)).toBe(false);
    expect(isAnswered(open)).toBe(false);
  });

  test('when the bank has some, or asks for none', () => {
    const over = [view('a', 'needs_response', { submissions: 1 }), view('a', 'under_review'), view('a', 'lost')];
    expect(over.map((one) => isAnswered(one) && isPastAnswering(one, 0))).toEqual([true, true, true]);
  });
});

describe('the money of a chargeback moves after the bank has decided', () => {
  const won = (reinstated: number, more: Partial<ChargebackRecord> = {}) =>
    decided('du_1', 'won', { reinstated, closedMs: 100, ...more });
  const next = (one: ChargebackRecord, nowMs = 100) =>
    sheetOf([one], { nowMs, bufferMs: 2_000, reminderMs: 1_000, fundsMs: 3_000 }).next;

  test.each([
    ['won, and nothing is back', 'won', 1_000, 0, 1_000],
    ['won, and a part is back', 'won', 1_000, 400, 600],
    ['won, and all is back', 'won', 1_000, 1_000, 0],
    ['prevented, and nothing was taken', 'prevented', 0, 0, 1_000],
    ['prevented, and it was taken', 'prevented', 1_000, 0, 0],
    ['lost, and nothing was taken', 'lost', 0, 0, 1_000],
    ['lost, and a part was taken', 'lost', 300, 0, 0],
    ['an inquiry that was closed', 'warning_closed', 0, 0, 0],
  ] as const)('%s: it goes on until then', (_says, status, withdrawn, reinstated, awaited) => {
    const one = decided('du_1', status, { withdrawn, reinstated });
    expect(awaitedOf(one)).toBe(awaited);
    expect(isLive(overlayOf([one]))).toBe(awaited > 0);
    // Neither a release nor a refund nor a ruling goes through with what is not there.
    expect(stopOf({ step: 'settleDispute' }, { chargeback: overlayOf([one]) })).toBe(
      awaited > 0 ? 'CHARGEBACK_OPEN' : undefined,
    );
  });

  test('what finance were told is overdue is so until it comes, or they take it as it stands', () => {
    expect(overdueOf([won(0)])).toBeUndefined();
    const other = decided('du_2', 'needs_response', { withdrawn: 500 });
    expect(overdueOf([other, won(400, { funds: 'overdue' })])).toEqual({ chargebackId: 'du_1', awaited: 600 });
    expect(overdueOf([other, won(1_000, { funds: 'overdue' })])).toBeUndefined();
    expect(overdueOf([other, won(400, { funds: 'accepted' })])).toBeUndefined();
  });

  test('finance is told once when it has not come in time, and may take it as it stands', () => {
    expect(next(won(0))).toEqual({ what: 'awaitFunds', chargebackId: 'du_1', atMs: 3_100 });
    expect(next(won(0), 5_000)).toMatchObject({ atMs: 5_000 });
    expect(next(won(0, { funds: 'overdue' }))).toBeNull();
    expect(overlayOf([won(0, { funds: 'overdue' })])).toBe('open');
    expect(overlayOf([won(0, { funds: 'accepted' })])).toBe('won');
    expect(next(won(1_000))).toBeNull();
  });

  test('what is not given back of what was put in is settled as if it was lost, once it is over', () => {
    const short = { advanced: 600 };
    expect(next(won(400, short))).toMatchObject({ what: 'awaitFunds' });
    expect(next(won(400, { ...short, funds: 'overdue' }))).toBeNull();
    expect(next(won(400, { ...short, funds: 'accepted' }))).toMatchObject({ what: 'settle', atMs: 100 });
    expect(next(won(400, { ...short, funds: 'accepted', settled: true }))).toBeNull();
  });
});

describe('what is stopped', () => {
  test.each([
    ['capturePayment', undefined, undefined],
    ['releaseToSeller', 'CHARGEBACK_OPEN', 'CHARGEBACK_OPEN'],
    ['refundBuyer', undefined, 'CHARGEBACK_OPEN'],
    ['refundReleased', undefined, 'CHARGEBACK_OPEN'],
    ['settleCancellation', 'CHARGEBACK_OPEN', 'CHARGEBACK_OPEN'],
    ['recordDelivery', undefined, undefined],
    ['cancelPayment', undefined, undefined],
  ] as const)('%s: %s by an inquiry, %s by a chargeback', (step, byInquiry, byChargeback) => {
    expect(stopOf({ step }, { chargeback: 'inquiry' })).toBe(byInquiry);
    expect(stopOf({ step }, { chargeback: 'open' })).toBe(byChargeback);
    for (const over of ['none', 'won', 'lost', 'prevented'] as const) {
      expect(stopOf({ step }, { chargeback: over })).toBeUndefined();
    }
  });
});
