/**
 * What a dispute waits for: whose turn it is, until when, and what happens then. The same words for its parties, for whoever
 * asks why the purchase does not move, and for staff in the Temporal UI. Pure.
 */
import type { DisputeState } from '../../contracts/dispute.ts';
import {
  claimsAll,
  DISPUTE_SUMMARIES,
  DISPUTE_TIMERS,
  DISPUTE_TRANSITIONS,
  type DisputeTerms,
  type DisputeTransition,
  otherSide,
  type Positions,
  type Role,
  refundLeaning,
  sideOfRole,
} from './rules.ts';

/** What of a dispute decides that. */
export interface DisputeSituation {
  readonly state: DisputeState;
  readonly claimedBy: 'buyer' | 'seller';
  /** When the clock moves it on, milliseconds since 1970; null when it does not. */
  readonly deadlineMs: number | null;
  /** It is decided, and the purchase is to carry that out. */
  readonly decided: boolean;
  /** A chargeback makes it stand still. */
  readonly frozen: boolean;
  /** The claim is for everything that is disputed about. */
  readonly claimIsAll: boolean;
  /** Who will not appeal. */
  readonly waived: readonly Role[];
  /** Whose offers can be accepted. */
  readonly offeredBy: readonly Role[];
  /** A ruling waits for a second mediator: nothing for the eyes of parties, for whom it is false. */
  readonly hasProposal: boolean;
  /** What the buyer gets back when nobody does anything and it is decided by that; undefined where it is not. Minor units. */
  readonly refundIfSilent?: number | undefined;
}

export interface DisputeWait {
  readonly waitsFor: 'buyer' | 'seller' | 'both' | 'mediator' | 'platform' | 'nobody';
  /** In a sentence or two, with the deadline. */
  readonly summary: string;
  /** What happens by itself; undefined when nothing does. */
  readonly automatic: SilenceOutcome | undefined;
}

/** What happens when nobody does anything. */
export interface SilenceOutcome {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** As the end of "Then …". */
  readonly says: string;
  /** What the buyer gets back, if it is decided by that; minor units. */
  readonly refund?: number | undefined;
}

export function disputeWait(situation: DisputeSituation): DisputeWait {
  const { deadlineMs } = situation;
  const says = silenceSays(situation.state);
  const runs = !isStill(situation) && deadlineMs !== null && says !== undefined;
  return {
    waitsFor: waitsFor(situation),
    summary: summaryOf(situation),
    automatic: runs ? { atMs: deadlineMs, says, refund: situation.refundIfSilent } : undefined,
  };
}

/** Nothing happens in it: it is over, or the purchase and the bank have the next word. */
const isStill = ({ state, decided, frozen }: DisputeSituation): boolean => state === 'closed' || decided || frozen;

function waitsFor(situation: DisputeSituation): DisputeWait['waitsFor'] {
  const { state, claimedBy, waived } = situation;
  if (state === 'closed') return 'nobody';
  if (isStill(situation)) return 'platform';
  const offeredBy = onlyOfferer(situation);
  if (state === 'negotiating' && offeredBy !== undefined) return otherSide(offeredBy);
  const [waiver] = waived;
  if (state === 'ruled' && waiver !== undefined) return otherSide(sideOfRole(waiver, claimedBy));
  const owner = DISPUTE_TIMERS[state]?.owner ?? 'both';
  return owner === 'both' || owner === 'mediator' ? owner : sideOfRole(owner, claimedBy);
}

/** The side whose offer lies open, when the other one has made none. */
const onlyOfferer = ({ offeredBy: [role, ...more], claimedBy }: DisputeSituation): 'buyer' | 'seller' | undefined =>
  role === undefined || more.length > 0 ? undefined : sideOfRole(role, claimedBy);

function offerText(situation: DisputeSituation): string | undefined {
  const offeredBy = onlyOfferer(situation);
  if (offeredBy !== undefined)
    return `an offer of the ${offeredBy} waits for the answer of the ${otherSide(offeredBy)}`;
  return situation.offeredBy.length === 0 ? undefined : 'each side can accept the offer of the other one';
}

