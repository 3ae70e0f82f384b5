/** What a ruling would do to the money of a purchase: by the very row that would carry it out. Pure. */
import { applyMoves, commissionOn } from './money.ts';
import type { Purchase } from './purchase-record.ts';
import { leftOf, leftToSeller } from './refund-rules.ts';
import { transition } from './rules.ts';
import { commissionRateOf } from './terms-rules.ts';

/** Minor units. */
export interface RulingEffect {
  /** What the buyer gets back from us, besides what the bank has given them meanwhile. */
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
  { state, terms, books }: Pick<Purchase, 'state' | 'terms' | 'books'>,
  gross: number,
  refund: number,
): RulingEffect {
  const { kind } = terms;
  const commission = commissionRateOf(terms);
  const forSeller = leftToSeller(books, gross, refund);
  const when = forSeller === 0 ? 'nothing_for_seller' : 'something_for_seller';
  const row = transition(state, { on: 'dispute_decided', by: 'dispute', kind, when });
  const moves = row?.moves(books, { forSeller, commission }) ?? [];
  const after = applyMoves(books, moves);
  const reversed = moves.filter(({ name }) => name === 'reverseTransfer').reduce((sum, { amount }) => sum + amount, 0);
  return {
    refund: after.refunded - books.refunded,
    toSeller: Math.max(leftOf(after) - after.held - after.fees, 0),
    commissionBefore: commissionOn(gross, commission),
    commissionAfter: after.fees,
    reversal: reversed,
  };
}
