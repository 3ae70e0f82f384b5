/** A step that the provider refuses, so that finance is asked: what is kept of it, and when it is over. Pure. */
import type { PurchaseState, TransferStatus } from '../../contracts/purchase.ts';
import type { ChargebackSheet } from './chargeback-rules.ts';

/** A step that nobody has asked for just now, and that is tried again and again. */
export interface RefusedStep {
  /** In the word of the table, or of the activity. */
  readonly step: string;
  /** Why, in the provider's code, or in that of our own alarm. */
  readonly code: string;
  /** Since when, milliseconds since 1970. */
  readonly sinceMs: number;
}

/** What of a purchase decides, as it was. */
interface Before {
  readonly state: PurchaseState;
  readonly refusedStep: RefusedStep | null;
  readonly chargebackSheet: Pick<ChargebackSheet, 'next'> | null;
}

/** What of a change decides. */
interface Change {
  readonly to?: PurchaseState;
  readonly unfinished?: object | null;
  readonly transfer?: { readonly status?: TransferStatus };
  readonly chargebackSheet?: Pick<ChargebackSheet, 'next'>;
  readonly refusedStep?: RefusedStep;
}

const OF_CHARGEBACKS: readonly string[] = ['answerChargeback', 'settleChargeback', 'awaitFunds'];

/**
 * Which step is refused after a change. It is over when it went through, and when the purchase has moved on without it: what
 * is still refused then is refused, and told, once more.
 */
export function refusedAfter({ state, refusedStep, chargebackSheet }: Before, change: Change): RefusedStep | null {
  if (change.refusedStep !== undefined || refusedStep === null) return change.refusedStep ?? null;
  if (OF_CHARGEBACKS.includes(refusedStep.step)) {
    return change.chargebackSheet === undefined || isSame(chargebackSheet, change.chargebackSheet) ? refusedStep : null;
  }
  const moved = change.to !== undefined && change.to !== state;
  const sent = change.transfer?.status !== undefined && change.transfer.status !== 'blocked';
  return moved || change.unfinished === null || sent ? null : refusedStep;
}

const isSame = (before: Before['chargebackSheet'], { next }: Pick<ChargebackSheet, 'next'>): boolean =>
  next !== null && before?.next?.what === next.what && before.next.chargebackId === next.chargebackId;
