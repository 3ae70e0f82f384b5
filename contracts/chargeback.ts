import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { UserId } from './ids.ts';
import type { PurchaseOutcome } from './purchase.ts';

/**
 * Stripe said that a dispute of the buyer's bank changed. A hint: whoever gets it looks for itself. That is the purchase as
 * long as its workflow goes on, and its aftercare from then on.
 */
export interface ChargebackHint {
  readonly eventId: string;
  /** Stripe's id of the dispute. */
  readonly chargebackId: string;
}
export const chargebackHintSignal = defineSignal<[ChargebackHint]>('chargebackHint');

/** What has to be done about the chargebacks of a purchase, one thing at a time, and when; milliseconds since 1970. */
export interface ChargebackWork {
  readonly what: 'answer' | 'settle' | 'awaitFunds';
  readonly chargebackId: string;
  readonly atMs: number;
  /** The seller was sent a part from Wellpact's own balance: that is taken back first. */
  readonly topUp?: true;
  /** Of an answer: when finance and the seller are reminded of it; missing once they were, or when there is no time for it. */
  readonly remindAtMs?: number;
}

/** What finance wants about a chargeback. */
export interface ChargebackOrder {
  readonly staffId: UserId;
  readonly chargebackId: string;
  /** What they tell the bank besides the facts; never anything about health. */
  readonly statement?: string;
}

/** Submits the evidence now. Banks take it once. */
export const answerChargebackUpdate = defineUpdate<PurchaseOutcome, [ChargebackOrder]>('answerChargeback');
/** Gives the chargeback up: the bank keeps what it took. */
export const acceptChargebackUpdate = defineUpdate<PurchaseOutcome, [ChargebackOrder]>('acceptChargeback');
