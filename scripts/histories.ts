/**
 * `npm run histories:record`: runs the tests that take every path of the flows, and keeps the histories of those that are
 * new, or that the code goes with other steps than before. Old recordings stay: they stand for the workflows of then.
 */
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { helpIfAsked } from '../platform/arguments.ts';
import { readRecords, recordingsOf, recordText, type Shelved, shelve } from './histories/records.ts';
import { lastLines } from './stack/commands.ts';
import { StartError } from './stack/problems.ts';
import { runShown } from './test/steps.ts';

const USAGE = `Usage: npm run histories:record                      every path
       npm run histories:record -- --only <path>      one path: purchase-confirmed
       npm run histories:record -- --only <path> --replace
                                                      its newest recording is overwritten`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const KEPT = join(ROOT, 'tests', 'histories');
/** The suites whose tests record, one after another: each has a stack of its own. */
const SUITES = {
  scenarios: ['tests/scenarios'],
  integration: ['tests/integration', 'tests/time-travel'],
  faults: ['tests/faults'],
  afresh: ['tests/afresh'],
} as const;
const SUITE_TIMEOUT_MS = 15 * 60_000;
const LOOK_EVERY_MS = 250;

interface Wanted {
  readonly only: string | undefined;
  readonly replace: boolean;
}

function readArguments(): Wanted {
  try {
    const { values } = parseArgs({
      options: { only: { type: 'string' }, replace: { type: 'boolean', default: false } },
    });
    const { only, replace } = values;
    if (replace && only === undefined)
      throw new TypeError('--replace goes with --only: it takes away what stands for open workflows.');
    return { only, replace };
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

/** The test files that record, by suite; of one path, the file that recorded it before, or that names it. */
function testFiles({ only }: Wanted): [suite: string, files: string[]][] {
  const before = only === undefined ? undefined : recordingsOf(only, readRecords(KEPT)).at(-1)?.[1].recordedBy;
  const found = (matches: (file: string, text: string) => boolean): [string, string[]][] =>
    Object.entries(SUITES).flatMap(([suite, folders]) => {
      const files = folders
        .flatMap((folder) => readdirSync(join(ROOT, folder)).map((file) => `${folder}/${file}`))
        .filter((file) => matches(file, readFileSync(join(ROOT, file), 'utf8')));
      return files.length === 0 ? [] : [[suite, files] as [string, string[]]];
    });
  const named = found((file, text) => (before === undefined ? text.includes(`'${only}'`) : file === before));
  // A name that is made up as the test runs stands nowhere.
  return named.length > 0 ? named : found((_file, text) => RECORDS.test(text));
}

/** How a test says that its path is recorded, by itself or by a helper of onboardings. */
const RECORDS = /\b(recordHistory|keep)\(/;

/** Tells each history as it is recorded. @returns what ends it */
function tellProgress(folder: string): () => void {
  const told = new Set<string>();
  const look = (): void => {
    for (const file of readdirSync(folder)) {
      if (!file.endsWith('.json') || told.has(file)) continue;
      told.add(file);
      console.log(
        `[${process.uptime().toFixed(1).padStart(5)} s] ${String(told.size).padStart(3)} ${file.slice(0, -'.json'.length)}`,
      );
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    look();
  };
}

/** @returns what tests that failed said at the end; what the others have recorded is as good as ever */
async function record(wanted: Wanted, folder: string, signal: AbortSignal): Promise<string[]> {
  const failures: string[] = [];
  const logs = join(ROOT, '.wellpact', 'record-logs');
  mkdirSync(logs, { recursive: true });
  const stopTelling = tellProgress(folder);
  try {
    for (const [suite, files] of testFiles(wanted)) {
      const log = join(logs, `${suite}.log`);
      const { code } = await runShown(process.execPath, {
        args: [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', `--project=${suite}`, ...files],
        cwd: ROOT,
        env: {
          ...process.env,
          RECORD_HISTORIES: folder,
          ...(wanted.only !== undefined && { RECORD_ONLY: wanted.only }),
        },
        timeoutMs: SUITE_TIMEOUT_MS,
        signal,
        outputTo: openSync(log, 'w'),
      });
      if (code !== 0) {
        const end = lastLines(readFileSync(log, 'utf8'), 30);
        failures.push(`${end}\n\nSome tests of ${suite} failed. All they said: ${log}`);
      }
    }
  } finally {
    stopTelling();
  }
  return failures;
}

function tell(shelved: readonly Shelved[]): void {
  const table = new Table({ head: ['path', 'events', 'bytes', ''], style: { head: [], border: [] } });
  for (const { path, outcome, keptAs, recording } of shelved) {
    const bytes = Buffer.byteLength(recordText(recording));
    const as = keptAs === undefined || keptAs === path ? '' : `, kept as ${keptAs}`;
    table.push([path, recording.history.events?.length ?? 0, bytes, `${outcome}${as}`]);
  }
  console.log(table.toString());
  const count = (outcome: Shelved['outcome']): string =>
    `${shelved.filter((one) => one.outcome === outcome).length} ${outcome}`;
  console.log((['new', 'changed', 'unchanged', 'replaced'] as const).map(count).join(', '));
}

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const folder = mkdtempSync(join(tmpdir(), 'wellpact-histories-'));
helpIfAsked(USAGE);

try {
  const wanted = readArguments();
  const failures = await record(wanted, folder, stop.signal);
  const shelved = shelve(folder, KEPT, wanted);
  if (wanted.only !== undefined && shelved.length === 0 && failures.length === 0) {
    throw new StartError(`No test records "${wanted.only}": recordHistory('${wanted.only}', workflowId) does.`);
  }
  tell(shelved);
  for (const failure of failures) console.error(`\n${failure}`);
  if (failures.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
