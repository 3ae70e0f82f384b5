import { describe, expect, test } from 'vitest';
import { inTurns, median, percentile, ratioOf } from './rounds.ts';

describe('percentiles', () => {
  test('lie between neighbours in proportion', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(percentile([0, 10], 0.99)).toBeCloseTo(9.9);
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('rounds', () => {
  test('take turns, throw the first one away, and compare within a round', async () => {
    const order: string[] = [];
    const contestant = (name: string, costs: number[]) => ({
      name,
      round: async () => {
        order.push(name);
        return { cost: costs.shift() ?? Number.NaN };
      },
    });
    // Ours costs half in each round, however slow the round was for both.
    const rounds = await inTurns(contestant('ours', [99, 1, 50, 2]), contestant('theirs', [1, 2, 100, 4]), {
      rounds: 3,
      onRound: () => {},
    });
    expect(order.join(' ')).toBe('ours theirs ours theirs theirs ours ours theirs');
    expect(ratioOf(rounds, 'cost')).toEqual({ median: 0.5, least: 0.5, most: 0.5, ours: 2, theirs: 4 });
    expect(() => ratioOf(rounds, 'price')).toThrow('there is no figure "price"');
  });
});
