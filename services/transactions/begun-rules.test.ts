import { describe, expect, test } from 'vitest';
import { identityOf, isHalfDone, isOthers, type Unfinished } from './begun-rules.ts';

const CLOCK = { type: 'system', id: 'clock' } as const;
const of = (more: Partial<Unfinished> = {}): Unfinished => ({ event: 'cancel', actor: CLOCK, atMs: 7, ...more });

describe('what was begun', () => {
  test('is the same with whatever was found out since', () => {
    expect(isOthers(of({ asked: true }), of())).toBe(false);
    expect(
      isOthers(of({ reversalRefused: true, command: { id: 'one', amount: 5 } }), of({ command: { id: 'one' } })),
    ).toBe(false);
  });

  test.each([
    ['another event', { event: 'confirm' }],
    ['another time', { atMs: 8 }],
    ['a command', { command: { id: 'one' } }],
    ['something to be sent', { sends: 'transfer' }],
  ] as const)('is something else than %s', (_what, other) => {
    expect(isOthers(of(other), of())).toBe(true);
    expect(isOthers(of(), of(other))).toBe(true);
  });

  test('is nothing that is in the way where nothing was', () => {
    expect(isOthers(null, of())).toBe(false);
    expect(isOthers(undefined, of())).toBe(false);
  });

  test('is in the books in part once it is no longer only asked for', () => {
    expect([null, of({ asked: true }), of()].map(isHalfDone)).toEqual([false, false, true]);
  });

  test('is known in the database by what tells it from others', () => {
    const begun = of({ command: { id: 'one', amount: 5, reason: 'why' }, sends: 'topUp', asked: true });
    expect(identityOf(begun)).toEqual({ event: 'cancel', atMs: 7, command: { id: 'one' }, sends: 'topUp' });
    expect(identityOf(of())).toEqual({ event: 'cancel', atMs: 7 });
  });
});
