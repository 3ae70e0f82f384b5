import type { TestProject } from 'vitest/node';
import { SANDBOX } from '../../scripts/stack/roles.ts';
import { provideStack } from './integration.ts';

/** Temporal on PostgreSQL and the sandbox: our own processes are started, and replaced, by the tests. */
export default (project: TestProject): Promise<() => Promise<void>> =>
  provideStack(project, { temporal: 'postgres', roles: [SANDBOX] });
