/**
 * `npm run random-paths`: as many purchases as you like walk random paths through a stack of their own, while Stripe fails
 * and the worker is killed. The same seed walks the same paths, and ends with the same line.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { helpIfAsked } from '../platform/arguments.ts';
import { StartError } from './stack/problems.ts';
import { runShown } from './test/steps.ts';

const USAGE = `Usage: npm run random-paths -- [--purchases <number>] [--seed <number>]

Every path is walked by two purchases, which have to come to the same. 500 purchases unless told; a seed is drawn when none
is given. Ends with 1 when one does not end where it should, two of them differ, or the judge finds anything.`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TIMEOUT_MS = 90 * 60_000;
const MAX_PURCHASES = 10_000;
const MAX_SEED = 2 ** 31;

function readArguments(): { purchases: number; seed: number } {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ options: { purchases: text, seed: text } });
    return {
      purchases: within('--purchases', values.purchases ?? '500', 2, MAX_PURCHASES),
      seed: within('--seed', values.seed ?? String(Math.floor(Math.random() * MAX_SEED)), 0, MAX_SEED),
    };
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

function within(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new TypeError(`${name}: ${text} is no whole number from ${least} to ${most}.`);
}

helpIfAsked(USAGE);

try {
  const { purchases, seed } = readArguments();
  console.log(`${purchases} purchases, seed ${seed}`);
  const { code, ms } = await runShown(process.execPath, {
    args: [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'random-paths'],
    cwd: ROOT,
    env: {
      ...process.env,
      RANDOM_PATHS_PURCHASES: String(purchases),
      RANDOM_PATHS_SEED: String(seed),
      RANDOM_PATHS_TELL: 'yes',
    },
    timeoutMs: TIMEOUT_MS,
  });
  console.log(
    `${purchases} purchases, seed ${seed}: ${code === 0 ? 'all is well' : 'failed'}, ${Math.round(ms / 1_000)} s`,
  );
  process.exitCode = code === 0 ? 0 : 1;
} catch (error) {
  // A person reads this: the reason alone, where it is one of ours.
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}
