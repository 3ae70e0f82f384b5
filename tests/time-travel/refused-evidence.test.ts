/** Stripe refuses the evidence about a chargeback before its time is over: it is tried every hour, and finance is asked. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AftercareWorkflow, aftercareWorkflowId } from '../../contracts/aftercare.ts';
import { type ChargebackHint, chargebackHintSignal } from '../../contracts/chargeback.ts';
import {
  acceptPurchaseUpdate,
  confirmPurchaseUpdate,
  deliverPurchaseUpdate,
  purchaseWorkflowId,
} from '../../contracts/purchase.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import type { Payments } from '../../providers/payments.ts';
import { ProviderError } from '../../providers/provider-error.ts';
import { latestCase } from '../../services/cases/index.ts';
import { chargebacksOf } from '../../services/transactions/index.ts';
import { disputed, moveDispute } from '../helpers/chargebacks.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Bought, openMarket } from '../helpers/journeys.ts';
import { sandboxLog } from '../helpers/purchases.ts';
import { beginTravel, type Travel } from '../helpers/travel.ts';
import { waitFor } from '../helpers/wait-for.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

let travel: Travel;
/** Stripe's key has lost the right to disputes. */
let refuses: boolean;
/** Nor does it let us take anything back. */
let refusesReversals: boolean;
/** Until when the bank takes evidence: a moment that stays where it is while the clock jumps. */
let dueMs: number;

/** A Stripe that does not let us submit. */
const refusing = (payments: Payments): Payments => ({
  ...payments,
  getDispute: async (id) => ({ ...(await payments.getDispute(id)), dueMs }),
  submitEvidence: async (...args) => {
    if (refuses) throw new ProviderError('stripe', 'refused', 'http_403');
    return { ...(await payments.submitEvidence(...args)), dueMs };
  },
  reverseTransfer: async (...args) => {
    if (refusesReversals) throw new ProviderError('stripe', 'refused', 'http_403');
    return payments.reverseTransfer(...args);
  },
});

beforeEach(async () => {
  travel = await beginTravel({}, { behaving: refusing });
  refuses = true;
  refusesReversals = false;
  dueMs = (await travel.environment.currentTimeMs()) + 7 * DAY_MS;
}, 120_000);
afterEach(() => travel.end());

async function delivered(): Promise<Bought> {
  const bought = await (await openMarket(travel)).buy();
  await bought.seller(acceptPurchaseUpdate);
  await bought.seller(deliverPurchaseUpdate);
  return bought;
}

/** The purchase hears of a chargeback, and asks the bank for its time. */
async function chargedBack(bought: Bought): Promise<string> {
  const { id: chargebackId } = await disputed(bought.purchaseId);
  await bought.handle.signal(chargebackHintSignal, { eventId: crypto.randomUUID(), chargebackId });
  await noted(bought);
  return chargebackId;
}

const noted = (bought: Bought) =>
  waitFor(async () => (await bought.now()).chargeback === 'open', { what: 'the chargeback', timeoutMs: 20_000 });

const financeIsAsked = (bought: Bought) =>
  waitFor(async () => (await bought.now()).refusedStep?.step === 'answerChargeback', {
    what: 'finance to be asked',
    timeoutMs: 20_000,
  });

const submissions = async ({ purchaseId }: Bought) =>
  (await sandboxLog({ transferGroup: purchaseId, kind: 'dispute_evidence' })).length;

const submitted = (bought: Bought) =>
  waitFor(async () => (await submissions(bought)) === 1, { what: 'the evidence', timeoutMs: 20_000 });

const caseOf = (kind: 'step_refused' | 'chargeback', { purchaseId }: Bought) =>
  latestCase(travel.database, kind, purchaseId);

async function expectOnlyAsked(bought: Bought): Promise<void> {
  await financeIsAsked(bought);
  const [known] = await chargebacksOf(travel.database, bought.purchaseId);
  expect(known).toMatchObject({ status: 'needs_response', submissions: 0, givenUp: false, answeredAt: null });
  expect(await bought.now()).toMatchObject({ chargebackSheet: { next: { what: 'answer' } } });
  expect(await caseOf('step_refused', bought)).toMatchObject({
    state: 'open',
    details: { step: 'answerChargeback', code: 'http_403' },
  });
  expect((await caseOf('chargeback', bought))?.escalatedAt).toBeNull();
}

