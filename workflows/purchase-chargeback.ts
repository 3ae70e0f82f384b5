/** What a flow does about chargebacks: the purchase as long as it goes on, its aftercare from then on. */
import type { UpdateDefinition } from '@temporalio/common';
import { currentUpdateInfo, setHandler } from '@temporalio/workflow';
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
import type { PurchaseOutcome, PurchaseState } from '../contracts/purchase.ts';
import { CLOCK, PROVIDER } from './purchase-steps.ts';
import type { Desk } from './support/desk.ts';
import { databaseStep, moneyStep } from './support/steps.ts';

export type ChargebackOrderKind = 'answerChargeback' | 'acceptChargeback';

/** An order of finance that lies on the desk. */
export interface ChargebackWish {
  readonly kind: ChargebackOrderKind;
  readonly chargeback: ChargebackOrder;
  /** The same for every repeat of the order. */
  readonly updateId: string;
}

/** The wish behind an order. */
const chargebackWishOf = (kind: ChargebackOrderKind, chargeback: ChargebackOrder): ChargebackWish => ({
  kind,
  chargeback,
  updateId: currentUpdateInfo()?.id ?? '',
});

/** Which update is which order. */
const CHARGEBACK_UPDATES: readonly (readonly [
  UpdateDefinition<PurchaseOutcome, [ChargebackOrder]>,
  ChargebackOrderKind,
])[] = [
  [answerChargebackUpdate, 'answerChargeback'],
  [acceptChargebackUpdate, 'acceptChargeback'],
];

/** From now on such orders find their place on a desk. @param refuse why else one may be refused before it is recorded */
export function listenForChargebackOrders(
  desk: Pick<Desk<ChargebackWish, PurchaseState, never>, 'ask' | 'refuseRepeat'>,
  refuse: () => void = () => {},
): void {
  for (const [update, kind] of CHARGEBACK_UPDATES) {
    setHandler(update, async (chargeback) => ({ state: await desk.ask(chargebackWishOf(kind, chargeback)) }), {
      validator: (_order: ChargebackOrder) => {
        desk.refuseRepeat();
        refuse();
      },
    });
  }
}

/** Looks at a chargeback, since something about it is new. */
export const noteChargeback = (purchaseId: PurchaseId, { chargebackId }: ChargebackHint): Promise<PurchaseStanding> =>
  moneyStep('noteChargeback', stepOf(purchaseId, chargebackId, PROVIDER), 'Look at the chargeback');

/** When something has to be done about one next, milliseconds since 1970. */
export const workTimeOf = ({ atMs, remindAtMs }: ChargebackWork): number => remindAtMs ?? atMs;

/** After a silence of ours of which the time to submit is a part, there is nothing to remind of. */
const isToRemind = ({ atMs, remindAtMs }: ChargebackWork): boolean => remindAtMs !== undefined && Date.now() < atMs;

/** All that has to be done about chargebacks, the first thing first. */
export const worksOf = ({
  chargebackWork: next,
  moreChargebackWork: more = [],
}: Pick<PurchaseStanding, 'chargebackWork' | 'moreChargebackWork'>): readonly ChargebackWork[] =>
  next === undefined ? [] : [next, ...more];

/** Whether it is the same again, whenever its time is. */
export const isSameWork = (one: ChargebackWork, other: ChargebackWork): boolean =>
  one.what === other.what &&
  one.chargebackId === other.chargebackId &&
  (one.remindAtMs === undefined) === (other.remindAtMs === undefined);

/** The same later: its reminder, as long as there is something to remind of, else the work itself. */
export function putOff(work: ChargebackWork, untilMs: number): ChargebackWork {
  if (isToRemind(work)) return { ...work, remindAtMs: untilMs };
  const { remindAtMs: _over, ...rest } = work;
  return { ...rest, atMs: untilMs };
}

/** What is done about one next, as it stands beside the timer. */
export const workText = ({ what, remindAtMs }: ChargebackWork): string =>
  remindAtMs === undefined ? WORK_TEXTS[what] : 'reminds finance and the seller of the evidence about the chargeback';

/** Does what has to be done about one, now that its time has come. */
export async function doChargebackWork(purchaseId: PurchaseId, work: ChargebackWork): Promise<PurchaseStanding> {
  const step = stepOf(purchaseId, work.chargebackId, CLOCK);
  if (isToRemind(work)) return databaseStep('remindOfEvidence', step, 'Remind finance and the seller of the evidence');
  if (work.topUp === true) await moneyStep('settleTopUp', step, "Take back what was sent beyond the buyer's charge");
  if (work.what === 'awaitFunds') return moneyStep('awaitFunds', step, 'Look where the money of the chargeback is');
  return work.what === 'answer'
    ? moneyStep('answerChargeback', step, 'Submit the evidence about the chargeback')
    : moneyStep('settleChargeback', step, 'Take back what the chargeback cost');
}

/** What that is, as the end of "Then it …". */
const WORK_TEXTS: Readonly<Record<ChargebackWork['what'], string>> = {
  answer: 'submits the evidence about the chargeback',
  settle: 'takes back what the chargeback cost',
  awaitFunds: 'looks where the money of the chargeback is',
};

/** Does what finance wants. */
export function followChargebackOrder(
  purchaseId: PurchaseId,
  { kind, chargeback: { chargebackId, staffId, statement }, updateId }: ChargebackWish,
): Promise<PurchaseStanding> {
  const step = { ...stepOf(purchaseId, chargebackId, { actor: { type: 'staff', id: staffId } }), updateId };
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
