/** Each rule of the judge finds what it is there for: a purchase that is well, doctored in one place. */
import { describe, expect, test } from 'vitest';
import { commissionOn, leaning } from './arithmetic.ts';
import { DOCTORED, EXCUSED } from './doctored.ts';
import { judge, RULES } from './rules.ts';
import { DISCOUNTED, DISPUTED, LOST, MOMENT, RULED, WELL } from './well-purchases.ts';

test.each([
  ['released', WELL],
  ['disputed', DISPUTED],
  ['ruled', RULED],
  ['lost to the bank', LOST],
])('nothing is wrong with what is well and %s', (_how, facts) => {
  expect(judge(facts, MOMENT)).toEqual([]);
});

test('nor with a discount that was funded and is in proportion', () => {
  const found = judge(DISCOUNTED, MOMENT).map(({ rule }) => rule);
  expect(found.filter((rule) => rule.startsWith('discount') || rule === 'commission_as_agreed')).toEqual([]);
});

test('every rule is seen to fail', () => {
  expect([...new Set(DOCTORED.map(({ rule }) => rule))].toSorted()).toEqual(Object.keys(RULES).toSorted());
});

test.each(DOCTORED)('$rule: $what', ({ rule, facts }) => {
  const found = judge(facts, MOMENT);
  expect(found.map((difference) => difference.rule)).toContain(rule);
  expect(found.every(({ purchaseId }) => purchaseId === 'pur_1')).toBe(true);
});

describe('it is no difference that', () => {
  test.each(EXCUSED)('%s', (_what, rule, facts) => {
    expect(judge(facts, MOMENT).map((difference) => difference.rule)).not.toContain(rule);
  });
});

test.each([
  ['buyer', 2_500n, 2_500n, 50n, 1_250n],
  ['buyer', 2_500n, 1_001n, 50n, 501n],
  ['seller', 2_500n, 0n, 50n, 1_250n],
  ['seller', 1n, 0n, 50n, 1n],
  ['seller', 100n, 95n, 33n, 98n],
  ['seller', 100n, 0n, 100n, 0n],
] as const)(
  'of a claim of the %s about %s for %s, %s %% give the buyer %s',
  (claimedBy, gross, claimRefund, percent, due) => {
    expect(leaning({ claimedBy, gross, claimRefund }, percent)).toBe(due);
  },
);

describe('the commission that is due', () => {
  test.each([
    [2_505n, 1_000n, 0n, undefined, 251n],
    [2_504n, 1_000n, 0n, undefined, 250n],
    [0n, 1_000n, 300n, undefined, 0n],
    [200n, 1_000n, 300n, undefined, 200n],
    [2_500n, 1_000n, 300n, undefined, 300n],
    [2_500n, 1_000n, 0n, 200n, 200n],
    // Beyond what a floating number can hold exactly.
    [9_007_199_254_740_993n, 3_333n, 0n, undefined, 3_002_099_511_605_173n],
  ] as const)('on %s at %s basis points, from %s to %s, is %s', (gross, basisPoints, minimum, maximum, due) => {
    expect(commissionOn(gross, { basisPoints, minimum, maximum })).toBe(due);
  });
});
