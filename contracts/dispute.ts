import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { DisputeId, PurchaseId, UserId } from './ids.ts';

/** The states of a dispute, in the order of its story. Which leads where: `services/disputes/rules.ts`. */
export const DISPUTE_STATES = ['opened', 'negotiating', 'mediating', 'ruled', 'appealed', 'closed'] as const;
export type DisputeState = (typeof DISPUTE_STATES)[number];

/** What a buyer can open a dispute for. */
export const BUYER_REASONS = ['not_received', 'not_as_described', 'damaged', 'unsafe', 'other'] as const;
/** `no_show` is claimed by either party, of a booking. */
export const DISPUTE_REASONS = [...BUYER_REASONS, 'no_show'] as const;
export type DisputeReason = (typeof DISPUTE_REASONS)[number];

/** The workflow of a purchase's `n`-th dispute, n from 1. */
export const disputeWorkflowId = (purchaseId: PurchaseId, n: number): string => `dispute/${purchaseId}/${n}`;

export interface DisputeInput {
  readonly disputeId: DisputeId;
  readonly purchaseId: PurchaseId;
  readonly n: number;
  readonly buyerId: UserId;
  readonly sellerId: UserId;
  readonly reason: DisputeReason;
  /** Where staff and users reach Wellpact, for links in the Temporal UI. */
  readonly publicUrl: string;
}

export interface DisputeResult {
  readonly state: DisputeState;
}

export type DisputeWorkflow = (input: DisputeInput) => Promise<DisputeResult>;

/** With what a dispute is opened: a part of the purchase's command. What people wrote lies in the database. */
export interface NewDispute {
  readonly id: DisputeId;
  readonly reason: DisputeReason;
  /** What was written about it. */
  readonly statementId: string;
  /** What the buyer wants back, minor units; everything unless told. */
  readonly wants?: number;
}

/** A wish of a party or of a mediator. Its update id is its idempotency key. */
export interface DisputeCommand {
  readonly actorId: UserId;
  /** Of an offer and of a ruling: what the buyer is to get back, minor units of the purchase's currency. */
  readonly refund?: number;
  /** Which offer is accepted, or which ruling approved: its number, from 1. */
  readonly number?: number;
  /** What was written with it: it lies in the database. */
  readonly statementId?: string;
}

/** What is committed now. Everything else is read from the database. */
export interface DisputeOutcome {
  readonly state: DisputeState;
}

/** The respondent gives what is claimed. */
export const acceptClaimUpdate = defineUpdate<DisputeOutcome, [DisputeCommand]>('acceptClaim');
/** The respondent denies it. */
export const contestClaimUpdate = defineUpdate<DisputeOutcome, [DisputeCommand]>('contestClaim');
/** A party says what it would agree to. */
export const makeOfferUpdate = defineUpdate<DisputeOutcome, [DisputeCommand]>('makeOffer');
/** A party agrees to what the other one offered. */
export const acceptOfferUpdate = defineUpdate<DisputeOutcome, [DisputeCommand]>('acceptOffer');
/** A party asks for a mediator. */
export const escalateDisputeUpdate = defineUpdate<DisputeOutcome, [DisputeCommand]>('escalateDispute');
/** A mediator rules. */
export const ruleDisputeUpdate = defineUpdate<DisputeOutcome, [DisputeCommand]>('ruleDispute');
/** A second mediator approves a ruling about much money. */
export const approveRulingUpdate = defineUpdate<DisputeOutcome, [DisputeCommand]>('approveRuling');
/** A party wants another mediator to look. */
export const appealRulingUpdate = defineUpdate<DisputeOutcome, [DisputeCommand]>('appealRuling');
/** A party will not appeal. */
export const waiveAppealUpdate = defineUpdate<DisputeOutcome, [DisputeCommand]>('waiveAppeal');

/** To the purchase: its dispute is decided. How is in the database, where it cannot be claimed by anybody. */
export interface DisputeDecision {
  readonly n: number;
}
export const disputeDecidedSignal = defineSignal<[DisputeDecision]>('disputeDecided');

/** To the dispute, from its purchase. One event counts once. */
export interface DisputeWord {
  readonly eventId: string;
}
/** A chargeback lies over the purchase: the dispute's time stands still. */
export const disputeFrozenSignal = defineSignal<[DisputeWord]>('disputeFrozen');
/** It does no longer: the dispute goes on with the time that was left. */
export const disputeResumedSignal = defineSignal<[DisputeWord]>('disputeResumed');
/** The decision is carried out. */
export const disputeSettledSignal = defineSignal<[DisputeWord]>('disputeSettled');
/** The purchase went on without it: the hold limit, or a chargeback that was lost. */
export const disputeOvertakenSignal = defineSignal<[DisputeWord]>('disputeOvertaken');

/** Why a command cannot be followed, as failures carry it and the API answers it. */
export const DISPUTE_REFUSALS = [
  'NOT_A_PARTY',
  'NOT_ALLOWED_NOW',
  'IN_PROGRESS',
  'DISPUTE_FROZEN',
  'NO_SUCH_OFFER',
  'OWN_OFFER',
  'TOO_MANY_OFFERS',
  'TOO_MANY_RULINGS',
  'NO_SUCH_RULING',
  'NEEDS_ANOTHER_PERSON',
  'BEYOND_WHAT_IS_DISPUTED',
] as const;
export type DisputeRefusal = (typeof DISPUTE_REFUSALS)[number];
