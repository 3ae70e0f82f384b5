import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { inject } from 'vitest';
import { searchAttributeCodes } from '../../scripts/stack/temporal-api.ts';
import { loadTemporalDevConfig } from '../../scripts/stack/temporal-dev-config.ts';
import { ROOT } from '../setup/test-stack.ts';

const NAMESPACE = 'default';

type ClientOptions = NonNullable<Parameters<typeof TestWorkflowEnvironment.createTimeSkipping>[0]>['client'];

/**
 * A Temporal server whose clock jumps over waits, with the search attributes of `temporal-dev.yml` declared.
 * The caller tears it down. Schedules and lists are not implemented there, and an update's id is not remembered after
 * its workflow has closed.
 */
export async function timeSkipping(options: { client?: ClientOptions } = {}): Promise<TestWorkflowEnvironment> {
  const path = inject('timeSkippingServer');
  const environment = await started(() =>
    TestWorkflowEnvironment.createTimeSkipping({
      ...(path !== '' && { server: { executable: { type: 'existing-path' as const, path } } }),
      ...(options.client !== undefined && { client: options.client }),
    }),
  );
  const { searchAttributes } = loadTemporalDevConfig(join(ROOT, 'temporal-dev.yml'));
  await environment.connection.operatorService.addSearchAttributes({
    namespace: NAMESPACE,
    searchAttributes: searchAttributeCodes(searchAttributes),
  });
  return environment;
}

const MAX_ATTEMPTS = 4;

/** The SDK gives the server five seconds, which a Java machine may need longer than beside other tests. */
async function started<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start();
    } catch (error) {
      const isLate = error instanceof Error && error.message.includes('did not start within');
      if (!isLate || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
