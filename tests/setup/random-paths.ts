import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { runOptions } from '../random-paths/options.ts';
import { provideStack } from './integration.ts';
import { temporaryFolder } from './run-folder.ts';

const POLICY = fileURLToPath(new URL('policy-of-random-paths.yml', import.meta.url));

/**
 * Starts a stack whose windows are long enough for everything that happens within them, however often the worker is
 * killed: where a purchase ends then depends on its path alone, never on who was faster. More purchases need longer ones.
 */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const { path, remove } = temporaryFolder('random-paths');
  const policyFile = join(path, 'policy.yml');
  const { windowSeconds } = runOptions();
  const policy = readFileSync(POLICY, 'utf8')
    .replaceAll('WINDOW', `PT${windowSeconds}S`)
    .replaceAll('HALF', `PT${Math.ceil(windowSeconds / 2)}S`);
  writeFileSync(policyFile, policy);
  const stop = await provideStack(project, { env: { POLICY_FILE: policyFile } });
  return async () => {
    await stop();
    remove();
  };
};
