/** What calls for a person of staff to look at a purchase. Pure. */
import type { Chargeback, TransferStatus } from '../../contracts/purchase.ts';
import { isLive } from './chargeback-rules.ts';

export const ATTENTION = [
  'past_deadline',
  'in_progress_for_long',
  'transfer_blocked',
  'refund_came_back',
  'step_refused',
  'chargeback',
  'money_paused',
] as const;
export type Attention = (typeof ATTENTION)[number];

/** A purchase moves on within moments of its deadline, and what was begun ends within moments. */
export const ATTENTION_GRACE_SECONDS = 60;

/** What of a purchase decides. */
export interface Watched {
  readonly deadlineAt: Date | null;
  readonly unfinished: { readonly asked?: true } | null;
  readonly pause: object | null;
  readonly refusedStep: object | null;
  readonly updatedAt: Date;
  readonly transfer: { readonly status: TransferStatus };
  readonly chargeback: Chargeback;
  readonly books: { readonly owedToBuyer: number };
}

/** @param nowMs milliseconds since 1970 */
export function attentionOf(purchase: Watched, nowMs: number): Attention[] {
  const { deadlineAt, unfinished, pause, refusedStep, updatedAt, transfer, chargeback, books } = purchase;
  const graceMs = ATTENTION_GRACE_SECONDS * 1_000;
  const isSo: Readonly<Record<Attention, boolean>> = {
    // A transfer that is blocked keeps the purchase open without end: its deadline passes and means nothing.
    past_deadline: deadlineAt !== null && deadlineAt.getTime() + graceMs < nowMs && transfer.status !== 'blocked',
    // While its money stands still it waits, as it is meant to; what Stripe was asked for in an inquiry may end that.
    in_progress_for_long:
      unfinished !== null &&
      pause === null &&
      (!isLive(chargeback) || (chargeback === 'inquiry' && unfinished.asked === true)) &&
      updatedAt.getTime() + graceMs < nowMs,
    transfer_blocked: transfer.status === 'blocked',
    refund_came_back: books.owedToBuyer > 0,
    step_refused: refusedStep !== null,
    money_paused: pause !== null,
    chargeback: isLive(chargeback),
  };
  return ATTENTION.filter((reason) => isSo[reason]);
}
