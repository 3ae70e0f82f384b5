import type { PurchaseId } from '../../contracts/ids.ts';
import type { PurchaseState } from '../../contracts/purchase.ts';
import { auditTrail } from '../../platform/audit.ts';
import type { Queryable } from '../../platform/database.ts';
import type { MoveName } from './money.ts';
import type { Purchase } from './purchase-record.ts';
import { STAFF_NOTE_ADDED } from './support.ts';

/** Something that happened to a purchase, for its parties. */
export interface TimelineEntry {
  readonly at: string;
  /** Who did it: a role, not a person. */
  readonly by: 'buyer' | 'seller' | 'staff' | 'provider' | 'system';
  readonly action: string;
  /** The state it led to; null when the state stayed. */
  readonly state: PurchaseState | null;
  readonly moves: readonly { readonly name: MoveName; readonly amount: number }[];
}

/** The same for staff: who of staff it was, and which step of the flow. */
export interface StaffTimelineEntry extends TimelineEntry {
  /** `type:id`, as the audit trail has it. */
  readonly actor: string;
  readonly step: string | null;
  /** How the payment, the transfer and the refund stood afterwards; null where they did not change. */
  readonly payment: string | null;
  readonly transfer: string | null;
  readonly refund: string | null;
}

/** What happened to a purchase, oldest first: read from its audit trail, so that both tell the same. */
export async function timelineOf(db: Queryable, purchase: Purchase): Promise<TimelineEntry[]> {
  const entries = await staffTimelineOf(db, purchase);
  const shown = entries.filter(({ action }) => action !== STAFF_NOTE_ADDED);
  return shown.map(({ at, by, action, state, moves }) => ({ at, by, action, state, moves }));
}

export async function staffTimelineOf(db: Queryable, purchase: Purchase): Promise<StaffTimelineEntry[]> {
  const entries = await auditTrail(db, 'purchase', purchase.id satisfies PurchaseId);
  return entries.map(({ at, actor, action, change: text }) => {
    const change = JSON.parse(text) as Change;
    return {
      at,
      by: roleOf(actor, purchase),
      actor,
      action,
      step: change.step ?? null,
      state: change.to ?? null,
      moves: change.moves ?? [],
      payment: change.payment ?? null,
      transfer: change.transfer ?? null,
      refund: change.refund ?? null,
    };
  });
}

/** What the entries about a purchase may have in them. */
interface Change {
  readonly step?: string;
  readonly to?: PurchaseState;
  readonly moves?: readonly { readonly name: MoveName; readonly amount: number }[];
  readonly payment?: string;
  readonly transfer?: string;
  readonly refund?: string;
}

function roleOf(actor: string, purchase: Purchase): TimelineEntry['by'] {
  if (actor === `user:${purchase.buyerId}`) return 'buyer';
  if (actor === `user:${purchase.sellerId}`) return 'seller';
  if (actor.startsWith('provider:')) return 'provider';
  return /^(unverified_)?staff:/.test(actor) ? 'staff' : 'system';
}
