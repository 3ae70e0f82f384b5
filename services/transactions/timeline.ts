import type { PurchaseId } from '../../contracts/ids.ts';
import type { PurchaseState } from '../../contracts/purchase.ts';
import { auditTrail } from '../../platform/audit.ts';
import type { Queryable } from '../../platform/database.ts';
import type { Purchase } from './store.ts';
import { STAFF_NOTE_ADDED } from './support.ts';

/** Something that happened to a purchase, for its parties. */
export interface TimelineEntry {
  readonly at: string;
  /** Who did it: a role, not a person. */
  readonly by: 'buyer' | 'seller' | 'staff' | 'provider' | 'system';
  readonly action: string;
  /** The state it led to; null when the state stayed. */
  readonly state: PurchaseState | null;
  readonly moves: readonly { readonly name: string; readonly amount: number }[];
}

/** What happened to a purchase, oldest first: read from its audit trail, so that both tell the same. */
export async function timelineOf(db: Queryable, purchase: Purchase): Promise<TimelineEntry[]> {
  const entries = await auditTrail(db, 'purchase', purchase.id satisfies PurchaseId);
  const shown = entries.filter(({ action }) => action !== STAFF_NOTE_ADDED);
  return shown.map((entry) => {
    const change = JSON.parse(entry.change) as { to?: PurchaseState; moves?: { name: string; amount: number }[] };
    return {
      at: entry.at,
      by: roleOf(entry.actor, purchase),
      action: entry.action,
      state: change.to ?? null,
      moves: change.moves ?? [],
    };
  });
}

function roleOf(actor: string, purchase: Purchase): TimelineEntry['by'] {
  if (actor === `user:${purchase.buyerId}`) return 'buyer';
  if (actor === `user:${purchase.sellerId}`) return 'seller';
  if (actor.startsWith('provider:')) return 'provider';
  return /^(unverified_)?staff:/.test(actor) ? 'staff' : 'system';
}
