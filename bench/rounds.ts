/** Two ways of doing the same thing, measured in turn: what counts is the ratio within a round, never a figure alone. */

/** What one way cost in one round, by the name of the figure. */
export type Figures = Readonly<Record<string, number>>;

export interface Contestant {
  readonly name: string;
  /** Does the round's work once and says what it cost. */
  readonly round: () => Promise<Figures>;
}

export interface Round {
  readonly ours: Figures;
  readonly theirs: Figures;
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly onRound: (done: number, of: number) => void;
}

/**
 * Lets both take turns. A first round is thrown away: in it code is compiled, connections are opened, caches are filled.
 * Who begins changes from round to round, so that neither always comes first.
 */
export async function inTurns(ours: Contestant, theirs: Contestant, options: RoundsOptions): Promise<Round[]> {
  await ours.round();
  await theirs.round();
  options.onRound(0, options.rounds);
  const rounds: Round[] = [];
  for (let index = 0; index < options.rounds; index++) {
    if (index % 2 === 0) {
      const first = await ours.round();
      rounds.push({ ours: first, theirs: await theirs.round() });
    } else {
      const first = await theirs.round();
      rounds.push({ theirs: first, ours: await ours.round() });
    }
    options.onRound(index + 1, options.rounds);
  }
  return rounds;
}

export interface Ratio {
  /** Of the rounds' ratios. */
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** The medians of the figure itself. */
  readonly ours: number;
  readonly theirs: number;
}

/** How a figure compares over all rounds. @throws RangeError when there is no round, or a round has no such figure */
export function ratioOf(rounds: readonly Round[], figure: string): Ratio {
  const pairs = rounds.map(({ ours, theirs }) => [valueOf(ours, figure), valueOf(theirs, figure)] as const);
  const ratios = pairs.map(([ours, theirs]) => ours / theirs);
  return {
    median: median(ratios),
    least: Math.min(...ratios),
    most: Math.max(...ratios),
    ours: median(pairs.map(([ours]) => ours)),
    theirs: median(pairs.map(([, theirs]) => theirs)),
  };
}

function valueOf(figures: Figures, name: string): number {
  const value = figures[name];
  if (value === undefined) throw new RangeError(`there is no figure "${name}"`);
  return value;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value below which this part of the values lies, between neighbours in proportion. @param part from 0 to 1 */
export function percentile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new RangeError('there are no values');
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
