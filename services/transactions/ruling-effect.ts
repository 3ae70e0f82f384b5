/** What a ruling would do to the money of a purchase: by the very row that would carry it out. Pure. */
import { applyMoves, commissionOn } from './money.ts';
import { planFor } from './plan-rules.ts';
import type { Purchase } from './purchase-record.ts';
import { leftOf, leftToSeller } from './refund-rules.ts';
import { commissionRateOf } from './terms-rules.ts';

/** Minor units. */
export interface RulingEffect {
  /** What the buyer gets back from us, besides what the bank has given them meanwhile; a discount's part is Wellpact's. */
  readonly refund: number;
  /** What is left the seller, after commission; what is kept of it for what they owe is theirs, too. */
  readonly toSeller: number;
  /** The commission on all that is disputed, and the one that is left. */
  readonly commissionBefore: number;
  readonly commissionAfter: number;
  /** What is taken back from the seller. */
  readonly reversal: number;
}

/** @param gross what is disputed @param refund what the buyer is to get back of it */
export function effectOfRuling(
  purchase: Pick<Purchase, 'state' | 'terms' | 'books' | 'refundCap' | 'topUp'>,
  gross: number,
  refund: number,
): RulingEffect {
  const { terms, books } = purchase;
  const forSeller = leftToSeller(books, gross, refund);
  // What is kept for what the seller owes is theirs all the same: how much it is, is fixed when it is carried out.
  const planned = { ...purchase, startsAtMs: null, recovers: null };
  const moves = planFor(planned, { event: 'dispute_decided', by: 'dispute', atMs: 0, forSeller })?.moves ?? [];
  const after = applyMoves(books, moves);
  const reversed = moves
    .filter(({ name }) => name === 'reverseTransfer' || name === 'reverseTopUp')
    .reduce((sum, { amount }) => sum + amount, 0);
  return {
    refund: after.refunded - books.refunded,
    toSeller: Math.max(leftOf(after) - after.held - after.fees, 0),
    commissionBefore: commissionOn(gross, commissionRateOf(terms)),
    commissionAfter: after.fees,
    reversal: reversed,
  };
}
