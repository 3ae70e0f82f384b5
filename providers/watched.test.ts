import { describe, expect, it } from 'vitest';
import { createMetrics } from '../platform/metrics.ts';
import { ProviderError } from './provider-error.ts';
import { watched } from './watched.ts';

describe('a watched provider', () => {
  it('answers and fails as before, and each call is counted by what came of it', async () => {
    const metrics = createMetrics('test');
    const busy = new ProviderError('stripe', 'busy', 'rate_limit');
    const provider = watched(
      'stripe',
      {
        getPayment: async (id: string) => `payment ${id}`,
        refund: (): Promise<string> => Promise.reject(busy),
        transfer: (): Promise<string> => Promise.reject(new TypeError('no')),
      },
      metrics,
    );
    expect(await provider.getPayment('pi_1')).toBe('payment pi_1');
    await expect(provider.refund()).rejects.toBe(busy);
    await expect(provider.transfer()).rejects.toThrow(TypeError);
    const { text } = await metrics.render();
    const counts = text.split('\n').filter((line) => line.startsWith('wellpact_provider_call_duration_seconds_count'));
    const labels = (operation: string, outcome: string) =>
      `wellpact_provider_call_duration_seconds_count{role="test",provider="stripe",operation="${operation}",outcome="${outcome}"} 1`;
    expect(counts).toEqual([labels('getPayment', 'ok'), labels('refund', 'busy'), labels('transfer', 'failed')]);
  });
});
