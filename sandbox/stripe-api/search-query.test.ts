import { describe, expect, it } from 'vitest';
import { readSearch } from './search-query.ts';

const FIELDS = { amount: 'number', email: 'text', status: 'token', refunded: 'token', 'card.last4': 'token' } as const;
const OBJECT = {
  amount: 500,
  email: 'Erika@example.org',
  status: 'succeeded',
  refunded: false,
  card: { last4: '4242' },
  metadata: { order: '7' },
};

describe('a search', () => {
  it.each([
    ["status:'succeeded'", true],
    ['status:"failed"', false],
    ["-status:'failed'", true],
    ['refunded:false', true],
    ["card.last4:'4242'", true],
    ["metadata['order']:'7'", true],
    ["metadata['order']:'8'", false],
    ["metadata['none']:null", true],
    ["-metadata['order']:null", true],
    ['amount>499 AND amount<=500', true],
    ['amount>500', false],
    ["email~'ERIKA'", true],
    ["status:'succeeded' metadata['order']:'8'", false],
    ["status:'failed' OR metadata['order']:'7'", true],
    ["status:'failed' or amount<1", false],
  ])('%s: %s', (query, found) => {
    expect(readSearch(query, FIELDS).matches(OBJECT)).toBe(found);
  });

  it('lets the database look up what is equal in metadata', () => {
    expect(readSearch("metadata['order']:'7' AND amount>1", FIELDS).where).toEqual({ metadata: { order: '7' } });
    expect(readSearch("metadata['order']:'7' OR amount>1", FIELDS).where).toEqual({});
    expect(readSearch("-metadata['order']:'7'", FIELDS).where).toEqual({});
  });

  it.each([
    ['', 'unable to parse'],
    ['status', 'unable to parse'],
    [`metadata["it's"]:'so'`, 'unable to parse'],
    ["status:'x' AND", 'unable to parse'],
    ["colour:'red'", 'unsupported search field'],
    ["status>'x'", 'cannot be compared'],
    ["email~'ab'", 'at least 3 characters'],
    ['amount>many', 'unable to parse'],
    ["status:'a' AND status:'b' OR status:'c'", 'cannot be combined'],
    [Array.from({ length: 11 }, () => 'amount>1').join(' AND '), 'at most 10 clauses'],
  ])('%s is refused: %s', (query, reason) => {
    expect(() => readSearch(query, FIELDS)).toThrow(reason);
  });
});
