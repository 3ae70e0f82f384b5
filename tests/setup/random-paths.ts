import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { parse, stringify } from 'yaml';
import { runOptions } from '../random-paths/options.ts';
import { provideStack } from './integration.ts';
import { temporaryFolder } from './run-folder.ts';

const POLICY = fileURLToPath(new URL('policy-of-seconds.yml', import.meta.url));

/**
 * Starts a stack whose windows are long enough for everything that happens within them, however often the worker is
 * killed: where a purchase ends then depends on its path alone, never on who was faster.
 */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const { path, remove } = temporaryFolder('random-paths');
  const policyFile = join(path, 'policy.yml');
  writeFileSync(policyFile, stringify(policyOf(runOptions().windowSeconds)));
  const stop = await provideStack(project, { env: { POLICY_FILE: policyFile } });
  return async () => {
    await stop();
    remove();
  };
};

/** That of the scenarios, with other windows, no hold limit within reach, and shares that leave fractions of a cent. */
function policyOf(windowSeconds: number): Record<string, unknown> {
  const usual = parse(readFileSync(POLICY, 'utf8')) as Record<string, Record<string, unknown>>;
  const window = `PT${windowSeconds}S`;
  const half = `PT${Math.ceil(windowSeconds / 2)}S`;
  const tiers = (percent: number) => [
    { before: 'P5D', refundPercent: 100 },
    { before: 'PT24H', refundPercent: percent },
    { before: 'PT0S', refundPercent: 0 },
  ];
  return {
    ...usual,
    version: 902,
    paymentWindow: window,
    acceptWindow: window,
    handlingDay: window,
    inspectionWindow: window,
    aftercareWindow: half,
    holdLimit: 'P88D',
    transferCase: half,
    cancellation: { flexible: tiers(100), moderate: tiers(33), strict: tiers(0) },
    dispute: {
      ...usual['dispute'],
      response: window,
      noShowContest: window,
      escalateAfter: window,
      negotiation: window,
      mediation: half,
      appeal: half,
      defaultPercent: 37,
    },
    commission: { ...usual['commission'], standard: { basisPoints: 1_133 } },
  };
}
