import { Problem } from '../platform/errors.ts';

/**
 * Cursors of lists that go by id, newest first: the last id of the page before, wrapped so that clients do not build on
 * what is inside. Nothing needs to be signed: a list is always read as its caller, wherever it begins.
 */
export function encodeCursor(lastId: string): string {
  return Buffer.from(JSON.stringify([VERSION, lastId])).toString('base64url');
}

/**
 * @param idPattern what the id inside has to look like; see contracts/ids.ts
 * @throws Problem 400 for what is no cursor of such a list
 */
export function decodeCursor(cursor: string, idPattern: string): string {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch (error) {
    throw wrongCursor(error);
  }
  const [version, id] = Array.isArray(content) ? (content as unknown[]) : [];
  if (version !== VERSION || typeof id !== 'string' || !new RegExp(idPattern).test(id)) throw wrongCursor();
  return id;
}

const VERSION = 1;

const wrongCursor = (cause?: unknown): Problem =>
  new Problem(400, 'INVALID_REQUEST', 'The cursor is not one that this list has given out. Begin again without it.', {
    errors: [{ path: 'query.cursor', message: 'not a cursor of this list' }],
    cause,
  });

/**
 * Cuts a page out of rows that were read with one more than `limit`, to know whether there are more.
 */
export function pageFrom<Row extends { readonly id: string }>(
  rows: readonly Row[],
  limit: number,
): { readonly rows: readonly Row[]; readonly nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last.id) : null };
}
