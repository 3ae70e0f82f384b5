import type { Metrics } from '../platform/metrics.ts';
import { ProviderError, type ProviderErrorKind, type ProviderName } from './provider-error.ts';

/** Whom we ask something, as figures and traces name it. */
export type WatchedProvider = ProviderName | 'smtp' | 'fcm';

/** `ok`: it answered, whatever the answer was. `failed` stands for errors of a kind that is not told apart, too. */
export type CallOutcome = 'ok' | ProviderErrorKind;

/**
 * The same provider, whose every call is counted and timed. One call may be several requests, as where a list is looked
 * through page by page.
 */
export function watched<T extends object>(provider: WatchedProvider, adapter: T, metrics: Metrics): T {
  const duration = metrics.histogram('wellpact_provider_call_duration_seconds');
  const watch = (operation: string, call: (...args: unknown[]) => unknown) =>
    function watchedCall(...args: unknown[]): unknown {
      const stop = duration.startTimer({ provider, operation });
      const answer = call(...args);
      // What answers at once asks nobody.
      if (!(answer instanceof Promise)) return answer;
      return answer.then(
        (value: unknown) => {
          stop({ outcome: 'ok' satisfies CallOutcome });
          return value;
        },
        (error: unknown) => {
          stop({ outcome: outcomeOf(error) });
          throw error;
        },
      );
    };
  return Object.fromEntries(
    Object.entries(adapter).map(([name, member]: [string, unknown]) => [
      name,
      typeof member === 'function' ? watch(name, member as (...args: unknown[]) => unknown) : member,
    ]),
  ) as T;
}

const outcomeOf = (error: unknown): CallOutcome => (error instanceof ProviderError ? error.kind : 'failed');
