import type { Metrics } from '../platform/metrics.ts';
import { SpanKind, type SpanOptions, tracedWithin } from '../platform/tracing.ts';
import { ProviderError, type ProviderErrorKind, type ProviderName } from './provider-error.ts';

/** Whom we ask something, as figures and traces name it. */
export type WatchedProvider = ProviderName | 'smtp' | 'fcm';

/** `ok`: it answered, whatever the answer was. `failed` stands for errors of a kind that is not told apart, too. */
export type CallOutcome = 'ok' | ProviderErrorKind;

/**
 * The same provider, whose every call is counted and timed. One call may be several requests, as where a list is looked
 * through page by page.
 */
export function watched<T extends { readonly [Name in keyof T]: Call }>(
  provider: WatchedProvider,
  adapter: T,
  metrics: Metrics,
): T {
  const duration = metrics.histogram('wellpact_provider_call_duration_seconds');
  const watch =
    (operation: string, call: Call): Call =>
    async (...args) => {
      const stop = duration.startTimer({ provider, operation });
      try {
        const value = await tracedWithin(
          `${provider} ${operation}`,
          () => spanOf(provider, operation),
          () => call(...args),
        );
        stop({ outcome: 'ok' satisfies CallOutcome });
        return value;
      } catch (error) {
        stop({ outcome: outcomeOf(error) });
        throw error;
      }
    };
  const calls = Object.entries<Call>(adapter).map(([name, call]) => [name, watch(name, call)]);
  return Object.fromEntries(calls) as T;
}

type Call = (...args: never[]) => Promise<unknown>;

const spanOf = (provider: WatchedProvider, operation: string): SpanOptions => ({
  kind: SpanKind.CLIENT,
  attributes: { 'peer.service': provider, 'rpc.method': operation },
});

const outcomeOf = (error: unknown): CallOutcome => (error instanceof ProviderError ? error.kind : 'failed');
