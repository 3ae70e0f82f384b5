/** The rules of messaging: over which ways people are reached, and how often that is tried. Pure. */

/** A way to reach a person. */
export const CHANNELS = ['email', 'push'] as const;
export type Channel = (typeof CHANNELS)[number];
export const BOTH: readonly Channel[] = CHANNELS;
export const MAIL: readonly Channel[] = ['email'];

/** What an app runs on; FCM reaches all of them. */
export const PLATFORMS = ['ios', 'android', 'web'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** Devices of one person at the most: beyond it the one that was registered the longest ago is forgotten. */
export const MAX_DEVICES = 20;

/** A message that could not be handed over is given up after so many tries: the pauses add up to a bit over nineteen hours. */
export const MAX_ATTEMPTS = 30;
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60 * 60 * 1_000;

/**
 * Milliseconds to wait before a message is tried again that failed for the `attempts`-th time.
 * @param askedForMs what the provider asked for, which is kept to within reason
 */
export const retryPauseMs = (attempts: number, askedForMs = 0): number =>
  Math.min(Math.max(FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 20), askedForMs), MAX_PAUSE_MS);
