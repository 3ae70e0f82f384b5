/** What each can do in a dispute now, for whoever was refused something else. */
import type { Dispute } from './record.ts';
import { allowedToEach, type DisputeEvent } from './rules.ts';
import { circumstancesOf } from './steps.ts';

export type AllowedInDispute = Readonly<Record<'buyer' | 'seller' | 'mediator', readonly DisputeEvent[]>>;

/** Nothing, once it is decided, and while it stands still. A ruling that waits for approval is not for everybody's eyes. */
export function allowedNow(dispute: Dispute, nowMs: number): AllowedInDispute {
  const { state, claimedBy, decision, frozenSince } = dispute;
  if (decision !== null || frozenSince !== null) return { buyer: [], seller: [], mediator: [] };
  return allowedToEach(state, claimedBy, circumstancesOf(dispute, nowMs, false));
}
