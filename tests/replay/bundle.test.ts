/**
 * What is loaded into every workflow: the SDK's part and ours. Ours stays small as long as contracts and rules stay pure; a
 * library that slips in is named.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogger } from '../../platform/logging.ts';
import { workflowBundle } from '../../platform/temporal/bundle.ts';
import { codeBytes, modulesOf, sizeProblem } from '../helpers/bundle-parts.ts';
import { ROOT } from '../helpers/sources.ts';

/** Over an empty workflow, without the map for stack traces: 420,400 when this was set; zod alone would add more than twice that. */
const BUDGET_BYTES = 450_000;

/** Beside the sources, so that packages are found. */
const FOLDER = join(ROOT, '.wellpact', `bundles-${process.pid}`);
const silent = (): void => {};

/** @throws Error with what the bundler says */
async function bundleOf(name: string, source: string): Promise<string> {
  const workflowsPath = join(FOLDER, `${name}.ts`);
  writeFileSync(workflowsPath, source);
  const said: string[] = [];
  const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent };
  try {
    return (await bundleWorkflowCode({ workflowsPath, logger: { ...logger, error: (line) => said.push(line) } })).code;
  } catch (error) {
    throw new Error([String(error), ...said].join('\n'), { cause: error });
  }
}

let ours: string;
let empty: string;
beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  const log = createLogger({ role: 'test', level: 'error' });
  [{ code: ours }, empty] = await Promise.all([
    workflowBundle(undefined, log),
    bundleOf('empty', 'export async function empty(): Promise<void> {}\n'),
  ]);
});
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

test('our part is within its budget', () => {
  expect(codeBytes(empty)).toBeGreaterThan(300_000);
  expect(modulesOf(ours).map(([name]) => name)).toContain('./services/transactions/rules.ts');
  expect(sizeProblem(ours, empty, BUDGET_BYTES)).toBeUndefined();
});

test('it is made of our own modules, of the SDK, and of what the SDK brings', () => {
  const known = new Set(modulesOf(empty).map(([name]) => name.split('/node_modules/').at(-1)));
  const foreign = modulesOf(ours)
    .map(([name]) => name)
    .filter((name) => name.includes('/node_modules/') && !name.includes('/node_modules/@temporalio/'))
    .filter((name) => !known.has(name.split('/node_modules/').at(-1)));
  expect(foreign).toEqual([]);
});

describe('what slips in is named', () => {
  test('zod breaks the budget', async () => {
    const planted = await bundleOf(
      'planted',
      "import { z } from 'zod';\nexport const planted = async (): Promise<string> => z.string().parse('x');\n",
    );
    expect(sizeProblem(planted, empty, BUDGET_BYTES)).toMatch(
      /the budget is 450000\. The largest modules:\n.*\/zod\//s,
    );
  });

  test.each(['node:crypto', 'crypto'])('%s cannot be bundled', async (name) => {
    const source = `import { createHash } from '${name}';\nexport const planted = async () => createHash('sha256');\n`;
    await expect(bundleOf('builtin', source)).rejects.toThrow(name);
  });
});
