/** What a run of random paths is asked for, by the environment: `npm run random-paths` sets it. */
export interface RunOptions {
  /** How many purchases in all; every path is walked by two of them. */
  readonly purchases: number;
  readonly seed: number;
  /** How long the windows of the policy are. */
  readonly windowSeconds: number;
  /** How many walk at the same time. */
  readonly atOnce: number;
  /** Everything that can come over them; a short run, with its short windows, is spared what takes long. */
  readonly harsh: boolean;
  /** Progress is told while it runs. */
  readonly tells: boolean;
}

/** So many in the usual test run, so that it stays short. */
const FEW = 24;
const SEED = 20_260_301;
/** More, and a worker that starts anew has not come round to all of them before it is killed again. */
const AT_ONCE = 40;

export function runOptions(env: NodeJS.ProcessEnv = process.env): RunOptions {
  const purchases = wholeNumber(env['RANDOM_PATHS_PURCHASES'], FEW);
  const harsh = purchases > 4 * FEW;
  return {
    purchases: Math.max(2, purchases - (purchases % 2)),
    seed: wholeNumber(env['RANDOM_PATHS_SEED'], SEED),
    // A worker that dies costs what it did ten seconds, or thirty where it asked Stripe at leisure.
    windowSeconds: harsh ? 120 : 60,
    atOnce: AT_ONCE,
    harsh,
    tells: env['RANDOM_PATHS_TELL'] !== undefined,
  };
}

function wholeNumber(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${text} is not a whole number`);
  return value;
}
