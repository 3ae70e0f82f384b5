/** What the purchases have to put up with: Stripe fails, webhooks go astray, and the worker is killed again and again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from '../helpers/client.ts';
import { kill, stack } from '../helpers/stack.ts';
import { type Chance, chanceOf } from './chance.ts';

export interface Weather {
  /** How often what came over them. */
  readonly counts: Readonly<Record<'faults' | 'kept' | 'webhooks' | 'kills', number>>;
  /** Ends it, and lets everything arrive that still waits. */
  clear(): Promise<void>;
}

/** What Stripe is asked for in a purchase. */
const PATHS = [
  '/v1/payment_intents',
  '/v1/payment_intents/{intent}/capture',
  '/v1/payment_intents/{intent}/cancel',
  '/v1/refunds',
  '/v1/transfers',
  '/v1/transfers/{id}/reversals',
] as const;
/** Where a 500 that Stripe keeps under the key is asked for under another one at once. */
const MAY_ERR: readonly string[] = PATHS.slice(1, 3);
/** Elsewhere that takes a minute, which the windows of a long run leave room for: now and then. */
const MAY_ERR_AT_LEISURE: readonly string[] = PATHS.slice(3);
const KEPT_EVERY_MS = 20_000;
const FAULTS = [
  ['lost_reply', 4],
  ['reset', 2],
  ['rate_limit', 2],
  ['slow', 2],
  ['error', 1],
] as const satisfies readonly (readonly [string, number])[];
const DISORDERS = ['duplicate', 'reorder', 'delay'] as const;

const EVERY_MS = 400;
const RELEASE_EVERY_MS = 3_000;
/**
 * How long the worker lives each time, once it is ready. The supervisor gives a process up that dies five times in a row
 * before it is ten seconds old: so each fourth one lives longer. Much shorter lives test something else: a workflow whose
 * tasks are lost several times in a row is given the next one by Temporal only after seconds, then minutes.
 */
const LIVES_MS = [6_000, 6_000, 6_000, 11_000] as const;

/**
 * @param harsh everything, and more often; see {@link RunOptions.harsh}
 * @param walking which share of those who can walk at once does, 0 to 1: what is planted waits for whoever comes, and the last
 *   few would meet nothing but faults
 */
export function startWeather(seed: number, harsh: boolean, walking: () => number): Weather {
  const counts = { faults: 0, kept: 0, webhooks: 0, kills: 0 };
  const over = new AbortController();
  const { signal } = over;
  const storms = [
    repeat(signal, EVERY_MS, chanceOf(seed, 1), async (chance) => {
      if (chance.next() >= walking()) return;
      await plantFault(chance, harsh ? [...FAULTS, ['timeout', 1]] : FAULTS);
      counts.faults++;
    }),
    repeat(signal, EVERY_MS, chanceOf(seed, 2), async (chance) => {
      await disorder(chance);
      counts.webhooks++;
    }),
    repeat(signal, RELEASE_EVERY_MS, chanceOf(seed, 3), () => control('POST', 'webhooks', { action: 'release' })),
    ...(harsh
      ? [
          repeat(signal, KEPT_EVERY_MS, chanceOf(seed, 4), async (chance) => {
            if (chance.next() >= walking()) return;
            await plant(MAY_ERR_AT_LEISURE[chance.whole(MAY_ERR_AT_LEISURE.length)] ?? '', 'error');
            counts.kept++;
          }),
        ]
      : []),
    killAgainAndAgain(signal, counts, LIVES_MS),
  ];
  return {
    counts,
    clear: async () => {
      over.abort();
      await Promise.all(storms);
      await control('DELETE', 'faults');
      await control('DELETE', 'webhooks');
      await control('POST', 'webhooks', { action: 'release' });
    },
  };
}

const until = (signal: AbortSignal, ms: number): Promise<unknown> =>
  sleep(ms, undefined, { signal }).catch(() => 'over');

async function repeat(
  signal: AbortSignal,
  everyMs: number,
  chance: Chance,
  work: (chance: Chance) => Promise<void>,
): Promise<void> {
  for (; !signal.aborted; await until(signal, everyMs)) await work(chance);
}

async function killAgainAndAgain(
  signal: AbortSignal,
  counts: { kills: number },
  livesMs: readonly number[],
): Promise<void> {
  for (let life = 0; !signal.aborted; life++) {
    await until(signal, livesMs[life % livesMs.length] ?? 0);
    if (signal.aborted) return;
    await kill('worker');
    counts.kills++;
  }
}

async function plantFault(chance: Chance, faults: readonly (readonly [string, number])[]): Promise<void> {
  const path = PATHS[chance.whole(PATHS.length)] ?? PATHS[0];
  const kind = chance.oneOf(faults);
  if (kind === 'error' && !MAY_ERR.includes(path)) return;
  const delayMs = kind === 'slow' ? 500 + chance.whole(1_500) : 6_000;
  await plant(path, kind, { delayMs });
}

const plant = (path: string, kind: string, more: { readonly delayMs?: number } = {}): Promise<void> =>
  control('POST', 'faults', { provider: 'stripe', method: 'POST', path, kind, times: 1, ...more });

async function disorder(chance: Chance): Promise<void> {
  const action = DISORDERS[chance.whole(DISORDERS.length)] ?? 'duplicate';
  await control('POST', 'webhooks', { action, copies: 1 + chance.whole(3), delayMs: chance.whole(2_000), times: 1 });
}

async function control(method: 'POST' | 'DELETE', path: string, body?: Record<string, unknown>): Promise<void> {
  const answer = await request(method, `/_control/${path}`, { base: stack().urls.sandbox, ...(body && { body }) });
  if (answer.status >= 300) throw new Error(`the sandbox refused ${path}: ${JSON.stringify(answer.body)}`);
}
