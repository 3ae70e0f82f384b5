import { defineUpdate } from '@temporalio/workflow';
import type { PurchaseId, UserId } from './ids.ts';
import type { PurchaseOutcome } from './purchase.ts';

/**
 * What staff do about a purchase. Each order names its purchase and what it wants by members of its own, so that one that
 * was made for another purchase, or for another update, has the wrong shape here.
 */
interface StaffOrder {
  /** The purchase that is meant: compared with the one that gets it. */
  readonly purchase: PurchaseId;
  /** The account of who gives the order. Proven when the API sends it; a claim when it was typed into the Temporal UI. */
  readonly staff: UserId;
}

export interface StaffNoteOrder extends StaffOrder {
  readonly note: string;
}
export interface PauseOrder extends StaffOrder {
  readonly pauseReason: string;
}
export interface ResumeOrder extends StaffOrder {
  readonly resumeReason: string;
}

/** Keeps a note about the purchase for staff. Changes nothing. */
export const addStaffNoteUpdate = defineUpdate<PurchaseOutcome, [StaffNoteOrder]>('addStaffNote');
/** From now on no money moves, whoever asks and whatever deadline passes. */
export const pauseMoneyUpdate = defineUpdate<PurchaseOutcome, [PauseOrder]>('pauseMoney');
/** Money moves again, with the time that was left. */
export const resumeMoneyUpdate = defineUpdate<PurchaseOutcome, [ResumeOrder]>('resumeMoney');
