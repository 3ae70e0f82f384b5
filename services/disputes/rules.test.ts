import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DISPUTE_STATES, type DisputeState } from '../../contracts/dispute.ts';
import {
  allowedInDispute,
  allowedToEach,
  DISPUTE_SUMMARIES,
  DISPUTE_TIMERS,
  DISPUTE_TRANSITIONS,
  type DisputeCircumstances,
  type DisputeParty,
  type DisputeTransition,
  disputeRows,
  type Positions,
  type Role,
  refundLeaning,
  roleOf,
  sideOfRole,
} from './rules.ts';

const PARTIES: readonly DisputeParty[] = ['claimant', 'respondent', 'mediator', 'clock', 'purchase'];
const OPEN = DISPUTE_STATES.filter((state) => state !== 'closed');

/** Every way in which it can stand besides its state. */
const CIRCUMSTANCES: readonly DisputeCircumstances[] = [null, 0, 100].flatMap((escalateFromMs) =>
  [true, false].flatMap((hasProposal) =>
    ([[], ['claimant'], ['respondent'], ['claimant', 'respondent']] as const).map((waived) => ({
      nowMs: 50,
      escalateFromMs,
      hasProposal,
      waived,
    })),
  ),
);

describe('the table of a dispute', () => {
  test('every state that is open has a timer, and the clock leads on from it, whatever else is so', () => {
    for (const state of OPEN) {
      const timer = DISPUTE_TIMERS[state];
      expect(timer, state).toBeDefined();
      for (const so of CIRCUMSTANCES) {
        const rows = timer === undefined ? [] : disputeRows(state, timer.event, 'clock', so);
        expect(rows, state).toHaveLength(1);
        // It decides, or moves it to a state that is further on: time never leads back.
        const [row] = rows;
        const later = DISPUTE_STATES.indexOf(row?.to ?? state) > DISPUTE_STATES.indexOf(state);
        expect(row?.decides !== undefined || later, state).toBe(true);
      }
    }
  });

  test('from every state the purchase can close it, and nothing leads out of closed', () => {
    for (const state of OPEN) {
      const [row] = disputeRows(state, 'closed_by_purchase', 'purchase', CIRCUMSTANCES[0] as DisputeCircumstances);
      expect(row?.to).toBe('closed');
    }
    expect(DISPUTE_TRANSITIONS.filter(({ from }) => from === 'closed')).toEqual([]);
  });

  test('an event of a party leads to one row, or one for each condition', () => {
    for (const state of DISPUTE_STATES) {
      for (const { on } of DISPUTE_TRANSITIONS) {
        for (const by of PARTIES) {
          for (const so of CIRCUMSTANCES) {
            const conditions = disputeRows(state, on, by, so).map(({ when }) => when);
            expect(new Set(conditions).size).toBe(conditions.length);
            expect(conditions.length < 2 || conditions.every((one) => one !== undefined)).toBe(true);
          }
        }
      }
    }
  });

  test('it ends in a decision on every path, after so many steps at most as silence has', () => {
    // Whatever happens, what silence comes to from there is a decision.
    const reached = new Set<DisputeState>(['opened']);
    for (const state of reached) {
      for (const { from, to } of DISPUTE_TRANSITIONS) if (from === state) reached.add(to);
      let at: DisputeState = state;
      let row: DisputeTransition | undefined;
      for (let steps = 0; at !== 'closed' && row?.decides === undefined; steps++) {
        expect(steps).toBeLessThan(4);
        const timer = DISPUTE_TIMERS[at];
        [row] =
          timer === undefined ? [] : disputeRows(at, timer.event, 'clock', CIRCUMSTANCES[0] as DisputeCircumstances);
        at = row?.to ?? at;
      }
    }
    expect([...reached].toSorted()).toEqual([...DISPUTE_STATES].toSorted());
  });

  test('only parties and mediators are asked for anything; nobody acts for the other side', () => {
    expect(allowedInDispute('opened', 'claimant', CIRCUMSTANCES[0] as DisputeCircumstances)).toEqual([]);
    for (const state of OPEN) {
      for (const so of CIRCUMSTANCES) {
        const bySide = allowedToEach(state, 'seller', so);
        expect(bySide.seller).toEqual(allowedInDispute(state, 'claimant', so));
        expect(bySide.buyer).toEqual(allowedInDispute(state, 'respondent', so));
        expect(bySide.mediator.filter((event) => event !== 'rule' && event !== 'approve')).toEqual([]);
      }
    }
  });

  test('who has waived does not appeal, and waives once', () => {
    const so = { nowMs: 0, escalateFromMs: null, hasProposal: false, waived: ['claimant'] as Role[] };
    expect(allowedInDispute('ruled', 'claimant', so)).toEqual([]);
    expect(allowedInDispute('ruled', 'respondent', so)).toEqual(['appeal', 'waive_appeal']);
  });

  test('there is an appeal once: nothing leads back', () => {
    for (const { from, to } of DISPUTE_TRANSITIONS) {
      expect(DISPUTE_STATES.indexOf(to)).toBeGreaterThanOrEqual(DISPUTE_STATES.indexOf(from));
    }
  });

  test('each state is told in a sentence', () => {
    for (const state of DISPUTE_STATES) expect(DISPUTE_SUMMARIES[state]).toMatch(/^[A-Z].*\.$/);
  });
});

