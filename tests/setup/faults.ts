import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { provideStack } from './integration.ts';
import { temporaryFolder } from './run-folder.ts';
import { ROOT } from './test-stack.ts';

/** All scenes of tests/faults/death.test.ts wait for their rows at once, each with two connections at the most. */
const DATABASE_MAX_CONNECTIONS = '130';

/** Starts a stack whose worker can wait at many places at once, and in which a mediator is to be had at once. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = temporaryFolder('policy');
  const POLICY_FILE = join(folder.path, 'policy.yml');
  writeFileSync(POLICY_FILE, withMediatorsAtOnce(readFileSync(join(ROOT, 'services/transactions/policy.yml'), 'utf8')));
  const stop = await provideStack(project, { env: { DATABASE_MAX_CONNECTIONS, POLICY_FILE } });
  return async () => {
    await stop();
    folder.remove();
  };
};

function withMediatorsAtOnce(policy: string): string {
  const changed = policy.replace(/escalateAfter: \S+/, 'escalateAfter: PT1S');
  if (changed === policy) throw new Error('the policy does not say from when on a mediator is to be had');
  return changed;
}
