/** The code of today leads to the histories of then: a purchase that is open while we deploy goes on. */
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogger } from '../../platform/logging.ts';
import { workflowBundle } from '../../platform/temporal/bundle.ts';
import { createWorkerConverter } from '../../platform/temporal/data-converter.ts';
import { type RecordedHistory, replay } from '../../platform/temporal/replay.ts';
import { recordedHistories } from '../helpers/histories.ts';
import { TEST_PAYLOAD_KEYS } from '../helpers/payload-key.ts';
import { type PlantedBundle, plantBundle } from '../helpers/planted-bundle.ts';

const dataConverter = createWorkerConverter(TEST_PAYLOAD_KEYS);
const histories = recordedHistories();

async function differences(
  bundle: WorkflowBundleWithSourceMap,
  recorded: RecordedHistory,
): Promise<(string | undefined)[]> {
  const outcomes: (string | undefined)[] = [];
  for await (const { difference } of replay({ workflowBundle: bundle, dataConverter }, [recorded]))
    outcomes.push(difference);
  return outcomes;
}

describe('recorded histories', () => {
  let bundle: WorkflowBundleWithSourceMap;
  beforeAll(async () => {
    bundle = await workflowBundle(undefined, createLogger({ role: 'test', level: 'error' }));
  });

  test('there are some of each flow', () => {
    const flows = new Set([...histories.values()].map(({ workflowId }) => workflowId.split('/')[0]));
    const all = ['aftercare', 'dispute', 'onboarding', 'payout', 'purchase', 'reconciliation'];
    expect(flows).toEqual(new Set(all));
  });

  test.each([...histories])('%s', async (_name, recorded) => {
    expect(await differences(bundle, recorded)).toEqual([undefined]);
  });

  test('their payloads are encrypted', () => {
    for (const { history } of histories.values()) {
      const payloads = (history.events ?? []).flatMap(payloadsOf);
      expect(payloads.length).toBeGreaterThan(2);
      for (const { metadata } of payloads)
        expect(Buffer.from(metadata?.['encoding'] ?? []).toString()).toBe('binary/encrypted');
    }
  });
});

describe('a change that would break open purchases', () => {
  let planted: PlantedBundle;
  beforeAll(async () => {
    planted = await plantBundle();
  });
  afterAll(() => planted.remove());

  test('two steps in another order are found, and workflow and event named', async () => {
    const recorded = histories.get('purchase-confirmed');
    if (recorded === undefined) throw new Error('purchase-confirmed is not recorded');
    const [difference] = await differences(planted.bundle, recorded);
    expect(difference).toContain(recorded.workflowId);
    // The first task's events: 5 is the update, 6 and 7 are the markers of the two steps.
    expect(difference).toMatch(/6 MarkerRecorded openPurchase, 7 MarkerRecorded beginPayment/);
  });
});

/** What people put into a flow and get out of it: inputs, arguments and results, of the workflow and its activities. */
function payloadsOf(event: unknown): { metadata?: Record<string, Uint8Array> }[] {
  if (typeof event !== 'object' || event === null) return [];
  return Object.entries(event).flatMap(([name, value]) => {
    // Search attributes are in clear, and say so; the details of a marker are the SDK's own book-keeping.
    if (name === 'searchAttributes' || name === 'details') return [];
    return name === 'payloads' ? (value as { metadata?: Record<string, Uint8Array> }[]) : payloadsOf(value);
  });
}