function summaryOf(situation: DisputeSituation): string {
  const { state, claimedBy, claimIsAll, decided, frozen, hasProposal, waived, deadlineMs } = situation;
  if (state === 'closed') return DISPUTE_SUMMARIES.closed;
  if (decided) return 'The dispute is decided; that is carried out as soon as the money can move.';
  if (frozen) {
    const still = "The dispute stands still while the buyer's bank looks at the payment, and so does its time";
    const claimed = state === 'opened' && claimIsAll;
    return claimed ? `${still}; the ${otherSide(claimedBy)} can accept the claim all the same.` : `${still}.`;
  }
  const until = deadlineMs === null ? '' : ` until ${instant(deadlineMs)}`;
  const offer = offerText(situation);
  const [waiver] = waived.map((role) => sideOfRole(role, claimedBy));
  switch (state) {
    case 'opened':
      return `The ${otherSide(claimedBy)} has to answer the claim of the ${claimedBy}${until}; files can be handed in.`;
    case 'negotiating':
      return `Both sides look for an agreement${until}: ${offer ?? 'it waits for an offer of either'}.`;
    case 'mediating':
      return hasProposal
        ? `A second mediator has to approve the ruling${until}.`
        : `A mediator looks at the dispute${until}; ${offer ?? 'files can be handed in, and offers made'}.`;
    case 'ruled':
      return waiver === undefined
        ? `There is a ruling, and both sides can appeal${until}.`
        : `There is a ruling, and the ${otherSide(waiver)} can appeal${until}; the ${waiver} will not.`;
    case 'appealed':
      break;
  }
  return hasProposal
    ? `A second mediator has to approve the final ruling${until}.`
    : `Another mediator looks at the dispute and rules finally${until}; files can be handed in.`;
}

/** What is stored beside a dispute and decides what it waits for. */
export interface Beside {
  readonly offeredBy: readonly Role[];
  /** As far as whoever reads it may know. */
  readonly hasProposal: boolean;
  /** What the buyer gets back by the ruling that stands; null when there is none. Minor units. */
  readonly ruled: number | null;
}

/** What of a dispute, as it is stored, decides it. */
export interface Stored extends Positions {
  readonly state: DisputeState;
  readonly terms: Pick<DisputeTerms, 'silencePercent'>;
  readonly deadlineAt: Date | null;
  readonly frozenSince: Date | null;
  readonly waived: readonly Role[];
  /** Null while it is undecided. */
  readonly decision: object | null;
}

export const situationOf = (dispute: Stored, { offeredBy, hasProposal, ruled }: Beside): DisputeSituation => ({
  state: dispute.state,
  claimedBy: dispute.claimedBy,
  deadlineMs: dispute.deadlineAt?.getTime() ?? null,
  decided: dispute.decision !== null,
  frozen: dispute.frozenSince !== null,
  claimIsAll: claimsAll(dispute),
  waived: dispute.waived,
  offeredBy,
  hasProposal,
  refundIfSilent: refundIfSilent(dispute, ruled),
});

function refundIfSilent(dispute: Stored, ruled: number | null): number | undefined {
  const decides = silenceRow(dispute.state)?.decides;
  if (decides === undefined) return undefined;
  return decides === 'silence' ? refundLeaning(dispute, dispute.terms.silencePercent) : (ruled ?? undefined);
}

/** `2026-03-01 14:05 UTC`. */
const instant = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** What happens when nobody does anything, as the end of "Then …"; undefined where nothing does. */
export const silenceSays = (state: DisputeState): string | undefined => silenceRow(state)?.says;

function silenceRow(state: DisputeState): DisputeTransition | undefined {
  const event = DISPUTE_TIMERS[state]?.event;
  return DISPUTE_TRANSITIONS.find((row) => row.from === state && row.on === event);
}
