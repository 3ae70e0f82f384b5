import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { provideStack } from './integration.ts';

const POLICY_FILE = fileURLToPath(new URL('policy-of-seconds.yml', import.meta.url));

/** Starts a stack in which days last seconds. */
export default (project: TestProject): Promise<() => Promise<void>> =>
  provideStack(project, { env: { POLICY_FILE, RECONCILIATION_SETTLE_SECONDS: '3' } });
