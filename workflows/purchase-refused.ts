/** What a provider refuses though nobody waits for the answer: finance is asked, by the purchase and by its aftercare. */
import { type ApplicationFailure, patched } from '@temporalio/workflow';
import type { PurchaseStanding } from '../activities/purchase.ts';
import type { ChargebackWork } from '../contracts/chargeback.ts';
import type { PurchaseId } from '../contracts/ids.ts';
import { timerOf } from '../services/transactions/timer-rules.ts';
import type { AgendaItem } from './purchase-agenda.ts';
import { rowsOf, type Story, wishOfBegun } from './purchase-steps.ts';
import { isAlarm } from './purchase-wishes.ts';
import { databaseStep } from './support/steps.ts';

/** What is refused by somebody who can be spoken with: not by our own rules, and not by silence. */
const isForFinance = (answer: ApplicationFailure): boolean =>
  isAlarm(answer) || (answer.type?.startsWith('PROVIDER_') === true && answer.type !== 'PROVIDER_TIMEOUT');

/** The step that is taken for what is left to do about a chargeback. */
export const CHARGEBACK_STEPS: Readonly<Record<ChargebackWork['what'], string>> = {
  answer: 'answerChargeback',
  settle: 'settleChargeback',
  awaitFunds: 'awaitFunds',
};

/** The step that is taken for what comes by itself; undefined for what moves no money. */
export function stepOfItem(story: Story, item: AgendaItem): string | undefined {
  const { standing, deal } = story;
  if (item.kind === 'unfinished') {
    const { sends } = item.begun;
    return sends === undefined ? rowsOf(story, wishOfBegun(item.begun))[0]?.step : OTHER_STEPS[sends];
  }
  if (item.kind === 'deadline') return timerOf(standing.state, deal.kind, standing.deadlineEvent)?.row.step;
  if (item.kind === 'chargeback') return CHARGEBACK_STEPS[item.work.what];
  return OTHER_STEPS[item.kind];
}

const OTHER_STEPS: Readonly<Record<'decision' | 'transfer' | 'topUp' | 'reminder', string | undefined>> = {
  decision: 'settleDispute',
  transfer: 'retryTransfer',
  topUp: 'topUpSeller',
  reminder: undefined,
};

/** Asks finance about a step that is refused. @returns undefined where they can do nothing about it */
export async function askFinance(
  purchaseId: PurchaseId,
  step: string | undefined,
  answer: ApplicationFailure,
): Promise<PurchaseStanding | undefined> {
  if (step === undefined || !isForFinance(answer) || !patched('refused-steps-are-reported')) return undefined;
  const told = answer.details?.[0] as { readonly code?: unknown } | undefined;
  const code = typeof told?.code === 'string' ? told.code : (answer.type ?? 'unknown');
  const report = { purchaseId, step, code, atMs: Date.now() };
  return databaseStep('reportRefusedStep', report, 'Ask finance about a step that is refused');
}
