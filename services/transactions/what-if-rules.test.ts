import { describe, expect, test } from 'vitest';
import type { Terms } from './terms-rules.ts';
import { type Fact, type RuleInputs, rerun, termsUnder } from './what-if-rules.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const TERMS: Terms = {
  policyVersion: 1,
  kind: 'goods',
  price: 10_000,
  currency: 'EUR',
  title: '',
  category: 'goods',
  commissionBasisPoints: 1_000,
  paymentWindowMs: HOUR / 4,
  acceptWindowMs: 6 * DAY,
  captureReserveMs: DAY,
  handlingMs: 3 * DAY,
  inspectionWindowMs: 2 * DAY,
  aftercareWindowMs: 14 * DAY,
  holdLimitMs: 88 * DAY,
  cancellation: [],
  offer: { handlingDays: 3, cancellationPolicy: null },
};

const PAID: readonly Fact[] = [
  { atMs: 1_000, event: 'payment_authorised', by: 'provider' },
  { atMs: HOUR, event: 'accept', by: 'seller' },
];
const inputs = (facts: readonly Fact[], more: Partial<RuleInputs> = {}): RuleInputs => ({
  openedAtMs: 0,
  terms: TERMS,
  slot: null,
  captureBeforeMs: 7 * DAY,
  facts,
  ...more,
});
const ended = (facts: readonly Fact[], terms: Partial<Terms> = {}) => rerun({ ...TERMS, ...terms }, inputs(facts));

describe('a purchase that is run again', () => {
  test('comes to its own end: delivered, silence, released, completed', () => {
    const { outcome, refused } = ended([...PAID, { atMs: DAY, event: 'deliver', by: 'seller' }]);
    expect(outcome).toEqual({ state: 'completed', buyer: 10_000, seller: 9_000, commission: 1_000 });
    expect(refused).toEqual([]);
  });

  test('ends otherwise where the clock would have been faster than somebody was', () => {
    const late: Fact = { atMs: 2 * DAY, event: 'deliver', by: 'seller' };
    expect(ended([...PAID, late], { handlingMs: DAY })).toEqual({
      outcome: { state: 'cancelled', buyer: 0, seller: 0, commission: 0 },
      refused: ['deliver'],
    });
    expect(ended(PAID.slice(1)).outcome.state).toBe('expired');
  });

  test('with a discount pays the seller as without it, and gives the discount back with what is refunded', () => {
    const discounted = { discount: { code: 'FIFTH', amount: 2_000 } };
    const part: Fact = { atMs: DAY, event: 'refund_in_part', by: 'seller', refund: 5_000 };
    const confirmed: Fact = { atMs: DAY + 1, event: 'confirm', by: 'buyer' };
    const whole = ended([...PAID, confirmed], discounted);
    expect(whole.outcome).toEqual({ state: 'completed', buyer: 8_000, seller: 9_000, commission: 1_000 });
    expect(ended([...PAID, part, confirmed], discounted).outcome).toEqual({
      state: 'completed',
      buyer: 4_000,
      seller: 4_500,
      commission: 500,
    });
  });

  test('pays another commission', () => {
    const facts: readonly Fact[] = [...PAID, { atMs: DAY, event: 'confirm', by: 'buyer' }];
    expect(ended(facts, { commissionBasisPoints: 500 }).outcome).toMatchObject({ seller: 9_500, commission: 500 });
    expect(ended(facts, { commissionBasisPoints: 500, commissionMinimum: 700 }).outcome.commission).toBe(700);
  });

  test('stands still while staff had paused it', () => {
    const facts: readonly Fact[] = [
      ...PAID,
      { atMs: 2 * DAY, event: 'money_paused', by: 'staff' },
      { atMs: 12 * DAY, event: 'money_resumed', by: 'staff' },
      { atMs: 13 * DAY, event: 'deliver', by: 'seller' },
    ];
    expect(ended(facts)).toMatchObject({ outcome: { state: 'completed' }, refused: [] });
    expect(ended(facts.filter(({ by }) => by !== 'staff'))).toMatchObject({ outcome: { state: 'cancelled' } });
  });

  test('is divided by the tiers of the policy, and moving it brings back no more', () => {
    const terms: Partial<Terms> = {
      kind: 'booking',
      cancellation: [
        { beforeStartMs: DAY, refundBasisPoints: 10_000 },
        { beforeStartMs: 0, refundBasisPoints: 2_500 },
      ],
    };
    const slot = { startsAtMs: 30 * HOUR, endsAtMs: 31 * HOUR };
    const cancelled: Fact = { atMs: 10 * HOUR, event: 'cancel', by: 'buyer' };
    const moved: Fact = {
      atMs: 9 * HOUR,
      event: 'accept_reschedule',
      by: 'seller',
      slot: { startsAtMs: 20 * DAY, endsAtMs: 20 * DAY + HOUR },
    };
    const run = (facts: readonly Fact[]) => rerun({ ...TERMS, ...terms }, inputs(facts, { slot }));
    expect(run([...PAID, cancelled]).outcome).toEqual({
      state: 'completed',
      buyer: 7_500,
      seller: 6_750,
      commission: 750,
    });
    expect(run([...PAID, moved, cancelled]).outcome.buyer).toBe(7_500);
    expect(run([...PAID, { ...cancelled, atMs: 2 * HOUR }]).outcome.state).toBe('cancelled');
  });

  test('has no terms under a policy where it was not kept what that would be applied to', () => {
    const { offer: _, ...old } = TERMS;
    expect(termsUnder({} as never, inputs([], { terms: old }))).toBeUndefined();
  });
});
