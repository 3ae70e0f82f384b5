import { describe, expect, test } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { markStray, markTyped } from '../../contracts/typed-input.ts';
import { MAX_WORDS, readStaffOrder, type StaffOrderKind } from './support-rules.ts';

const PURCHASE: PurchaseId = `pur_${'1'.repeat(32)}`;
const STAFF = `usr_${'2'.repeat(32)}`;
const read = (given: unknown, kind: StaffOrderKind = 'note') => readStaffOrder(kind, given, PURCHASE);
const good = { purchase: PURCHASE, staff: STAFF, note: ' The buyer called.\n' };

describe('an order of staff', () => {
  test('is read, and says whether it was typed into the Temporal UI', () => {
    expect(read(good)).toEqual({ kind: 'note', staff: STAFF, words: 'The buyer called.' });
    expect(read(markTyped({ value: good, seal: 'ab' }))).toMatchObject({ words: 'The buyer called.', seal: 'ab' });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'pause it'],
    ['a list', [good]],
    ['what was typed and is no JSON', markTyped({ value: null, seal: 'ab' })],
    ['another purchase', { ...good, purchase: `pur_${'3'.repeat(32)}` }],
    ['no purchase', { ...good, purchase: undefined }],
    ['a name instead of an account', { ...good, staff: 'Ada' }],
    ['an id that goes on', { ...good, staff: `${STAFF}\n` }],
    ['a member too many', { ...good, verified: true }],
    ['a prototype', JSON.parse(`{"purchase":"${PURCHASE}","staff":"${STAFF}","note":"x","__proto__":{}}`)],
    ['no words', { ...good, note: ' \n ' }],
    ['words that are none', { ...good, note: 7 }],
    ['too many words', { ...good, note: 'x'.repeat(MAX_WORDS + 1) }],
    ['a megabyte', { ...good, note: 'x'.repeat(1_000_000) }],
    ['control characters', { ...good, note: 'a\u0000b' }],
    ['marks that turn the writing', { ...good, note: 'a\u202eb' }],
    ['an order of another kind', { purchase: PURCHASE, staff: STAFF, pauseReason: 'x' }],
    ['a mark inside a mark', markTyped({ value: markTyped({ value: good, seal: 'ab' }), seal: 'cd' })],
  ])('%s is refused with what is needed', (_what, given) => {
    const problem = read(given);
    expect(problem).toMatch(/"purchase": "pur_1+", "staff": "usr_…", "note"/);
    // Somebody else reads it, in a history perhaps.
    expect((problem as string).length).toBeLessThan(600);
  });

  test('a character is one, however many JavaScript makes of it', () => {
    expect(typeof read({ ...good, note: '😀'.repeat(MAX_WORDS) })).toBe('object');
    expect(read({ ...good, note: '😀'.repeat(MAX_WORDS + 1) })).toContain('longer than');
  });

  test('everything that is wrong is said at once', () => {
    const problem = read({ purchase: 'x', staff: 'y', note: '', z: 1 });
    for (const name of ['"purchase"', '"staff"', '"note" is empty', 'other names']) expect(problem).toContain(name);
  });

  test('what was not encrypted is sent to the settings of the UI', () => {
    expect(read(markStray('unsealed'))).toMatch(/codec server/);
    expect(read(markStray('misplaced'))).toMatch(/another workflow/);
  });

  test.each([
    ['pause', 'resume'],
    ['resume', 'pause'],
  ] as const)('one to %s is none to %s', (kind, other) => {
    const order = { purchase: PURCHASE, staff: STAFF, [`${kind}Reason`]: 'x' };
    expect(typeof read(order, kind)).toBe('object');
    expect(typeof read(order, other)).toBe('string');
  });
});
