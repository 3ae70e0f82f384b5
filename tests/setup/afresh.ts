import type { TestProject } from 'vitest/node';
import { provideStack } from './integration.ts';

/** Starts a stack whose Temporal suggests after few events that a history be started afresh: usually after 4,096. */
export default (project: TestProject): Promise<() => Promise<void>> =>
  provideStack(project, { dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': 60 } });
