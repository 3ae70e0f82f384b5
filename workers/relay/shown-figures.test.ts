import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMetrics } from '../../platform/metrics.ts';
import { showFigures, single } from './shown-figures.ts';

const lines = async (metrics: ReturnType<typeof createMetrics>): Promise<string[]> =>
  (await metrics.render()).text.split('\n').filter((line) => line.startsWith('wellpact_'));

describe('figures', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  it('are not there before they were gathered, and not once they are old', async () => {
    const metrics = createMetrics('relay');
    const show = showFigures(metrics, ['wellpact_purchases', 'wellpact_transfers_blocked'], 1_000);
    expect(await lines(metrics)).toEqual([]);
    const held = { labels: { state: 'held' }, value: 3 };
    show({ wellpact_purchases: [held], wellpact_transfers_blocked: single(0) });
    expect(await lines(metrics)).toEqual([
      'wellpact_purchases{state="held",role="relay"} 3',
      'wellpact_transfers_blocked{role="relay"} 0',
    ]);
    vi.setSystemTime(Date.now() + 1_001);
    expect(await lines(metrics)).toEqual([]);
  });

  it('forget the labels that are no more', async () => {
    const metrics = createMetrics('relay');
    const show = showFigures(metrics, ['wellpact_money_minor_units'], 1_000);
    const held = (currency: string) => ({ labels: { account: 'held', currency }, value: 1 });
    show({ wellpact_money_minor_units: [held('EUR'), held('GBP')] });
    await lines(metrics);
    show({ wellpact_money_minor_units: [held('EUR')] });
    expect(await lines(metrics)).toEqual(['wellpact_money_minor_units{account="held",currency="EUR",role="relay"} 1']);
  });
});
