import { Problem } from '../platform/errors.ts';

/** The entity tag of something that people edit: counts its editor's changes. */
export const etagOf = (version: number): string => `"${version}"`;

/**
 * Tells whether a version is the one that the client has seen, from its `If-Match`. Compared strongly, as RFC 9110 says:
 * a weak tag matches nothing. `*` matches any version.
 * @throws Problem 428 when the header is missing: an edit that does not say what it was made from may undo another one
 */
export function ifMatch(headers: Readonly<Record<string, string | undefined>>): (version: number) => boolean {
  const header = headers['if-match']?.trim();
  if (header === undefined || header === '') {
    const detail = 'Send If-Match with the ETag of what you have read, so that nobody else’s change is lost.';
    throw new Problem(428, 'IF_MATCH_REQUIRED', detail);
  }
  if (header === '*') return () => true;
  const tags = new Set(header.split(',').map((tag) => tag.trim()));
  return (version) => tags.has(etagOf(version));
}
