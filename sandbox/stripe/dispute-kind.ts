import type { Stripe } from 'stripe';
import type { Stored } from '../store/objects.ts';
import type { ResourceKind } from '../stripe-api/operation.ts';

export type DisputeStatus =
  | 'warning_needs_response'
  | 'warning_under_review'
  | 'warning_closed'
  | 'needs_response'
  | 'under_review'
  | 'won'
  | 'lost'
  | 'prevented';

export interface DisputeHidden {
  /** The purchase's group, for the log: the charge's own. */
  readonly transferGroup: string | null;
  /** What becomes of it by itself, and when, in seconds since 1970; null when it waits for somebody. */
  readonly next: { readonly status: DisputeStatus; readonly at: number } | null;
}

export type StoredDispute = Stored<Stripe.Dispute, DisputeHidden>;

export const DISPUTE: ResourceKind<Stripe.Dispute, DisputeHidden> = {
  name: 'dispute',
  noun: 'dispute',
  expandable: { charge: ['charge'], payment_intent: ['payment_intent'] },
};

/** What a dispute can become from each status. Source: https://docs.stripe.com/disputes/how-disputes-work */
const POSSIBLE: Readonly<Record<DisputeStatus, readonly DisputeStatus[]>> = {
  warning_needs_response: ['warning_under_review', 'warning_closed', 'needs_response', 'prevented'],
  warning_under_review: ['warning_closed', 'needs_response', 'prevented'],
  needs_response: ['under_review', 'won', 'lost', 'prevented'],
  under_review: ['won', 'lost', 'prevented'],
  warning_closed: [],
  won: [],
  lost: [],
  prevented: [],
};

/** What a dispute with this status, as its body says it, can become. */
export const possibleFrom = (status: string): readonly DisputeStatus[] => POSSIBLE[status as DisputeStatus] ?? [];

/** How a dispute begins: as an inquiry, formally, or settled by the card network before it became a chargeback. */
export const BEGINNINGS = ['warning_needs_response', 'needs_response', 'prevented'] as const;
export type DisputeBeginning = (typeof BEGINNINGS)[number];

/** Those that still ask for evidence. */
export const ANSWERABLE: readonly string[] = ['warning_needs_response', 'needs_response'];

export const isInquiry = (status: string): boolean => status.startsWith('warning_');
export const isClosed = (status: string): boolean => possibleFrom(status).length === 0;
/** Closed in a way that leaves the buyer with nothing. */
export const isDismissed = (status: string): boolean => status === 'won' || status === 'warning_closed';
