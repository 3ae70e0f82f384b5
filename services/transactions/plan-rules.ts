/** Which row of the table an event follows, and which money moves then. Pure. */

import type { PurchaseState } from '../../contracts/purchase.ts';
import { cancellationSplit } from './cancellation-rules.ts';
import type { Books, Move } from './money.ts';
import { transition } from './rules.ts';
import { commissionRateOf, type Terms } from './terms-rules.ts';
import type { Condition, Party, PurchaseEvent, Transition } from './transition-rules.ts';

/** What of a purchase decides. */
export interface Planned {
  readonly state: PurchaseState;
  readonly terms: Terms;
  readonly books: Books;
  /** When a booking begins, milliseconds since 1970; null for goods. */
  readonly startsAtMs: number | null;
  readonly refundCap: number;
  /** What is kept of a release for what the seller owes; null before that is fixed. */
  readonly recovers?: number | null;
  /** Stripe refused to take the transfer back. */
  readonly reversalRefused?: boolean;
  /** What of the transfers came from Wellpact's own balance; null when nothing did. */
  readonly topUp?: { readonly amount: number } | null;
}

/** What happened. */
export interface Happening {
  readonly event: PurchaseEvent;
  readonly by: Party | undefined;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** What the seller keeps, gross, minor units, where somebody decided that: a refund in part, a ruling. */
  readonly forSeller?: number | undefined;
}

/** The row of the table that a step follows, and the money it moves from the books as they are. */
export interface Plan {
  readonly row: Transition;
  readonly moves: readonly Move[];
}

/** @returns undefined when the table leads nowhere from here */
export function planFor(purchase: Planned, happening: Happening): Plan | undefined {
  const { state, terms, books, recovers, reversalRefused, topUp } = purchase;
  const forSeller = forSellerIn(purchase, happening);
  const when: Condition = forSeller === 0 ? 'nothing_for_seller' : 'something_for_seller';
  const row = transition(state, { on: happening.event, by: happening.by, kind: terms.kind, when });
  if (row === undefined) return undefined;
  const split = {
    forSeller,
    commission: commissionRateOf(terms),
    ...(typeof recovers === 'number' && { recovers }),
    ...(reversalRefused === true && { reversalRefused: true as const }),
    ...(terms.discount !== undefined && { discount: terms.discount.amount, toppedUp: topUp?.amount ?? 0 }),
  };
  return { row, moves: row.moves(books, split) };
}

/** What is left to the seller, gross: for a cancellation the policy says so, everything that nobody decided is all or nothing. */
function forSellerIn(
  { terms, startsAtMs, books, refundCap }: Planned,
  { event, by, atMs, forSeller }: Happening,
): number {
  if (forSeller !== undefined) return forSeller;
  if (event !== 'cancel') return terms.price;
  const aheadMs = startsAtMs === null ? Number.POSITIVE_INFINITY : startsAtMs - atMs;
  // What was given back before is divided no more; what is not captured yet is given back whole.
  const divided = books.held > 0 ? books.held : terms.price;
  const canceller = by === 'seller' ? 'seller' : 'buyer';
  return cancellationSplit(divided, terms.cancellation ?? [], canceller, aheadMs, refundCap).forSeller;
}
