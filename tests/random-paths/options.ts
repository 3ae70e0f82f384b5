/** What a run of random paths is asked for, by the environment: `npm run random-paths` sets it. */
export interface RunOptions {
  /** How many purchases in all; every path is walked by two of them. */
  readonly purchases: number;
  readonly seed: number;
  /** How long the windows of the policy are. */
  readonly windowSeconds: number;
  /** How many walk at the same time. */
  readonly atOnce: number;
  /** Progress is told while it runs. */
  readonly tells: boolean;
}

/** So many in the usual test run, so that it stays short. */
const FEW = 60;
const SEED = 20_260_301;

export function runOptions(env: NodeJS.ProcessEnv = process.env): RunOptions {
  const purchases = wholeNumber(env['RANDOM_PATHS_PURCHASES'], FEW);
  return {
    purchases: Math.max(2, purchases - (purchases % 2)),
    seed: wholeNumber(env['RANDOM_PATHS_SEED'], SEED),
    windowSeconds: Math.min(20 + Math.floor(purchases / 10), 60),
    atOnce: 60,
    tells: env['RANDOM_PATHS_TELL'] !== undefined,
  };
}

function wholeNumber(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${text} is not a whole number`);
  return value;
}
