/**
 * `npm run plant`: plants defects that lose money, one at a time, and sees whether the test that is named for each catches
 * it. Tests that do not notice are not to be trusted. Ends with 1 when a defect survives.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { helpIfAsked } from '../platform/arguments.ts';
import { DEFECTS, type Defect } from './plant/defects.ts';
import { fullNameOf, type Outcome, runNamedTests } from './plant/named-tests.ts';
import { copySources, type Sources } from './plant/sources.ts';
import { StartError } from './stack/problems.ts';
import { grouped } from './verify-books/lists.ts';

const USAGE = `Usage: npm run plant [-- --only <defect> [--only <defect>]]

Plants ${DEFECTS.length} defects one at a time in a copy of the sources, and runs the test that has to catch each; first of all the
same tests without any. Ends with 1 when a defect survives.
The defects: ${DEFECTS.map(({ name }) => name).join(', ')}`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What became of a defect. */
interface Judged {
  readonly defect: Defect;
  readonly verdict: 'caught' | 'SURVIVED' | 'failed otherwise' | 'test did not run';
  readonly said: string;
  readonly ms: number;
}

function wantedDefects(): readonly Defect[] {
  try {
    const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
    const { only } = values;
    if (only === undefined) return DEFECTS;
    return only.map((wanted) => {
      const found = DEFECTS.find(({ name }) => name === wanted);
      if (found === undefined) throw new TypeError(`There is no defect "${wanted}".`);
      return found;
    });
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
}

/** Every place is there, and every test passes as long as nothing is planted: else their failing would prove nothing. */
async function expectSound(sources: Sources, defects: readonly Defect[]): Promise<void> {
  for (const defect of defects) sources.plant(defect)();
  const tests = [...new Map(defects.map(({ test }) => [fullNameOf(test), test])).values()];
  for (const [, some] of grouped(
    tests,
    ({ project }) => project,
    (test) => test,
  )) {
    for (const [name, { status, said }] of await runNamedTests(sources.path, some)) {
      if (status !== 'passed') throw new StartError(`Without any defect, ${name}: ${status}\n${said}`);
    }
  }
}

async function judged(sources: Sources, defect: Defect): Promise<Judged> {
  const startedAt = performance.now();
  const takeOut = sources.plant(defect);
  try {
    const outcome = (await runNamedTests(sources.path, [defect.test])).get(fullNameOf(defect.test));
    const verdict = verdictOf(defect, outcome);
    return { defect, verdict, said: outcome?.said ?? '', ms: performance.now() - startedAt };
  } finally {
    takeOut();
  }
}

function verdictOf({ because }: Defect, outcome: Outcome | undefined): Judged['verdict'] {
  if (outcome === undefined || outcome.status === 'not run') return 'test did not run';
  if (outcome.status === 'passed') return 'SURVIVED';
  return because.test(outcome.said) ? 'caught' : 'failed otherwise';
}

function tableOf(all: readonly Judged[]): string {
  const table = new Table({
    head: ['defect', 'in', 'test', 'verdict'],
    style: { head: [], border: [] },
    wordWrap: true,
  });
  for (const { defect, verdict } of all) {
    table.push([defect.name, defect.file, `${defect.test.file}\n${defect.test.name}`, verdict]);
  }
  return table.toString();
}

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

helpIfAsked(USAGE);

try {
  const defects = wantedDefects();
  const sources = await copySources(ROOT);
  try {
    const startedAt = performance.now();
    await expectSound(sources, defects);
    console.log(`Without any defect, their tests pass (${seconds(performance.now() - startedAt)}).`);
    const all: Judged[] = [];
    for (const [index, defect] of defects.entries()) {
      const one = await judged(sources, defect);
      all.push(one);
      console.log(`${index + 1} of ${defects.length}: ${defect.name}: ${one.verdict} (${seconds(one.ms)})`);
      if (one.verdict !== 'caught') console.log(one.said);
    }
    console.log(tableOf(all));
    const left = all.filter(({ verdict }) => verdict !== 'caught').length;
    console.log(`${all.length - left} of ${all.length} caught, in ${seconds(performance.now() - startedAt)}.`);
    if (left > 0) process.exitCode = 1;
  } finally {
    sources.remove();
  }
} catch (error) {
  // A person reads this: the reason alone, where it is one of ours.
  console.error(error instanceof StartError ? error.message : error);
  process.exitCode = 1;
}
