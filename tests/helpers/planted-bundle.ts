/** The workflows as a careless change would leave them: open purchases would not go on with them. */
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { copySources } from './sources.ts';

export interface PlantedBundle {
  readonly bundle: WorkflowBundleWithSourceMap;
  readonly remove: () => void;
}

/** Made of a copy, in which a purchase is looked at before it is opened: its first two steps have changed places. */
export async function plantBundle(): Promise<PlantedBundle> {
  const copy = copySources([
    {
      file: 'workflows/purchase.ts',
      from: /return await databaseStep\('openPurchase', (.*)\);/,
      to: "await databaseStep('readStanding', { purchaseId: input.purchaseId }, ''); return await databaseStep('openPurchase', $1);",
    },
  ]);
  const bundle = await bundleWorkflowCode({
    workflowsPath: join(copy.path, 'workflows/index.ts'),
    failureConverterPath: join(copy.path, 'platform/temporal/failure-converter.ts'),
    logger: createSilence(),
  });
  return { bundle, remove: copy.remove };
}

function createSilence() {
  const silent = (): void => {};
  return { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };
}
