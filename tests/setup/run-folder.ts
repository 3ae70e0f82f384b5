import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A new folder for what tests write. Below the folder of the test run, which `npm test` removes at the end whatever
 * happens; where vitest was started by itself, the caller removes it.
 */
export function temporaryFolder(name: string): { path: string; remove: () => void } {
  const parent = process.env['WELLPACT_TEST_FOLDER'] ?? tmpdir();
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, `${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
