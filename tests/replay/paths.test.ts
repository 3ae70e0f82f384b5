/** Of every row that is carried out there is a recorded history: no change of it can get past replay. */
import { expect, test } from 'vitest';
import { recordedHistories } from '../helpers/histories.ts';
import { rowsPassed, tellingBundle, wiredRows } from '../helpers/rows-passed.ts';

test('every row that is carried out has a recorded history that goes along it', async () => {
  const bundle = await tellingBundle();
  const histories = [...recordedHistories().values()];
  const rows = await rowsPassed(bundle, histories);
  expect(rows.size, 'runs').toBe(histories.length);
  const passed = new Set([...rows.values()].flat());
  const missing = wiredRows().filter((row) => !passed.has(row));
  expect(missing, 'rows without a recorded history').toEqual([]);
  // All histories one after another, beside whatever else runs: that is work, not waiting.
}, 240_000);
