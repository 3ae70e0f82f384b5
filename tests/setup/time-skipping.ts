import type { TestProject } from 'vitest/node';
import { acquireTimeSkippingServer } from '../../scripts/stack/time-skipping-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The program of the time-skipping server; the empty text when the SDK downloads its own. */
    timeSkippingServer: string;
  }
}

/** Fetches the time-skipping server once, before the bounds of tests and hooks apply. */
export default async function setup(project: TestProject): Promise<void> {
  const path = await acquireTimeSkippingServer({ env: process.env, onNote: (line) => console.log(line) });
  project.provide('timeSkippingServer', path ?? '');
}
