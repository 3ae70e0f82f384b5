/** Of every row that is carried out there is a recorded history: no change of it can get past replay. */
import { expect, test } from 'vitest';
import { recordedHistories } from '../helpers/histories.ts';
import { rowsPassed, tellingBundle, wiredRows } from '../helpers/rows-passed.ts';

test('every row that is carried out has a recorded history that goes along it', async () => {
  const bundle = await tellingBundle();
  const passed = new Map<string, string>();
  for (const [name, recorded] of recordedHistories()) {
    for (const row of await rowsPassed(bundle, recorded)) passed.set(row, passed.get(row) ?? name);
  }
  const missing = wiredRows().filter((row) => !passed.has(row));
  expect(missing, 'rows without a recorded history').toEqual([]);
});
