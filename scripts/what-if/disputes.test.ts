/** What the policy decided in a dispute is decided anew, and what people decided is not. */
import { describe, expect, test } from 'vitest';
import type { Fact } from '../../services/transactions/what-if-rules.ts';
import { type Disputed, factsUnder, notRun } from './disputes.ts';

const DISPUTE: Disputed = {
  claimedBy: 'buyer',
  gross: 10_000,
  claimRefund: 8_000,
  currency: 'EUR',
  terms: {
    policyVersion: 1,
    responseMs: 1,
    noShowContestMs: 2,
    escalateAfterMs: 3,
    negotiationMs: 4,
    mediationMs: 5,
    appealMs: 6,
    silencePercent: 100,
    defaultPercent: 50,
    fourEyesFrom: 50_000,
  },
  decision: { refund: 8_000, by: 'silence', atMs: 0 },
  rulings: [],
};
const FACTS: readonly Fact[] = [
  { atMs: 1, event: 'accept', by: 'seller' },
  { atMs: 2, event: 'open_dispute', by: 'buyer', defaultRefund: 4_000 },
  { atMs: 3, event: 'dispute_decided', by: 'dispute', refund: 8_000 },
];
const OTHER = { silencePercent: 75, defaultPercent: 25 } as const;
const decided = (dispute: Partial<Disputed>) => factsUnder(OTHER, FACTS, [{ ...DISPUTE, ...dispute }]);

describe('under another policy', () => {
  test('silence and the default ruling give another part of what is in dispute', () => {
    expect(decided({})).toEqual([FACTS[0], { ...FACTS[1], defaultRefund: 2_000 }, { ...FACTS[2], refund: 6_000 }]);
    const byDefault = {
      decision: { refund: 4_000, by: 'ruling', atMs: 0 },
      rulings: [{ ruledBy: null, status: 'stands' }],
    };
    expect(decided(byDefault as Partial<Disputed>).at(-1)).toMatchObject({ refund: 2_000 });
  });

  test.each([
    ['an agreement', { decision: { refund: 8_000, by: 'agreement', atMs: 0 } }],
    ['what was claimed', { decision: { refund: 8_000, by: 'claim', atMs: 0 } }],
    [
      'the ruling of a mediator after a default ruling was appealed',
      {
        decision: { refund: 8_000, by: 'ruling', atMs: 0 },
        rulings: [
          { ruledBy: null, status: 'stands' },
          { ruledBy: 'usr_ada', status: 'stands' },
        ],
      },
    ],
  ] as const)('%s stays what it was', (_what, dispute) => {
    expect(decided(dispute as unknown as Partial<Disputed>).at(-1)).toEqual(FACTS.at(-1));
  });

  test('each dispute of a purchase is its own', () => {
    const twice = [...FACTS, ...FACTS.slice(1)];
    const refunds = factsUnder(OTHER, twice, [DISPUTE, { ...DISPUTE, claimRefund: 1_000 }]).map(({ refund }) => refund);
    expect(refunds).toEqual([undefined, undefined, 6_000, undefined, 750]);
  });

  test('what is not run is named', () => {
    const same = { response: 1, noShowContest: 2, escalateAfter: 3, negotiation: 4, mediation: 5, appeal: 6 } as const;
    const policy = { ...same, ...OTHER, fourEyesFrom: { EUR: 50_000, GBP: 1 } } as const;
    expect(notRun({ dispute: policy } as never, DISPUTE)).toEqual([]);
    const other = { ...policy, mediation: 50, fourEyesFrom: { EUR: 20_000 } };
    expect(notRun({ dispute: other } as never, DISPUTE)).toEqual(['dispute.mediation', 'dispute.fourEyesFrom']);
  });
});
