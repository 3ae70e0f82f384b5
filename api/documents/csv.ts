import { stringify } from 'csv-stringify/sync';

/**
 * A table as RFC 4180 has it: CRLF, quotes where they are needed. What a spreadsheet would take for a formula (`=`, `+`,
 * `-`, `@` and the like in front) gets a `'` before it, so amounts go in columns of their own for each direction.
 */
export const csv = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  stringify(
    [header, ...rows].map((row) => [...row]),
    { record_delimiter: 'windows', escape_formulas: true },
  );
