import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { provideStack } from './integration.ts';
import { temporaryFolder } from './run-folder.ts';
import { ROOT } from './test-stack.ts';

/** All scenes of tests/faults/death.test.ts wait for their rows at once, each with two connections at the most. */
const DATABASE_MAX_CONNECTIONS = '130';

/** Starts a stack whose worker can wait at many places at once, and with a policy that has little patience. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const folder = temporaryFolder('policy');
  const POLICY_FILE = join(folder.path, 'policy.yml');
  writeFileSync(POLICY_FILE, inAHurry(readFileSync(join(ROOT, 'services/transactions/policy.yml'), 'utf8')));
  const stop = await provideStack(project, { env: { DATABASE_MAX_CONNECTIONS, POLICY_FILE } });
  return async () => {
    await stop();
    folder.remove();
  };
};

/** The policy of this release, but nobody waits for a mediator, nor for the money of a bank that has decided. */
function inAHurry(policy: string): string {
  return ['escalateAfter', 'chargebackFunds'].reduce((before, name) => {
    const after = before.replace(new RegExp(`(${name}): \\S+`), '$1: PT1S');
    if (after === before) throw new Error(`the policy does not say ${name}`);
    return after;
  }, policy);
}
