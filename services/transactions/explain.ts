/** "Why does it not move?" and "what next?", worked out from the transition table. Pure. */
import type { PurchaseState } from '../../contracts/purchase.ts';
import { allowedActions, isFinal, type PurchaseEvent, timerOf, transition } from './rules.ts';
import type { Purchase } from './store.ts';

/** Why a purchase stands where it stands, and what moves it on. */
export interface Explanation {
  readonly state: PurchaseState;
  /** In a sentence. */
  readonly summary: string;
  /** Whose move it is; nobody's once the purchase has ended. */
  readonly waitsFor: 'buyer' | 'seller' | 'platform' | 'nobody';
  /** What stands in the way of the money. */
  readonly holds: readonly ('transfer_blocked' | 'chargeback')[];
  readonly mayAct: readonly { readonly party: 'buyer' | 'seller'; readonly actions: readonly PurchaseEvent[] }[];
  /** What happens by itself, and when; null when nothing does. */
  readonly automatic: { readonly at: string; readonly becomes: PurchaseState; readonly says: string } | null;
}

const SUMMARIES: Readonly<Record<PurchaseState, string>> = {
  payment_pending: 'The buyer has not paid yet.',
  authorised: 'The buyer has paid; the seller has not accepted yet.',
  held: 'The payment is held until the purchase is delivered.',
  delivered: 'It is delivered; the buyer has time to look before the money is released.',
  disputed: 'Buyer and seller disagree; the money is held until that is decided.',
  released: 'The money is released to the seller.',
  completed: 'The purchase is completed.',
  refunded: 'The buyer was refunded.',
  cancelled: 'The purchase was cancelled.',
  declined: 'The seller did not accept; the buyer was not charged.',
  expired: 'The buyer did not pay in time; nothing was charged.',
};

export function explain(purchase: Purchase): Explanation {
  const { state, terms, deadlineAt } = purchase;
  const timer = timerOf(state, terms.kind);
  const parties = ['buyer', 'seller'] as const;
  return {
    state,
    summary: SUMMARIES[state],
    waitsFor: waitsFor(purchase),
    holds: [
      ...(purchase.transfer.status === 'blocked' ? (['transfer_blocked'] as const) : []),
      ...(purchase.chargeback === 'inquiry' || purchase.chargeback === 'open' ? (['chargeback'] as const) : []),
    ],
    mayAct: parties
      .map((party) => ({ party, actions: allowedActions(state, terms.kind, party) }))
      .filter(({ actions }) => actions.length > 0),
    automatic:
      timer === undefined || deadlineAt === null || purchase.transfer.status === 'blocked'
        ? null
        : { at: deadlineAt.toISOString(), becomes: timer.row.to, says: timer.row.says },
  };
}

/** Whose move it is, by the parties who can act; with no party able to, the platform's. */
function waitsFor({ state, terms }: Purchase): Explanation['waitsFor'] {
  if (isFinal(state)) return 'nobody';
  if (transition(state, { on: 'payment_authorised', kind: terms.kind }) !== undefined) return 'buyer';
  if (state === 'held' || allowedActions(state, terms.kind, 'seller').length > 0) return 'seller';
  return allowedActions(state, terms.kind, 'buyer').length > 0 ? 'buyer' : 'platform';
}
