import type { TestProject } from 'vitest/node';
import { browserProgram } from '../helpers/browser-program.ts';
import { provideStack } from './integration.ts';

/** Starts one stack for all browser tests; none where they are skipped, since there is no browser. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  if (browserProgram() !== undefined) return provideStack(project);
  console.log('Browser tests are skipped: no Chromium on the PATH. Install one, or name it with CHROMIUM=<program>.');
  return () => Promise.resolve();
};
