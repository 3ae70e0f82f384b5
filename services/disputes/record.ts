/** A dispute as it is stored. Times are instants; money is in minor units of `currency`. */
import type { DisputeReason, DisputeState } from '../../contracts/dispute.ts';
import type { DisputeId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Currency } from '../../contracts/money.ts';
import type { DecidedBy, DisputeEvent, DisputeTerms, Role } from './rules.ts';

export interface Dispute {
  readonly id: DisputeId;
  readonly purchaseId: PurchaseId;
  /** The how manieth of its purchase, from 1. */
  readonly n: number;
  readonly buyerId: UserId;
  readonly sellerId: UserId;
  readonly claimedBy: 'buyer' | 'seller';
  readonly reason: DisputeReason;
  readonly statementId: string;
  readonly currency: Currency;
  /** What is disputed about. */
  readonly gross: number;
  /** What the buyer gets back if the claim is right. */
  readonly claimRefund: number;
  readonly terms: DisputeTerms;
  readonly state: DisputeState;
  readonly stateSince: Date;
  readonly deadlineAt: Date | null;
  readonly deadlineEvent: DisputeEvent | null;
  /** From when on a party can ask for a mediator. */
  readonly escalateFrom: Date | null;
  /** Since when a chargeback makes it stand still. */
  readonly frozenSince: Date | null;
  readonly waived: readonly Role[];
  readonly appealedBy: Role | null;
  /** Null while it is undecided. */
  readonly decision: Decision | null;
  readonly closedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface Decision {
  /** What the buyer gets back. */
  readonly refund: number;
  readonly by: DecidedBy;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

export interface Offer {
  readonly number: number;
  readonly madeBy: Role;
  readonly refund: number;
  readonly statementId: string | null;
  readonly status: 'open' | 'superseded' | 'accepted';
  readonly at: Date;
}

export interface DisputeRuling {
  readonly number: number;
  readonly refund: number;
  /** Null: the default ruling of the policy. */
  readonly ruledBy: UserId | null;
  readonly approvedBy: UserId | null;
  readonly statementId: string | null;
  readonly onAppeal: boolean;
  readonly status: 'proposed' | 'superseded' | 'stands';
  readonly at: Date;
}

/** What somebody said beside offers and rulings. */
export interface Remark {
  readonly number: number;
  readonly event: DisputeEvent;
  readonly saidBy: UserId;
  readonly statementId: string;
  readonly at: Date;
}

export interface DisputeRow extends Record<string, unknown> {
  id: DisputeId;
  purchase_id: PurchaseId;
  n: number;
  buyer_id: UserId;
  seller_id: UserId;
  claimed_by: 'buyer' | 'seller';
  reason: DisputeReason;
  statement_id: string;
  currency: Currency;
  gross: number;
  claim_refund: number;
  terms: DisputeTerms;
  state: DisputeState;
  state_since: Date;
  deadline_at: Date | null;
  deadline_event: DisputeEvent | null;
  escalate_from: Date | null;
  frozen_since: Date | null;
  waived: Role[];
  appealed_by: Role | null;
  decision: Decision | null;
  closed_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export const DISPUTE_COLUMNS = `id, purchase_id, n, buyer_id, seller_id, claimed_by, reason, statement_id, currency, gross, claim_refund, terms,
  state, state_since, deadline_at, deadline_event, escalate_from, frozen_since, waived, appealed_by, decision, closed_at,
  created_at, updated_at`;

export const disputeFromRow = (row: DisputeRow): Dispute => ({
  id: row.id,
  purchaseId: row.purchase_id,
  n: row.n,
  buyerId: row.buyer_id,
  sellerId: row.seller_id,
  claimedBy: row.claimed_by,
  reason: row.reason,
  statementId: row.statement_id,
  currency: row.currency,
  gross: row.gross,
  claimRefund: row.claim_refund,
  terms: row.terms,
  state: row.state,
  stateSince: row.state_since,
  deadlineAt: row.deadline_at,
  deadlineEvent: row.deadline_event,
  escalateFrom: row.escalate_from,
  frozenSince: row.frozen_since,
  waived: row.waived,
  appealedBy: row.appealed_by,
  decision: row.decision,
  closedAt: row.closed_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
