/** The steps that move a booking: one party proposes another time, the other one accepts it. */
import { findSlot, moveSlot } from '../services/marketplace/index.ts';
import { refundShare } from '../services/transactions/cancellation-rules.ts';
import { commitStep, fitsHoldLimit, type Purchase } from '../services/transactions/index.ts';
import { refusal } from './failures.ts';
import {
  beyondHoldLimit,
  type PurchaseDeps,
  type PurchaseStanding,
  type PurchaseStep,
  partyOf,
  planOf,
  rowKey,
  slotRefusal,
  standing,
} from './purchase-steps.ts';

/** A move that the buyer asked for leaves them what they could have got back at this moment; one of the seller's, all. */
function refundCapAfter({ terms, slot, proposal, refundCap }: Purchase, { atMs }: PurchaseStep): number {
  if (slot === null || proposal?.by !== 'buyer') return refundCap;
  return refundShare(terms.cancellation ?? [], slot.startsAt.getTime() - atMs, refundCap);
}

export function createBookingActivities({ database, policy }: PurchaseDeps) {
  return {
    /**
     * Notes the time that a party proposes, in place of one that was proposed before. Nothing is reserved: whether there
     * is still room shows when it is accepted.
     * @throws ApplicationFailure NO_SUCH_SLOT, TOO_LATE_TO_BOOK, SLOT_TAKEN, BEYOND_HOLD_LIMIT
     */
    async proposeReschedule(step: PurchaseStep): Promise<PurchaseStanding> {
      const key = rowKey(step, `proposeReschedule/${step.command?.id}`);
      const after = await commitStep(database, key, async (current, tx) => {
        planOf(current, step);
        const by = partyOf(current, step);
        const startsAtMs = Date.parse(step.command?.startsAt ?? '');
        if ((by !== 'buyer' && by !== 'seller') || Number.isNaN(startsAtMs)) throw slotRefusal('no_such_slot');
        if (startsAtMs === current.slot?.startsAt.getTime()) {
          throw refusal('NO_SUCH_SLOT', 'This is the time for which it is booked already.');
        }
        const { id: insteadOf, listingId, quantity } = current;
        const slot = await findSlot(tx, { listingId, startsAtMs, quantity, nowMs: step.atMs, insteadOf });
        if (typeof slot === 'string') throw slotRefusal(slot);
        refuseBeyondHoldLimit(current, slot.endsAt);
        return { proposal: { by, startsAt: slot.startsAt } };
      });
      return standing(after);
    },

    /**
     * Moves the booking to the time that the other party proposed, if there is still room.
     * @throws ApplicationFailure PROPOSAL_CHANGED, and as `proposeReschedule`; then it stays where it is
     */
    async moveBooking(step: PurchaseStep): Promise<PurchaseStanding> {
      const key = rowKey(step, `moveBooking/${step.command?.id}`);
      const after = await commitStep(database, key, async (current, tx) => {
        planOf(current, step);
        const { proposal } = current;
        const expected = step.command?.startsAt;
        if (proposal === null || (expected !== undefined && Date.parse(expected) !== proposal.startsAt.getTime())) {
          throw refusal('PROPOSAL_CHANGED', 'Another time is proposed by now. Read the purchase again.');
        }
        const slot = await moveSlot(tx, current.id, proposal.startsAt.getTime(), step.atMs);
        if (typeof slot === 'string') throw slotRefusal(slot);
        refuseBeyondHoldLimit(current, slot.endsAt);
        return {
          slot: { ...slot, since: new Date(step.atMs) },
          proposal: null,
          refundCap: refundCapAfter(current, step),
        };
      });
      return standing(after);
    },
  };

  /** The hold counts from the capture, so a booking cannot wander off for ever. @throws ApplicationFailure */
  function refuseBeyondHoldLimit({ terms, payment, stateSince }: Purchase, endsAt: Date): void {
    const limits = {
      inspectionWindow: terms.inspectionWindowMs,
      longestDispute: terms.longestDisputeMs ?? policy.longestDispute,
      holdLimit: terms.holdLimitMs ?? policy.holdLimit,
    };
    const heldFromMs = (payment.capturedAt ?? stateSince).getTime();
    if (!fitsHoldLimit(limits, endsAt.getTime(), heldFromMs)) throw beyondHoldLimit();
  }
}
