import type { TestProject } from 'vitest/node';
import { startCollector } from '../helpers/collector.ts';
import { provideStack } from './integration.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the spans of the stack are. */
    collector: string;
  }
}

/** Starts a stack that traces everything, and the collector that it sends to. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const collector = await startCollector();
  try {
    const stop = await provideStack(project, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
    project.provide('collector', collector.url);
    return async () => {
      await stop();
      await collector.close();
    };
  } catch (error) {
    await collector.close();
    throw error;
  }
};
