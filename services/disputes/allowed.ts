/** What each can do in a dispute now, for whoever was refused something else. */
import type { Dispute } from './record.ts';
import { allowedToEach, claimsAll, type DisputeEvent, mayThoughFrozen } from './rules.ts';
import { circumstancesOf } from './steps.ts';

export type AllowedInDispute = Readonly<Record<'buyer' | 'seller' | 'mediator', readonly DisputeEvent[]>>;

/** Nothing, once it is decided; while it stands still, next to nothing. A ruling to be approved is not for everybody's eyes. */
export function allowedNow(dispute: Dispute, nowMs: number): AllowedInDispute {
  const { state, claimedBy, decision, frozenSince } = dispute;
  const all = allowedToEach(state, claimedBy, circumstancesOf(dispute, nowMs, false));
  const open = (events: readonly DisputeEvent[]): DisputeEvent[] =>
    decision !== null ? [] : events.filter((on) => frozenSince === null || mayThoughFrozen(on, claimsAll(dispute)));
  return { buyer: open(all.buyer), seller: open(all.seller), mediator: open(all.mediator) };
}
