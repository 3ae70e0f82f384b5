import type { Logger } from './logging.ts';

/** One thing a process works with. */
export interface ReadinessCheck {
  /** Shown to whoever asks: `database`. */
  readonly name: string;
  /** Rejects when the thing does not answer. */
  readonly check: () => Promise<unknown>;
  /** Told of, but no reason not to be ready: the process does most of its work without. */
  readonly spared?: true;
}

/** What `/readyz` answers: 200 when `status` is `ready`, else 503. Reasons stand in the log, never here. */
export interface Readiness {
  readonly status: 'ready' | 'not_ready';
  readonly checks: Readonly<Record<string, 'ok' | 'failing'>>;
}

/** A check that takes longer counts as failing. */
export const CHECK_TIMEOUT_MS = 2_000;
/** The same of what is spared: whoever asks has to hear in time that the process is ready without it. */
const SPARED_TIMEOUT_MS = 500;

/** Runs all checks at once, each bounded. */
export async function checkReadiness(checks: readonly ReadinessCheck[], log: Logger): Promise<Readiness> {
  const results = await Promise.all(
    checks.map(async ({ name, check, spared = false }) => {
      try {
        await bounded(check(), name, spared ? SPARED_TIMEOUT_MS : CHECK_TIMEOUT_MS);
        return { name, state: 'ok', spared } as const;
      } catch (error) {
        log.warn('a readiness check fails', { check: name, error });
        return { name, state: 'failing', spared } as const;
      }
    }),
  );
  const ready = results.every(({ state, spared }) => state === 'ok' || spared);
  return {
    status: ready ? 'ready' : 'not_ready',
    checks: Object.fromEntries(results.map(({ name, state }) => [name, state])),
  };
}

async function bounded(work: Promise<unknown>, name: string, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} gave no answer in ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
