/** What a benchmark is. */
import type { Stack } from '../scripts/stack/types.ts';
import type { Ratio } from './rounds.ts';

export interface BenchContext {
  readonly stack: Stack;
  readonly rounds: number;
  /** How many purchases are open where many are. */
  readonly open: number;
  /** Told as it goes. */
  readonly onProgress: (text: string) => void;
}

/** A ratio that was measured, and what it has to keep to. */
export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly ratio: Ratio;
  /** Of the median of the ratios; undefined where the figure is only shown. */
  readonly bound?: { readonly atMost: number } | { readonly atLeast: number };
}

export interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** `temporal`: only the databases and Temporal run. `all`: the whole stack, set as in production. */
  readonly needs: 'temporal' | 'all';
  readonly run: (context: BenchContext) => Promise<readonly Result[]>;
}

/** Whether a result keeps to its bound; a result without one does. */
export function keeps({ bound, ratio }: Pick<Result, 'bound' | 'ratio'>): boolean {
  if (bound === undefined) return true;
  return 'atMost' in bound ? ratio.median <= bound.atMost : ratio.median >= bound.atLeast;
}
