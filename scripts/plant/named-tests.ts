/** Runs named tests in a folder of sources, and says how each of them went. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { lastLines } from '../stack/commands.ts';
import { runSilently } from '../test/steps.ts';
import type { NamedTest } from './defects.ts';

export interface Outcome {
  readonly status: 'passed' | 'failed' | 'not run';
  /** What it said when it failed; of one that did not run, the end of what was printed. */
  readonly said: string;
}

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()).default([]) }),
      ),
    }),
  ),
});

/** A stack has to start, and tests wait for what they have caused. */
const TIMEOUT_MS = 8 * 60_000;
const LINES_SHOWN = 30;

export const fullNameOf = ({ project, file, name }: NamedTest): string => `${project} ${file} ${name}`;

/** All of one project: they share a stack. @returns how each went, by its full name */
export async function runNamedTests(
  folder: string,
  tests: readonly NamedTest[],
): Promise<ReadonlyMap<string, Outcome>> {
  const report = mkdtempSync(join(tmpdir(), 'wellpact-plant-report-'));
  const reportFile = join(report, 'report.json');
  try {
    const names = tests.map(({ name }) => `^${name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
    const [project = ''] = new Set(tests.map((test) => test.project));
    const { output } = await runSilently(process.execPath, {
      args: [
        join(folder, 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        `--project=${project}`,
        '--reporter=json',
        `--outputFile.json=${reportFile}`,
        '-t',
        names.join('|'),
        ...new Set(tests.map(({ file }) => file)),
      ],
      cwd: folder,
      env: process.env,
      timeoutMs: TIMEOUT_MS,
    });
    const results = resultsIn(reportFile);
    return new Map(
      tests.map((test): [string, Outcome] => {
        const result = results.find(({ fullName }) => fullName.trim() === test.name);
        const hasRun = result?.status === 'passed' || result?.status === 'failed';
        const said = hasRun ? result.failureMessages.join('\n') : lastLines(output, LINES_SHOWN);
        return [fullNameOf(test), { status: hasRun ? (result.status as Outcome['status']) : 'not run', said }];
      }),
    );
  } finally {
    rmSync(report, { recursive: true, force: true });
  }
}

function resultsIn(reportFile: string) {
  try {
    return reportSchema
      .parse(JSON.parse(readFileSync(reportFile, 'utf8')))
      .testResults.flatMap(({ assertionResults }) => assertionResults);
  } catch {
    // Vitest ended before it could write it, as when the sources do not even compile: then no test has run.
    return [];
  }
}
