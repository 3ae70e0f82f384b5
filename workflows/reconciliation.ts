/**
 * Compares the ledger with Stripe's balance, line by line: each line of the period against the ledger, then each posting
 * that no line answered to against Stripe, then the differences of before. What differs becomes a case for finance.
 */
import { CancellationScope, ContinueAsNew, continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { Period } from '../activities/reconciliation.ts';
import type { ReconciliationInput } from '../contracts/reconciliation.ts';
import { TASK_QUEUES } from '../contracts/task-queues.ts';
import { tellStaff, timeText } from './support/notices.ts';

type PartName = 'compareStripeLines' | 'compareLedgerPostings' | 'recheckDifferences';
type Counts = Awaited<ReturnType<Activities[PartName]>>['counts'];

/** Where it goes on when the history was started afresh. */
interface Resumed {
  readonly resume?: {
    readonly period: Period;
    readonly part: number;
    readonly after: string | undefined;
    readonly counts: Counts;
  };
}

const PARTS: readonly { readonly name: PartName; readonly says: string }[] = [
  { name: 'compareStripeLines', says: "Compare Stripe's lines with the ledger" },
  { name: 'compareLedgerPostings', says: 'Ask Stripe for postings that no line answered to' },
  { name: 'recheckDifferences', says: 'Look at the differences of before' },
];

const NOTHING: Counts = { pages: 0, lines: 0, postings: 0, differences: 0, settled: 0, posted: 0 };

/** For each piece; a reconciliation that Stripe does not answer for so long is begun anew the next day. */
const TRIED_FOR = '6 hours';

export async function reconciliation(input?: ReconciliationInput & Resumed): Promise<void> {
  const steps = proxyActivities<Activities>({
    taskQueue: TASK_QUEUES.stripe,
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: '1 minute',
    scheduleToCloseTimeout: TRIED_FOR,
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' },
  });
  let period = input?.resume?.period;
  let counts = input?.resume?.counts ?? NOTHING;
  let { part, after } = input?.resume ?? { part: 0, after: undefined };
  try {
    period ??= await steps.openReconciliation(input);
    for (let doing = PARTS[part]; doing !== undefined; doing = PARTS[part]) {
      tell(period, counts, `${doing.says}.`);
      if (workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof reconciliation>({
          ...asked(period, input),
          resume: { period, part, after, counts },
        });
      }
      ({ after, counts } = await steps[doing.name]({ period, after, counts }));
      if (after === undefined) part += 1;
    }
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    const id = period?.id ?? input?.id;
    // Also when staff cancel it in the Temporal UI: what nobody ends is counted as running for ever.
    if (id !== undefined) {
      await CancellationScope.nonCancellable(() => steps.endReconciliation({ id, counts, state: 'failed' }));
    }
    if (period !== undefined) tell(period, counts, 'It could not be gone on with, and has ended.');
    throw error;
  }
  const done = { id: period.id, counts, state: 'completed' } as const;
  await CancellationScope.nonCancellable(() => steps.endReconciliation(done));
  tell(period, counts, 'It has ended.');
}

/** The schedule gives no input; a fresh history has one all the same. */
const asked = ({ id }: Period, input: ReconciliationInput | undefined): ReconciliationInput =>
  input ?? { id, requestedBy: '' };

function tell({ id, fromMs, untilMs }: Period, counts: Counts, doing: string): void {
  const { pages, lines, postings, differences, settled, posted } = counts;
  tellStaff({
    title: `${id}: ${differences} ${differences === 1 ? 'difference' : 'differences'}`,
    lines: [
      `Stripe's balance from ${fromMs === 0 ? 'the beginning' : timeText(fromMs)} to ${timeText(untilMs)}, against the ledger.`,
      `Page ${pages}: ${lines} lines, ${posted} fees and payouts posted; ${postings} postings looked for at Stripe.`,
      `${settled} differences of before are no more. Each difference is a case for finance.`,
      doing,
    ],
  });
}