describe('what silence gives', () => {
  const positions: fc.Arbitrary<Positions> = fc
    .record({
      claimedBy: fc.constantFrom('buyer' as const, 'seller' as const),
      gross: fc.integer({ min: 1, max: 99_999_999 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ claimedBy, gross, share }) => ({ claimedBy, gross, claimRefund: Math.round(gross * share) }));

  test('is never more than is disputed, nor less than nothing; the claimant never gets more than is claimed', () => {
    fc.assert(
      fc.property(positions, fc.integer({ min: 0, max: 100 }), (one, percent) => {
        const refund = refundLeaning(one, percent);
        expect(Number.isSafeInteger(refund)).toBe(true);
        expect(refund).toBeGreaterThanOrEqual(one.claimedBy === 'buyer' ? 0 : one.claimRefund);
        expect(refund).toBeLessThanOrEqual(one.claimedBy === 'buyer' ? one.claimRefund : one.gross);
      }),
    );
  });

  test('is the claim at 100 %, and all that the other side wants at 0 %', () => {
    fc.assert(
      fc.property(positions, (one) => {
        expect(refundLeaning(one, 100)).toBe(one.claimRefund);
        expect(refundLeaning(one, 0)).toBe(one.claimedBy === 'buyer' ? 0 : one.gross);
      }),
    );
  });

  test.each([
    [{ claimedBy: 'buyer', gross: 2_500, claimRefund: 2_500 }, 50, 1_250],
    [{ claimedBy: 'buyer', gross: 2_500, claimRefund: 1_001 }, 50, 501],
    [{ claimedBy: 'seller', gross: 2_500, claimRefund: 0 }, 50, 1_250],
    [{ claimedBy: 'seller', gross: 2_500, claimRefund: 1_250 }, 50, 1_875],
    [{ claimedBy: 'seller', gross: 1, claimRefund: 0 }, 50, 1],
    [{ claimedBy: 'seller', gross: 100, claimRefund: 95 }, 33, 98],
    [{ claimedBy: 'seller', gross: 100, claimRefund: 95 }, 30, 99],
    [{ claimedBy: 'seller', gross: 100, claimRefund: 95 }, 31, 98],
  ] as const)('%j at %i %% is %i', (one, percent, refund) => expect(refundLeaning(one, percent)).toBe(refund));
});

test('roles and sides are two words for the same', () => {
  for (const claimedBy of ['buyer', 'seller'] as const) {
    for (const side of ['buyer', 'seller'] as const) expect(sideOfRole(roleOf(side, claimedBy), claimedBy)).toBe(side);
  }
});
