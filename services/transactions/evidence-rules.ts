/**
 * What a bank is told about a purchase, by default: when, for how much, what was agreed, and that it was delivered. It never
 * says what was bought, or of which kind it was: that may be about somebody's health. Pure.
 *
 * What the parties wrote to each other is none of it: of messages only what staff have selected and redacted may go to a bank,
 * as part of the statement that they add.
 */
import type { PurchaseState } from '../../contracts/purchase.ts';
import type { CancellationTier } from './cancellation-rules.ts';
import { chargeOf, type Terms } from './terms-rules.ts';

/** What of a purchase is told. */
export interface EvidenceSource {
  readonly terms: Terms;
  readonly acceptedDisclaimers: readonly string[];
  readonly slot: { readonly startsAt: Date; readonly endsAt: Date } | null;
  readonly createdAt: Date;
  readonly capturedAt: Date | null;
}

/** What happened to it; of a timeline, what led to a state. */
export interface EvidenceEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly by: string;
  readonly state: PurchaseState | null;
}

export interface Evidence {
  readonly description: string;
  /** `2026-03-01`, of goods. */
  readonly deliveredOn?: string;
  /** The same of a booking. */
  readonly servedOn?: string;
  readonly refundPolicy: string;
  readonly cancellationPolicy: string;
  readonly activity: string;
  readonly statement?: string;
}

/** In characters: all evidence together is allowed 150,000. */
export const MAX_STATEMENT = 20_000;
const MAX_EVENTS = 100;

export function evidenceOf(
  { terms, acceptedDisclaimers, slot, createdAt, capturedAt }: EvidenceSource,
  events: readonly EvidenceEvent[],
  statement?: string,
): Evidence {
  const reached = events.filter(({ state }) => state !== null).slice(0, MAX_EVENTS);
  const deliveredAt = reached.find(({ state }) => state === 'delivered')?.at;
  const paid = capturedAt === null ? '' : ` The payment was captured on ${timeText(capturedAt)}.`;
  const agreed = `the terms of version ${terms.policyVersion}`;
  return {
    description:
      `A ${terms.kind === 'booking' ? 'booking' : 'purchase'} made on ${timeText(createdAt)} for ` +
      `${amountText(chargeOf(terms), terms.currency)}, under ${agreed}, which the buyer accepted then.${paid}`,
    ...(terms.kind === 'goods' && deliveredAt !== undefined && { deliveredOn: deliveredAt.slice(0, 10) }),
    ...(slot !== null && { servedOn: slot.startsAt.toISOString().slice(0, 10) }),
    refundPolicy:
      `The payment is held until delivery. After it the buyer has ${hoursText(terms.inspectionWindowMs)} to object before it is ` +
      `released to the seller. Accepted with ${agreed} on ${timeText(createdAt)}.` +
      (acceptedDisclaimers.length === 0 ? '' : ` Notices accepted with it: ${acceptedDisclaimers.join(', ')}.`),
    cancellationPolicy: cancellationText(terms.cancellation ?? []),
    activity: reached.map(({ at, by, state }) => `${at} ${by}: ${EVENT_TEXTS[state ?? 'expired']}`).join('\n'),
    ...(statement !== undefined && { statement }),
  };
}

const EVENT_TEXTS: Readonly<Record<PurchaseState, string>> = {
  payment_pending: 'the purchase was made',
  authorised: 'the buyer authorised the payment',
  held: 'the seller accepted, and the payment was captured',
  delivered: 'it was delivered',
  disputed: 'the buyer objected',
  released: 'the payment was released to the seller',
  completed: 'the time to object after the release was over',
  refunded: 'the buyer was refunded',
  cancelled: 'it was cancelled',
  declined: 'the seller did not accept',
  expired: 'it was not paid',
};

function cancellationText(tiers: readonly CancellationTier[]): string {
  if (tiers.length === 0) return 'Until delivery the buyer can cancel, and is refunded in full.';
  const parts = tiers.map(({ beforeStartMs, refundBasisPoints }) => {
    const when = beforeStartMs === 0 ? 'until the beginning' : `until ${hoursText(beforeStartMs)} before the beginning`;
    return `${when} ${refundBasisPoints / 100} %`;
  });
  return `A buyer who cancels is refunded: ${parts.join('; ')}.`;
}

const timeText = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
const hoursText = (ms: number): string => `${Math.round(ms / 3_600_000)} hours`;
const amountText = (minor: number, currency: string): string =>
  `${Math.floor(minor / 100)}.${String(minor % 100).padStart(2, '0')} ${currency}`;
