import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { ROLES } from '../../scripts/stack/roles.ts';
import { provideStack } from './integration.ts';

const POLICY_FILE = fileURLToPath(new URL('policy-of-deploys.yml', import.meta.url));

/** Starts a stack without a worker: the tests start workers of their own, of several builds. */
export default (project: TestProject): Promise<() => Promise<void>> =>
  provideStack(project, { roles: ROLES.filter(({ name }) => name !== 'worker'), env: { POLICY_FILE } });
