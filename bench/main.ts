/**
 * `npm run bench`: compares Wellpact with the least that would do the same, on this machine, in one run. What counts are the
 * ratios: figures of a shared machine mean nothing alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';

import { helpIfAsked } from '../platform/arguments.ts';
import { messageOf, StartError } from '../scripts/stack/problems.ts';
import { startStack } from '../scripts/stack/stack.ts';
import { freePortOffset } from '../tests/setup/test-stack.ts';
import { apiRead, apiWrite } from './api.ts';
import { type Benchmark, keeps, type Result } from './bench.ts';
import { ledgerPosting, ledgerSize } from './ledger.ts';
import { openPurchases, purchaseCost, purchaseStart } from './orchestration.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BENCHMARKS: readonly Benchmark[] = [
  purchaseCost,
  purchaseStart,
  openPurchases,
  ledgerPosting,
  ledgerSize,
  apiWrite,
  apiRead,
];
const DEFAULT_ROUNDS = 5;
const MAX_ROUNDS = 50;
const DEFAULT_OPEN = 1_000;
const MAX_OPEN = 100_000;

const USAGE = `Usage: npm run bench [-- --only <name>[,<name>…]] [--rounds <1 to ${MAX_ROUNDS}>] [--open <200 to ${MAX_OPEN}>] [--json]

${BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join('\n')}

Temporal runs on PostgreSQL, as in production. Each way of doing it takes its turn in every round; a first round is thrown
away, since caches fill in it. Shown is the median of the rounds' ratios, and the least and the most of them. Ends with 1
when a ratio does not keep to its bound. How many purchases are open where "open" has many, --open says: ${DEFAULT_OPEN} unless
told. They are opened before they are measured, so that its two sides do not take turns.`;

interface Wanted {
  readonly benchmarks: readonly Benchmark[];
  readonly rounds: number;
  readonly open: number;
  readonly json: boolean;
}

function readArguments(): Wanted {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      open: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const names = values.only?.split(',') ?? BENCHMARKS.map(({ name }) => name);
  const unknown = names.filter((name) => BENCHMARKS.every((benchmark) => benchmark.name !== name));
  if (unknown.length > 0) throw new TypeError(`There is no benchmark "${unknown.join('", "')}".`);
  const rounds = Number(values.rounds ?? DEFAULT_ROUNDS);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS) {
    throw new TypeError(`--rounds is a whole number from 1 to ${MAX_ROUNDS}.`);
  }
  const open = Number(values.open ?? DEFAULT_OPEN);
  if (!Number.isInteger(open) || open < 200 || open > MAX_OPEN) {
    throw new TypeError(`--open is a whole number from 200 to ${MAX_OPEN}.`);
  }
  return { benchmarks: BENCHMARKS.filter(({ name }) => names.includes(name)), rounds, open, json: values.json };
}

async function main({ benchmarks, rounds, open, json }: Wanted): Promise<Result[]> {
  const results: Result[] = [];
  const tell = (text: string): void => console.error(`[${process.uptime().toFixed(1).padStart(6)} s] ${text}`);
  for (const needs of ['temporal', 'all'] as const) {
    const wanted = benchmarks.filter((benchmark) => benchmark.needs === needs);
    if (wanted.length === 0) continue;
    const folder = mkdtempSync(join(tmpdir(), 'wellpact-bench-'));
    tell(needs === 'all' ? 'Starting the whole stack.' : 'Starting PostgreSQL and Temporal.');
    const stack = await startStack({
      root: ROOT,
      dataDir: join(folder, 'data'),
      portOffset: await freePortOffset(),
      temporal: 'postgres',
      // Good for a server whose attributes have just been declared; it asks the database anew for each workflow, though.
      dynamicConfig: { 'system.forceSearchAttributesCacheRefreshOnRead': false },
      database: 'embedded',
      // Answers are not checked against their schemas in production, either.
      env: { REPLY_CHECK: 'off', LOG_LEVEL: 'warn' },
      ...(needs === 'temporal' && { roles: [] }),
      onProgress: (progress) => progress.kind === 'note' && tell(progress.text),
    });
    try {
      // It learns now which search attributes there are.
      await stack.restart('temporal');
      for (const benchmark of wanted) results.push(...(await benchmark.run({ stack, rounds, open, onProgress: tell })));
    } finally {
      await stack.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  console.log(json ? JSON.stringify(results, null, 1) : tableOf(results));
  return results;
}

function tableOf(results: readonly Result[]): string {
  const table = new Table({
    head: ['', 'ours', 'compared', 'ratio', 'least – most', 'bound', ''],
    style: { head: [] },
  });
  for (const result of results) {
    const { name, unit, ratio, bound } = result;
    table.push([
      name,
      `${figure(ratio.ours)} ${unit}`,
      `${figure(ratio.theirs)} ${unit}`,
      ratio.median.toFixed(2),
      `${ratio.least.toFixed(2)} – ${ratio.most.toFixed(2)}`,
      bound === undefined ? '' : 'atMost' in bound ? `≤ ${bound.atMost}` : `≥ ${bound.atLeast}`,
      bound === undefined ? '' : keeps(result) ? 'kept' : 'missed',
    ]);
  }
  return table.toString();
}

const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1));

helpIfAsked(USAGE);
let wanted: Wanted | undefined;
try {
  wanted = readArguments();
} catch (error) {
  console.error(`${messageOf(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
try {
  if (wanted !== undefined && !(await main(wanted)).every(keeps)) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}
