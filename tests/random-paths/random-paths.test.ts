/**
 * Many purchases walk random paths through the real stack, while Stripe fails, webhooks go astray and the worker is killed
 * every few seconds. All end or wait where they should, the judge finds nothing, and what walks the same path twice comes
 * to the same.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import Table from 'cli-table3';
import { beforeAll, describe, expect, test } from 'vitest';
import { judgeAll } from '../helpers/books.ts';
import { chanceOf } from './chance.ts';
import { runOptions } from './options.ts';
import { type Member, newBuyer, newSeller } from './people.ts';
import { planOf } from './plan.ts';
import { type Cast, type Walked, walk } from './walk.ts';
import { startWeather, type Weather } from './weather.ts';

const { purchases, seed, atOnce, harsh, tells } = runOptions();
const PATHS = purchases / 2;
const TWINS = [0, 1] as const;
/** How many of the paths both have to have walked to their end. */
const LEAST_ALIKE = 0.8;

/** So many in a row share their people: their tokens are fresh, and a seller has hours enough for all bookings. */
const GROUP = 25;
type Group = readonly { readonly buyer: Member; readonly seller: Member }[];
const groups = new Map<number, Promise<Group>>();

function groupOf(index: number): Promise<Group> {
  const number = Math.floor(index / GROUP);
  const known = groups.get(number);
  if (known !== undefined) return known;
  const made = Promise.all(TWINS.map(async () => ({ buyer: await newBuyer(), seller: await newSeller() })));
  groups.set(number, made);
  return made;
}

async function castOf(index: number, twin: 0 | 1): Promise<Cast> {
  const people = (await groupOf(index))[twin];
  if (people === undefined) throw new Error('there are two twins');
  const from = index - (index % GROUP);
  const booking = Array.from({ length: index - from }, (_, before) => planOf(seed, from + before)).filter(
    ({ kind }) => kind === 'booking',
  ).length;
  // Whose account is disabled sells nothing else.
  const alone = planOf(seed, index).transfer !== 'goes through';
  return { ...people, ...(alone && { seller: await newSeller() }), booking: alone ? 0 : booking };
}

/** How many are on their way at the moment. */
let walking = 0;

/** What of it has to be the same again. */
const comparable = ({ id: _id, ...rest }: Walked) => rest;

async function walkAll(weather: Weather): Promise<readonly (readonly Walked[])[]> {
  const walked: Walked[][] = Array.from({ length: PATHS }, () => []);
  const jobs = TWINS.length * PATHS;
  const startedMs = Date.now();
  const failures: Error[] = [];
  let begun = 0;
  let done = 0;
  const walker = async (): Promise<void> => {
    while (begun < jobs) {
      const job = begun++;
      const [index, twin] = [Math.floor(job / 2), TWINS[job % 2] ?? 0];
      walking++;
      try {
        const result = await walk(seed, index, await castOf(index, twin));
        (walked[index] ?? [])[twin] = result;
      } catch (error) {
        const failure = new Error(`path ${index}`, { cause: error });
        failures.push(failure);
        if (tells) tell(`failed: ${causes(failure)}`);
      }
      done++;
      walking--;
      if (tells)
        tell(`${done} of ${jobs} have ended, ${seconds(startedMs)} s, ${weather.counts.kills} deaths of the worker`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, jobs) }, walker));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(causes).join('\n'));
  return walked;
}

/** `path 3: buying 3: the last answer was …` */
const causes = (error: unknown): string =>
  error instanceof Error ? [error.message, ...(error.cause === undefined ? [] : [causes(error.cause)])].join(': ') : '';

const seconds = (sinceMs: number): number => Math.round((Date.now() - sinceMs) / 1_000);
// Past vitest, which keeps back what is logged until a test is over.
const tell = (line: string): boolean => process.stderr.write(`${line}\n`);

describe(`${purchases} purchases, seed ${seed}`, () => {
  let weather: Weather;
  let walked: readonly (readonly Walked[])[];

  beforeAll(async () => {
    await groupOf(0);
    weather = startWeather(seed, harsh, () => walking / Math.min(atOnce, TWINS.length * PATHS));
    try {
      walked = await walkAll(weather);
    } finally {
      await weather.clear();
    }
    if (tells) tell(tableOf(walked, weather));
  }, 60 * 60_000);

  test('all end, or wait where they should', () => {
    expect(walked.flat()).toHaveLength(purchases);
  });

  test('the worker has died on the way, Stripe has failed, and webhooks went astray', () => {
    expect(weather.counts.kills).toBeGreaterThan(3);
    expect(weather.counts.faults).toBeGreaterThan(purchases / 4);
    expect(weather.counts.webhooks).toBeGreaterThan(purchases / 4);
  });

  test('the same path comes to the same end and the same books', () => {
    const alike = walked.filter(([one, other]) => isDeepStrictEqual(one?.path, other?.path));
    for (const [one, other] of alike) {
      if (one === undefined || other === undefined) throw new Error('every path is walked twice');
      expect(comparable(other), `${one.id} and ${other.id}`).toEqual(comparable(one));
    }
    // On a slow machine one of two may miss a window while its worker is dead, and then goes another way.
    expect(alike.length / walked.length).toBeGreaterThanOrEqual(LEAST_ALIKE);
  });

  test(
    'the judge finds nothing, of none of them and in the whole',
    async () => {
      expect(await judgeAll()).toBe(purchases);
    },
    10 * 60_000,
  );
});

/** How many went which way, and a digest of all paths and books: the same for the same seed, on every machine. */
function tableOf(all: readonly (readonly Walked[])[], { counts }: Weather): string {
  const ends = new Map<string, number>();
  for (const { state, transfer, refund, chargeback } of all.flat()) {
    const end = [state, transfer, refund, chargeback].join(' / ');
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  const table = new Table({
    head: ['state / transfer / refund / chargeback', 'purchases'],
    style: { head: [], border: [] },
  });
  for (const [end, count] of [...ends].toSorted(([, one], [, other]) => other - one)) table.push([end, count]);
  const told = JSON.stringify(all.map(([one]) => one && comparable(one)));
  const digest = createHash('sha256').update(told).digest('hex').slice(0, 16);
  return [
    table.toString(),
    `${all.length} paths, each walked twice; ${counts.kills} deaths of the worker, ${counts.faults} faults, ${counts.kept} failures that Stripe kept at leisure, ${counts.webhooks} webhooks astray.`,
    `The bank came ${times(all, ', in a dispute')} times into a dispute, and ${times(all, ': a part')} times for a part; staff paused money ${times(all, 'staff pause')} times.`,
    `Paths and books of seed ${seed}: ${digest}`,
  ].join('\n');
}

/** How often something was done on all of the paths. */
const times = (all: readonly (readonly Walked[])[], what: string): number =>
  all.flat().flatMap(({ path }) => path.filter((step) => step.includes(what))).length;

test('the same seed draws the same lots, another one others', () => {
  const drawn = (...parts: number[]): number[] => {
    const chance = chanceOf(...parts);
    return Array.from({ length: 20 }, () => chance.whole(1_000));
  };
  expect(drawn(7, 3)).toEqual(drawn(7, 3));
  expect(drawn(7, 3)).not.toEqual(drawn(7, 4));
  expect(drawn(7, 3)).not.toEqual(drawn(8, 3));
  expect(new Set(drawn(7, 3)).size).toBeGreaterThan(10);
});
