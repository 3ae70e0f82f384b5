/** What a flow does about chargebacks: the purchase as long as it goes on, its aftercare from then on. */
import type { UpdateDefinition } from '@temporalio/common';
import type { PurchaseStanding } from '../activities/purchase.ts';
import type { Actor } from '../contracts/actor.ts';
import {
  acceptChargebackUpdate,
  answerChargebackUpdate,
  type ChargebackHint,
  type ChargebackOrder,
  type ChargebackWork,
} from '../contracts/chargeback.ts';
import type { PurchaseId } from '../contracts/ids.ts';
import type { PurchaseOutcome } from '../contracts/purchase.ts';
import { CLOCK, PROVIDER } from './purchase-steps.ts';
import { moneyStep } from './support/steps.ts';

export type ChargebackOrderKind = 'answerChargeback' | 'acceptChargeback';

/** An order of finance that lies on the desk. */
export interface ChargebackWish {
  readonly kind: ChargebackOrderKind;
  readonly chargeback: ChargebackOrder;
}

/** Which update is which order. */
export const CHARGEBACK_UPDATES: readonly (readonly [
  UpdateDefinition<PurchaseOutcome, [ChargebackOrder]>,
  ChargebackOrderKind,
])[] = [
  [answerChargebackUpdate, 'answerChargeback'],
  [acceptChargebackUpdate, 'acceptChargeback'],
];

/** Looks at a chargeback, since something about it is new. */
export const noteChargeback = (purchaseId: PurchaseId, { chargebackId }: ChargebackHint): Promise<PurchaseStanding> =>
  moneyStep('noteChargeback', stepOf(purchaseId, chargebackId, PROVIDER), 'Look at the chargeback');

/** Does what has to be done about one, now that its time has come. */
export async function doChargebackWork(purchaseId: PurchaseId, work: ChargebackWork): Promise<PurchaseStanding> {
  const step = stepOf(purchaseId, work.chargebackId, CLOCK);
  if (work.topUp === true) await moneyStep('settleTopUp', step, "Take back what was sent beyond the buyer's charge");
  return workStep(work.what, step);
}

function workStep(what: ChargebackWork['what'], step: ReturnType<typeof stepOf>): Promise<PurchaseStanding> {
  switch (what) {
    case 'answer':
      return moneyStep('answerChargeback', step, 'Submit the evidence about the chargeback');
    case 'settle':
      return moneyStep('settleChargeback', step, 'Take back what the chargeback cost');
    case 'awaitFunds':
      return moneyStep('awaitFunds', step, 'Look where the money of the chargeback is');
  }
}

/** What that is, as the end of "Then it …". */
export const WORK_TEXTS: Readonly<Record<ChargebackWork['what'], string>> = {
  answer: 'submits the evidence about the chargeback',
  settle: 'takes back what the chargeback cost',
  awaitFunds: 'looks where the money of the chargeback is',
};

/** Does what finance wants. */
export function followChargebackOrder(
  purchaseId: PurchaseId,
  { kind, chargeback: { chargebackId, staffId, statement } }: ChargebackWish,
): Promise<PurchaseStanding> {
  const step = stepOf(purchaseId, chargebackId, { actor: { type: 'staff', id: staffId } });
  return kind === 'answerChargeback'
    ? moneyStep(kind, { ...step, ...(statement !== undefined && { statement }) }, 'Finance submits the evidence')
    : moneyStep(kind, step, 'Finance accepts the chargeback');
}

const stepOf = (purchaseId: PurchaseId, chargebackId: string, { actor }: { readonly actor: Actor }) => ({
  purchaseId,
  chargebackId,
  actor,
  atMs: Date.now(),
});
