import { describe, expect, it } from 'vitest';
import { idPattern } from '../contracts/ids.ts';
import { decodeCursor, encodeCursor, pageFrom } from './cursors.ts';

const ID = 'lst_0199c1a2b3c47d5e8f60718293a4b5c6';
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('cursors', () => {
  it('carry the last id of a page', () => {
    expect(decodeCursor(encodeCursor(ID), idPattern('lst'))).toBe(ID);
  });

  it.each([
    ['of another list', encodeCursor('pur_0199c1a2b3c47d5e8f60718293a4b5c6')],
    ['of another version', encoded([2, ID])],
    ['of another form', encoded({ id: ID })],
    ['with something behind the id', encoded([1, `${ID}'; --`])],
    ['that are no JSON', 'rubbish'],
    ['that are empty', ''],
  ])('%s are refused', (_what, cursor) => {
    expect(() => decodeCursor(cursor, idPattern('lst'))).toThrow(expect.objectContaining({ status: 400 }));
  });
});

describe('pages', () => {
  const rows = ['c', 'b', 'a'].map((letter) => ({ id: `lst_${letter.repeat(32)}` }));

  it('end with a cursor when there is more', () => {
    const page = pageFrom(rows, 2);
    expect(page.rows).toEqual(rows.slice(0, 2));
    expect(decodeCursor(page.nextCursor ?? '', idPattern('lst'))).toBe(rows[1]?.id);
  });

  it('end without one when there is not', () => {
    expect(pageFrom(rows, 3).nextCursor).toBeNull();
    expect(pageFrom([], 3)).toEqual({ rows: [], nextCursor: null });
  });
});
