import { describe, expect, test } from 'vitest';
import { amountOf } from './stripe-disputes.ts';

const moved = (amount: number, currency = 'chf', exchange_rate: number | null = null) => ({
  amount,
  currency,
  exchange_rate,
});
const about = (...balance_transactions: readonly ReturnType<typeof moved>[]) => ({
  amount: 10_000,
  currency: 'chf',
  balance_transactions,
});

describe('what a balance transaction of a dispute moved, in the currency of the dispute', () => {
  test('is what it says, in that currency', () => {
    expect(amountOf(about(), moved(-10_000))).toBe(-10_000);
    expect(amountOf(about(), moved(4_000))).toBe(4_000);
  });

  test('is all of it when our balance is in another one and a bank takes, or gives back the same, or all by its rate', () => {
    const taken = moved(-10_612, 'eur', 1.061_2);
    expect(amountOf(about(taken), taken)).toBe(-10_000);
    expect(amountOf(about(taken), moved(10_612, 'eur'))).toBe(10_000);
    expect(amountOf(about(taken), moved(10_701, 'eur', 1.070_123))).toBe(10_000);
  });

  test('is not known when a part comes back in another currency', () => {
    const taken = moved(-10_612, 'eur', 1.061_2);
    expect(amountOf(about(taken), moved(5_306, 'eur', 1.061_2))).toBeUndefined();
    expect(amountOf(about(taken), moved(10_600, 'eur', 1.061_2))).toBeUndefined();
    expect(amountOf(about(taken), moved(5_306, 'eur'))).toBeUndefined();
  });
});
