import { describe, expect, test } from 'vitest';
import { stamp, unstamped, wasSentAs } from './sent-as.ts';

const AS = { name: 'acceptPurchase', id: 'a' };

describe('what an update is sent as', () => {
  test('is known again by who gets it, and taken off', () => {
    const args = stamp([{ actorId: 'usr_1' }], AS);
    expect(wasSentAs(args, AS)).toBe(true);
    expect(unstamped(args)).toEqual([{ actorId: 'usr_1' }]);
    expect(wasSentAs(stamp([], AS), AS)).toBe(true);
  });

  test.each([
    ['another name', stamp([{}], { ...AS, name: 'refundPurchase' })],
    ['another id', stamp([{}], { ...AS, id: 'b' })],
    ['nothing', [{ actorId: 'usr_1' }]],
    ['no input', []],
    ['null', [{ sentAs: null }]],
    ['no object', ['sentAs']],
    ['a stamp beside it', [{ actorId: 'usr_1' }, ...stamp([], AS)]],
  ])('%s is not it', (_what, args) => {
    expect(wasSentAs(args, AS)).toBe(false);
  });

  test('what the caller says of it does not count', () => {
    expect(stamp([{ sentAs: { name: 'x', id: 'y' } }], AS)).toEqual([{ sentAs: AS }]);
  });

  test.each([[['text']], [[null]], [[[]]], [[{}, {}]]])('nothing is written into %j', (args) => {
    expect(() => stamp(args, AS)).toThrow(TypeError);
  });

  test('what has none is left as it is', () => {
    expect(unstamped(['text', null, { a: 1 }])).toEqual(['text', null, { a: 1 }]);
  });
});
