import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csv } from './csv.ts';

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '＋1', '－1', '＠1'])('%j is no formula', (text) => {
  const [[value] = []] = parse(csv(['A'], [[text]]), { from: 2, relax_column_count: true });
  expect(value).toBe(`'${text}`);
});

test('whatever is written is read back, row by row', () => {
  const cell = fc.string().map((text) => `.${text}`);
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (rows) => {
      expect(parse(csv(['One', 'Two'], rows))).toEqual([['One', 'Two'], ...rows]);
    }),
  );
});

test('lines end as the standard has it', () => {
  expect(csv(['A', 'B'], [['a "quoted", word', 'b']])).toBe('A,B\r\n"a ""quoted"", word",b\r\n');
});