async function expectAnswered(bought: Bought): Promise<void> {
  await submitted(bought);
  await waitFor(async () => (await bought.now()).refusedStep === null, { what: 'its end', timeoutMs: 20_000 });
  const [known] = await chargebacksOf(travel.database, bought.purchaseId);
  expect(known).toMatchObject({ status: 'under_review', submissions: 1, givenUp: false });
  expect(known?.answeredAt).not.toBeNull();
  expect(await caseOf('step_refused', bought)).toMatchObject({ state: 'closed' });
}

test('in a purchase: it is submitted as soon as Stripe lets it be', { timeout: 120_000 }, async () => {
  const bought = await delivered();
  await chargedBack(bought);
  await travel.sleep('126 hours');
  await expectOnlyAsked(bought);
  await travel.sleep('5 hours');
  await expectOnlyAsked(bought);
  refuses = false;
  await travel.sleep('2 hours');
  await expectAnswered(bought);
  await travel.sleep('30 days');
  expect(await submissions(bought)).toBe(1);
  await recordHistory('chargeback-evidence-refused', purchaseWorkflowId(bought.purchaseId), travel.client);
});

test('past the time of the bank it is given up, and the case of finance says so', { timeout: 120_000 }, async () => {
  const bought = await delivered();
  await chargedBack(bought);
  await travel.sleep('126 hours');
  await expectOnlyAsked(bought);
  await travel.sleep('44 hours');
  const known = async () => (await chargebacksOf(travel.database, bought.purchaseId))[0];
  await waitFor(async () => (await known())?.givenUp === true, { what: 'it to be given up', timeoutMs: 20_000 });
  expect(await bought.now()).toMatchObject({ chargebackSheet: { next: null }, refusedStep: null });
  expect(await caseOf('step_refused', bought)).toMatchObject({ state: 'closed' });
  expect((await caseOf('chargeback', bought))?.escalatedAt).not.toBeNull();
  expect(await submissions(bought)).toBe(0);
});

test('in the aftercare the same', { timeout: 120_000 }, async () => {
  const bought = await (await openMarket(travel)).buy();
  await bought.seller(acceptPurchaseUpdate);
  await bought.buyer(confirmPurchaseUpdate);
  await travel.sleep('15 days');
  await bought.becomes('completed');
  dueMs = (await travel.environment.currentTimeMs()) + 7 * DAY_MS;
  const { id: chargebackId } = await disputed(bought.purchaseId);
  const workflowId = aftercareWorkflowId(bought.purchaseId);
  await travel.client.workflow.signalWithStart<AftercareWorkflow, [ChargebackHint]>('aftercare', {
    workflowId,
    taskQueue: TASK_QUEUES.workflows,
    args: [{ purchaseId: bought.purchaseId }],
    signal: chargebackHintSignal,
    signalArgs: [{ eventId: crypto.randomUUID(), chargebackId }],
  });
  await noted(bought);
  await travel.sleep('126 hours');
  await expectOnlyAsked(bought);
  refuses = false;
  await travel.sleep('2 hours');
  await expectAnswered(bought);
  await recordHistory('aftercare-evidence-refused', workflowId, travel.client);
});

test('evidence about one does not wait for the settlement of another, which is refused', {
  timeout: 120_000,
}, async () => {
  [refuses, refusesReversals] = [false, true];
  const bought = await (await openMarket(travel)).buy();
  await bought.seller(acceptPurchaseUpdate);
  await bought.buyer(confirmPurchaseUpdate);
  const hint = (chargebackId: string) =>
    bought.handle.signal(chargebackHintSignal, { eventId: crypto.randomUUID(), chargebackId });
  const { id: lost } = await disputed(bought.purchaseId, { amount: 1_000 });
  await moveDispute(lost, 'lost');
  await hint(lost);
  await waitFor(async () => (await bought.now()).refusedStep?.step === 'settleChargeback', {
    what: 'the settlement to be refused',
    timeoutMs: 20_000,
  });
  const { id: open } = await disputed(bought.purchaseId, { amount: 500 });
  await hint(open);
  await noted(bought);
  await travel.sleep('126 hours');
  await submitted(bought);
  const [settled] = (await chargebacksOf(travel.database, bought.purchaseId)).filter(({ id }) => id === lost);
  expect(settled).toMatchObject({ settled: false, advanced: 1_000 });
  refusesReversals = false;
  await travel.sleep('2 hours');
  await waitFor(async () => (await bought.now()).books.transferred < 2_250, {
    what: 'it to be settled',
    timeoutMs: 20_000,
  });
  await recordHistory('chargeback-settlement-refused-for-long', purchaseWorkflowId(bought.purchaseId), travel.client);
});
