/** What a dispute waits for, in each of its states and whatever else is so. */
import { describe, expect, test } from 'vitest';
import { DISPUTE_STATES } from '../../contracts/dispute.ts';
import type { Role } from './rules.ts';
import { type DisputeSituation, disputeWait, type Stored, situationOf } from './wait-rules.ts';

const DEADLINE_MS = Date.parse('2027-03-04T12:00:00Z');

const CALM: Omit<DisputeSituation, 'state'> = {
  claimedBy: 'buyer',
  deadlineMs: DEADLINE_MS,
  decided: false,
  frozen: false,
  claimIsAll: false,
  waived: [],
  offeredBy: [],
  hasProposal: false,
};

const ROLES: readonly (readonly Role[])[] = [[], ['claimant'], ['respondent'], ['claimant', 'respondent']];
const BOTH = [false, true] as const;
const SITUATIONS: readonly DisputeSituation[] = DISPUTE_STATES.flatMap((state) =>
  (['buyer', 'seller'] as const).flatMap((claimedBy) =>
    ROLES.flatMap((offeredBy) =>
      ROLES.slice(0, 3).flatMap((waived) =>
        BOTH.flatMap((decided) =>
          BOTH.flatMap((frozen) =>
            BOTH.map((hasProposal) => ({
              ...CALM,
              state,
              claimedBy,
              offeredBy,
              waived,
              decided,
              frozen,
              hasProposal,
              deadlineMs: state === 'closed' ? null : DEADLINE_MS,
            })),
          ),
        ),
      ),
    ),
  ),
);

test.each([
  ['opened', {}, 'seller', /^The seller has to answer the claim of the buyer until 2027-03-04 12:00 UTC; files/],
  ['opened', { claimedBy: 'seller' }, 'buyer', /^The buyer has to answer the claim of the seller until 2027-/],
  ['negotiating', {}, 'both', /until 2027-03-04 12:00 UTC: it waits for an offer of either\.$/],
  [
    'negotiating',
    { offeredBy: ['respondent'] },
    'buyer',
    /an offer of the seller waits for the answer of the buyer\.$/,
  ],
  ['negotiating', { offeredBy: ['claimant'] }, 'seller', /an offer of the buyer waits for the answer of the seller\.$/],
  ['negotiating', { offeredBy: ['claimant', 'respondent'] }, 'both', /each side can accept the offer of the other one/],
  ['mediating', {}, 'mediator', /^A mediator looks at the dispute until 2027-03-04 12:00 UTC; files can be handed in/],
  [
    'mediating',
    { offeredBy: ['claimant'] },
    'mediator',
    /; an offer of the buyer waits for the answer of the seller\.$/,
  ],
  ['mediating', { hasProposal: true }, 'mediator', /^A second mediator has to approve the ruling until 2027-/],
  ['ruled', {}, 'both', /^There is a ruling, and both sides can appeal until 2027-03-04 12:00 UTC\.$/],
  [
    'ruled',
    { waived: ['claimant'] },
    'seller',
    /the seller can appeal until 2027-03-04 12:00 UTC; the buyer will not\.$/,
  ],
  [
    'ruled',
    { waived: ['respondent'] },
    'buyer',
    /the buyer can appeal until 2027-03-04 12:00 UTC; the seller will not\.$/,
  ],
  ['appealed', {}, 'mediator', /^Another mediator looks at the dispute and rules finally until 2027-/],
  ['appealed', { hasProposal: true }, 'mediator', /^A second mediator has to approve the final ruling until 2027-/],
  ['mediating', { frozen: true }, 'platform', /stands still while the buyer's bank looks at the payment/],
  ['opened', { frozen: true }, 'platform', /and so does its time\.$/],
  ['opened', { frozen: true, claimIsAll: true }, 'platform', /; the seller can accept the claim all the same\.$/],
  ['negotiating', { frozen: true, claimIsAll: true }, 'platform', /and so does its time\.$/],
  ['ruled', { decided: true }, 'platform', /is decided; that is carried out as soon as the money can move\.$/],
  ['closed', {}, 'nobody', /^It is closed\.$/],
] as const)('%s %o waits for %s', (state, over, waitsFor, summary) => {
  const wait = disputeWait({ ...CALM, state, ...over });
  expect(wait.waitsFor).toBe(waitsFor);
  expect(wait.summary).toMatch(summary);
});

describe(`in each of ${SITUATIONS.length} situations`, () => {
  test('it says the deadline as long as one runs, and what happens then', () => {
    for (const situation of SITUATIONS) {
      const { state, decided, frozen } = situation;
      const runs = state !== 'closed' && !decided && !frozen;
      const { summary, automatic } = disputeWait(situation);
      expect(summary.includes('until 2027-03-04 12:00 UTC'), `${JSON.stringify(situation)}: ${summary}`).toBe(runs);
      expect(summary).toMatch(/^[A-Z].*\.$/);
      expect(automatic?.atMs, JSON.stringify(situation)).toBe(runs ? DEADLINE_MS : undefined);
      if (runs) expect(automatic?.says).toMatch(/^[a-z]/);
    }
  });

  test('it waits for somebody until it is closed, and names them', () => {
    for (const situation of SITUATIONS) {
      const { waitsFor, summary } = disputeWait(situation);
      expect(waitsFor === 'nobody', JSON.stringify(situation)).toBe(situation.state === 'closed');
      if (waitsFor === 'buyer' || waitsFor === 'seller') expect(summary).toContain(`the ${waitsFor}`.slice(1));
      if (waitsFor === 'mediator') expect(summary).toContain('ediator');
    }
  });
});

describe('what the buyer gets back when nobody does anything', () => {
  const stored = (state: Stored['state']): Stored => ({
    state,
    claimedBy: 'buyer',
    gross: 2_500,
    claimRefund: 2_000,
    terms: { silencePercent: 100 },
    deadlineAt: new Date(DEADLINE_MS),
    decision: null,
    frozenSince: null,
    waived: [],
  });

  test.each([
    ['opened', null, 2_000],
    ['negotiating', null, undefined],
    ['mediating', null, undefined],
    ['ruled', 700, 700],
    ['appealed', 700, 700],
  ] as const)('%s with a ruling of %s: %s', (state, ruled, refund) => {
    const situation = situationOf(stored(state), { offeredBy: [], hasProposal: false, ruled });
    expect(disputeWait(situation).automatic?.refund).toBe(refund);
  });
});
