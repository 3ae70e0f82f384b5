/** Chance that repeats itself: the same seed draws the same lots. */
export interface Chance {
  /** 0 to below 1. */
  readonly next: () => number;
  /** 0 to below `below`. */
  readonly whole: (below: number) => number;
  /** One of these, by their weights. */
  readonly oneOf: <T>(weighted: readonly (readonly [T, number])[]) => T;
}

/** @param parts what the lots depend on: a seed, and whose they are */
export function chanceOf(...parts: readonly number[]): Chance {
  // Mulberry32: 32 bits of state, enough to be arbitrary; nothing here is a secret.
  let state = parts.reduce((mixed, part) => Math.imul(mixed ^ part, 0x9e3779b1) >>> 0, 0x2545f491);
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (below: number): number => Math.floor(next() * below);
  return {
    next,
    whole,
    oneOf: (weighted) => {
      let left = next() * weighted.reduce((total, [, weight]) => total + weight, 0);
      for (const [one, weight] of weighted) {
        left -= weight;
        if (left < 0) return one;
      }
      const last = weighted.at(-1);
      if (last === undefined) throw new RangeError('nothing to draw from');
      return last[0];
    },
  };
}
