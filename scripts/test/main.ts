import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { endLeftovers } from './leftovers.ts';
import { otherNode } from './other-node.ts';
import { runShown, runSilently } from './steps.ts';
import { FIRST_SUITE, LATER_SUITES, type Suite } from './suites.ts';

export interface MainOptions {
  /** The root of the repository. */
  readonly root: string;
  readonly args: readonly string[];
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What is checked before the tests, quickest first. Each is a program of the packages that npm has installed. */
const CHECKS = [
  { name: 'format', program: 'biome', args: ['check', '.'] },
  { name: 'lint and import rules', program: 'oxlint', args: ['--type-aware'] },
  { name: 'types', program: 'tsc', args: ['--noEmit'] },
  { name: 'dead code', program: 'knip', args: ['--no-progress'] },
  { name: 'reference pages', program: 'tsx', args: ['scripts/docs.ts', '--check'] },
] as const;

const CHECK_TIMEOUT_MS = 5 * 60_000;
const TESTS_TIMEOUT_MS = 45 * 60_000;

/** Every process of a run carries this variable with the run's id, so that none can get lost. */
const RUN_VARIABLE = 'WELLPACT_TEST_RUN';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Runs the checks and then the tests, and stops at the first step that fails.
 * @returns the exit code
 */
export async function main({ root, args, signal }: MainOptions): Promise<number> {
  const full = args.includes('--full');
  const filters = args.filter((argument) => argument !== '--full');
  const runId = randomUUID();
  const folder = mkdtempSync(join(tmpdir(), 'wellpact-test-'));
  const env = { ...process.env, [RUN_VARIABLE]: runId, WELLPACT_TEST_FOLDER: folder, FORCE_COLOR: color() };
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  let ok = false;
  try {
    const checked = filters.length > 0 || (await check(root, env, signal));
    const suites = [FIRST_SUITE, ...(full ? LATER_SUITES : [])].map((suite) => ({
      ...suite,
      args: argumentsOf(suite),
    }));
    if (filters.length > 0) suites.splice(0, 1, { ...FIRST_SUITE, args: filters });
    ok = checked && (await runSuites(suites, { root, env, folder, signal, counts }));
  } finally {
    const leaked = await endLeftovers(RUN_VARIABLE, runId);
    if (leaked.length > 0) {
      ok = false;
      console.error(`These processes were left behind and have been ended now:\n  ${leaked.join('\n  ')}`);
    }
    if (!ok) keepLogs(folder, join(root, '.wellpact', 'test-logs'));
    rmSync(folder, { recursive: true, force: true });
  }
  const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
  console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  return ok ? 0 : 1;
}

async function check(root: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<boolean> {
  for (const { name, program, args } of CHECKS) {
    const result = await runSilently(join(root, 'node_modules', '.bin', program), {
      args,
      cwd: root,
      env,
      timeoutMs: CHECK_TIMEOUT_MS,
      signal,
    });
    if (result.code !== 0) {
      console.error(`${result.output}\n${since()} ${name}: failed (${seconds(result.ms)})`);
      return false;
    }
    console.log(`${since()} ${name} (${seconds(result.ms)})`);
  }
  return true;
}

interface SuiteContext {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Added to. */
  readonly counts: Counts;
}

const argumentsOf = ({ projects }: Suite): string[] => projects.map((project) => `--project=${project}`);

async function runSuites(
  suites: ReadonlyArray<Suite & { readonly args: readonly string[] }>,
  { root, env, folder, signal, counts }: SuiteContext,
): Promise<boolean> {
  for (const [index, { name, args, node }] of suites.entries()) {
    const program = node === undefined ? process.execPath : await otherNode(node, signal);
    const reportFile = join(folder, `report-${index}.json`);
    const result = await runShown(program, {
      args: [
        join(root, 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${reportFile}`,
        ...args,
      ],
      cwd: root,
      env,
      timeoutMs: TESTS_TIMEOUT_MS,
      signal,
    });
    const reported = existsSync(reportFile) ? countsIn(reportFile) : undefined;
    counts.passed += reported?.passed ?? 0;
    counts.failed += reported?.failed ?? 0;
    counts.skipped += reported?.skipped ?? 0;
    if (result.code !== 0 || reported === undefined) {
      console.error(`${since()} ${name}: failed (${seconds(result.ms)})`);
      return false;
    }
    console.log(`${since()} ${name} (${seconds(result.ms)})`);
  }
  return true;
}

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
});

function countsIn(reportFile: string): Counts {
  const report = reportSchema.parse(JSON.parse(readFileSync(reportFile, 'utf8')));
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** The logs of a failed run's roles, and what its browsers showed, for whoever looks for the cause. Those of the run before are replaced. */
function keepLogs(folder: string, target: string): void {
  rmSync(target, { recursive: true, force: true });
  for (const name of readdirSync(folder)) {
    const logs = join(folder, name, 'data', 'logs');
    if (existsSync(logs)) cpSync(logs, join(target, name), { recursive: true });
    if (name === 'screenshots') cpSync(join(folder, name), join(target, name), { recursive: true });
  }
  if (existsSync(target))
    console.error(`The logs of the processes under test, and screenshots if there are any, are in ${target}`);
}

/** Colours where a person watches; the programs below cannot tell, since they write to a pipe. */
function color(): string {
  return process.stdout.isTTY ? '1' : '0';
}

function since(): string {
  return `[${process.uptime().toFixed(1).padStart(5)} s]`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
