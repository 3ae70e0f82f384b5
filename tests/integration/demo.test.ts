import { describe, expect, it } from 'vitest';
import { runDemo } from '../../scripts/demo.ts';
import { request } from '../helpers/client.ts';
import { stack } from '../helpers/stack.ts';

describe('the demo', () => {
  it('gets from two new accounts to released money, and the sandbox saw one capture and one transfer', async () => {
    const told: string[] = [];
    const { api, mail, sandbox } = stack().urls;
    const result = await runDemo({ api, mail, onStep: (what) => told.push(what) });
    expect(told).toHaveLength(result.steps.length);
    expect(result.steps.at(-1)?.outcome).toBe('captured €24.00 = transferred €21.60 + fees €2.40, held €0.00');

    const log = await request<string>('GET', '/_control/log', { base: sandbox });
    const entries = log.body
      .split('\n')
      .filter((line) => line.includes(result.purchaseId))
      .map((line) => JSON.parse(line) as { kind: string; amount: number });
    const amountsOf = (kind: string): number[] =>
      entries.filter((entry) => entry.kind === kind).map((entry) => entry.amount);
    expect(amountsOf('capture')).toEqual([2400]);
    expect(amountsOf('transfer')).toEqual([2160]);
  });
});
