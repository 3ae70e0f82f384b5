import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ONBOARDING_STATES } from '../../contracts/onboarding.ts';
import {
  ATTEMPTS,
  nextOnboardingState,
  ONBOARDING_TRANSITIONS,
  type OnboardingCircumstances,
  RERUNS,
  requirementText,
  SELLER_STATE_OF,
} from './onboarding-rules.ts';

const circumstances: fc.Arbitrary<OnboardingCircumstances> = fc.record({
  attempts: fc.integer({ min: 0, max: ATTEMPTS }),
  reruns: fc.integer({ min: 0, max: RERUNS }),
  identityGood: fc.boolean(),
  transfersActive: fc.boolean(),
});
const EVENTS = [...new Set(ONBOARDING_TRANSITIONS.map(({ on }) => on))];

describe('the table of an onboarding', () => {
  test('every state but the one that nothing leads to yet has a way on', () => {
    const without = ONBOARDING_STATES.filter((state) => !ONBOARDING_TRANSITIONS.some(({ from }) => from === state));
    expect(without).toEqual(['credentials']);
  });

  test('of the rows for one state and event exactly one or none holds at a time', () => {
    const rows = ONBOARDING_TRANSITIONS.map(({ from, on, needs }) => `${from}/${on}/${needs ?? ''}`);
    expect(new Set(rows).size).toBe(rows.length);
  });

  test('without a good identity nothing but the word of a provider or a person leads to selling', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ONBOARDING_STATES),
        fc.constantFrom(...EVENTS),
        circumstances,
        (from, on, given) => {
          const to = nextOnboardingState(from, on, { ...given, identityGood: false });
          const sells = SELLER_STATE_OF[to] === 'verified' && SELLER_STATE_OF[from] !== 'verified';
          if (sells && from !== 'payout_account') expect(['identity_approved', 'review_approved']).toContain(on);
        },
      ),
    );
  });

  test('with all attempts used up nobody tries again', () => {
    const used = { attempts: ATTEMPTS, reruns: 0, identityGood: false, transfersActive: false };
    for (const state of ONBOARDING_STATES) expect(nextOnboardingState(state, 'try_again', used)).toBe(state);
  });
});

test('what Stripe asks for has words, also what is new to us', () => {
  expect(requirementText('individual.verification.document')).toBe('a photo of your identity document');
  expect(requirementText('something.new')).toBe('further details');
});
