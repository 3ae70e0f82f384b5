/**
 * What has gone wrong in a purchase though nobody waits for the answer: each step has its own trouble, and its own time to be
 * tried again. Pure: no clock, no I/O.
 */

/** A step that the clock or a provider called for was refused. */
export interface Trouble {
  readonly reason: string;
  /** When it is tried again, milliseconds since 1970; undefined when somebody has to ask for it. */
  readonly tryAgainMs: number | undefined;
  /** The step that finance was asked about. */
  readonly asked?: string | undefined;
}

/** What is carried on when the history is started afresh: the trouble of each step, by its name on the agenda. */
export type TroubleMemory = Readonly<Record<string, Trouble>>;

export interface Troubles {
  /** All that there is, with what has it. */
  readonly all: readonly (readonly [of: string, trouble: Trouble])[];
  /** Before when a step is not tried again, milliseconds since 1970. */
  readonly notBefore: (of: string) => number | undefined;
  /** A step was refused. */
  had(of: string, trouble: Trouble): void;
  /** A step has gone through, in the name under which finance was asked about it. */
  over(of: string, asked: string | undefined): void;
  /** Everything is tried anew. */
  clear(): void;
  readonly memory: TroubleMemory;
}

/** In histories of before a purchase had one trouble, whichever step it came from, and all of them waited for its time. */
export const OF_ALL = 'all';

/** @param byStep whether each step has its own: not in histories of before */
export function openTroubles(before: TroubleMemory, byStep: () => boolean): Troubles {
  const troubles = new Map(Object.entries(before));
  return {
    get all() {
      return [...troubles];
    },
    notBefore: (of) => (troubles.get(of) ?? troubles.get(OF_ALL))?.tryAgainMs,
    had: (of, trouble) => {
      if (byStep()) troubles.delete(OF_ALL);
      else troubles.clear();
      troubles.set(byStep() ? of : OF_ALL, trouble);
    },
    over: (of, asked) => {
      troubles.delete(of);
      if (asked !== undefined && troubles.get(OF_ALL)?.asked === asked) troubles.delete(OF_ALL);
    },
    clear: () => troubles.clear(),
    get memory() {
      return Object.fromEntries(troubles);
    },
  };
}
