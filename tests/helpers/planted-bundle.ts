/** The workflows as a careless change would leave them: open purchases would not go on with them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface PlantedBundle {
  readonly bundle: WorkflowBundleWithSourceMap;
  readonly remove: () => void;
}

/** Made of a copy, in which a purchase is looked at before it is opened: its first two steps have changed places. */
export async function plantBundle(): Promise<PlantedBundle> {
  const copy = mkdtempSync(join(tmpdir(), 'planted-'));
  for (const folder of ['workflows', 'contracts', 'services', 'platform', 'activities']) {
    cpSync(join(ROOT, folder), join(copy, folder), { recursive: true });
  }
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  swapFirstSteps(join(copy, 'workflows/purchase.ts'));
  const bundle = await bundleWorkflowCode({
    workflowsPath: join(copy, 'workflows/index.ts'),
    failureConverterPath: join(copy, 'platform/temporal/failure-converter.ts'),
    logger: createSilence(),
  });
  return { bundle, remove: () => rmSync(copy, { recursive: true, force: true }) };
}

function swapFirstSteps(path: string): void {
  const source = readFileSync(path, 'utf8');
  const opening = /return await databaseStep\('openPurchase', (.*)\);/;
  const changed = source.replace(
    opening,
    "await databaseStep('readStanding', { purchaseId: input.purchaseId }, ''); return await databaseStep('openPurchase', $1);",
  );
  if (changed === source) throw new Error('the place to plant the change was not found');
  writeFileSync(path, changed);
}

function createSilence() {
  const silent = (): void => {};
  return { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };
}
