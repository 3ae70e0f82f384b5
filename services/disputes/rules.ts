/**
 * The rules of a dispute, as data. The workflow executes this table, the API asks it what is allowed, the reference is
 * generated from it, and a test walks every path through it. A dispute moves no money: a row that decides ends in a
 * decision, which the purchase carries out. Pure: no clock, no I/O.
 */
import type { DisputeState } from '../../contracts/dispute.ts';

/** Who claims, and who is claimed against: a buyer or a seller, as the dispute has it. */
export type Role = 'claimant' | 'respondent';
export type DisputeParty = Role | 'mediator' | 'clock' | 'purchase';

export type DisputeEvent =
  | 'accept_claim'
  | 'contest'
  | 'make_offer'
  | 'accept_offer'
  | 'escalate'
  | 'rule'
  | 'approve'
  | 'appeal'
  | 'waive_appeal'
  | 'response_window_over'
  | 'negotiation_over'
  | 'mediation_over'
  | 'appeal_window_over'
  | 'appeal_over'
  | 'closed_by_purchase';

/** What a decision rests on. */
export type DecidedBy = 'claim' | 'silence' | 'agreement' | 'ruling' | 'default_ruling' | 'chargeback';

/** What decides between two rows of one event. */
export type DisputeCondition = 'one_person_is_enough' | 'needs_a_second_person' | 'first_waiver' | 'last_waiver';

/** What has to be so for a row to be open, beyond state and party. */
export type DisputeNeed = 'talked_long_enough' | 'ruling_to_approve' | 'not_waived';

export interface DisputeTransition {
  readonly from: DisputeState;
  readonly on: DisputeEvent;
  readonly by: readonly DisputeParty[];
  readonly to: DisputeState;
  readonly when?: DisputeCondition;
  readonly needs?: DisputeNeed;
  /** It is decided: nothing else happens in the dispute until the purchase has carried that out. */
  readonly decides?: DecidedBy;
  /** In words for users and staff, as the end of "Then …". */
  readonly says: string;
}

const PARTIES: readonly Role[] = ['claimant', 'respondent'];

// biome-ignore format: a table reads by its columns
/** Every way on from every state that is not final. */
export const DISPUTE_TRANSITIONS: readonly DisputeTransition[] = [
  { from: 'opened', on: 'accept_claim', by: ['respondent'], to: 'opened', decides: 'claim', says: 'what is claimed is given' },
  { from: 'opened', on: 'contest', by: ['respondent'], to: 'negotiating', says: 'both sides look for an agreement' },
  { from: 'opened', on: 'make_offer', by: ['respondent'], to: 'negotiating', says: 'the other side can accept the offer, or make one of its own' },
  { from: 'opened', on: 'response_window_over', by: ['clock'], to: 'opened', decides: 'silence', says: 'silence is taken as the policy says' },

  { from: 'negotiating', on: 'make_offer', by: PARTIES, to: 'negotiating', says: 'the other side can accept the offer, or make one of its own' },
  { from: 'negotiating', on: 'accept_offer', by: PARTIES, to: 'negotiating', decides: 'agreement', says: 'what was agreed on is carried out' },
  { from: 'negotiating', on: 'escalate', by: PARTIES, needs: 'talked_long_enough', to: 'mediating', says: 'a mediator looks at it' },
  { from: 'negotiating', on: 'negotiation_over', by: ['clock'], to: 'mediating', says: 'a mediator looks at it' },

  { from: 'mediating', on: 'make_offer', by: PARTIES, to: 'mediating', says: 'the other side can accept the offer until there is a ruling' },
  { from: 'mediating', on: 'accept_offer', by: PARTIES, to: 'mediating', decides: 'agreement', says: 'what was agreed on is carried out' },
  { from: 'mediating', on: 'rule', by: ['mediator'], when: 'one_person_is_enough', to: 'ruled', says: 'both sides can appeal' },
  { from: 'mediating', on: 'rule', by: ['mediator'], when: 'needs_a_second_person', to: 'mediating', says: 'a second mediator has to approve the ruling' },
  { from: 'mediating', on: 'approve', by: ['mediator'], needs: 'ruling_to_approve', to: 'ruled', says: 'both sides can appeal' },
  { from: 'mediating', on: 'mediation_over', by: ['clock'], to: 'ruled', says: 'the default ruling stands, and both sides can appeal' },

  { from: 'ruled', on: 'appeal', by: PARTIES, needs: 'not_waived', to: 'appealed', says: 'another mediator looks at it, and rules finally' },
  { from: 'ruled', on: 'waive_appeal', by: PARTIES, needs: 'not_waived', when: 'first_waiver', to: 'ruled', says: 'the ruling is carried out as soon as the other side waives, too' },
  { from: 'ruled', on: 'waive_appeal', by: PARTIES, needs: 'not_waived', when: 'last_waiver', to: 'ruled', decides: 'ruling', says: 'the ruling is carried out' },
  { from: 'ruled', on: 'appeal_window_over', by: ['clock'], to: 'ruled', decides: 'ruling', says: 'the ruling is carried out' },

  { from: 'appealed', on: 'rule', by: ['mediator'], when: 'one_person_is_enough', to: 'appealed', decides: 'ruling', says: 'the ruling is final and is carried out' },
  { from: 'appealed', on: 'rule', by: ['mediator'], when: 'needs_a_second_person', to: 'appealed', says: 'a second mediator has to approve the ruling' },
  { from: 'appealed', on: 'approve', by: ['mediator'], needs: 'ruling_to_approve', to: 'appealed', decides: 'ruling', says: 'the ruling is final and is carried out' },
  { from: 'appealed', on: 'appeal_over', by: ['clock'], to: 'appealed', decides: 'ruling', says: 'the ruling that was appealed stands and is carried out' },

  ...(['opened', 'negotiating', 'mediating', 'ruled', 'appealed'] as const).map((from): DisputeTransition => (
    { from, on: 'closed_by_purchase', by: ['purchase'], to: 'closed', says: 'the dispute is closed' })),
];

/** The deadline of a state: what passes, whose move it is until then, and how long it runs from entering the state. */
export interface DisputeTimer {
  readonly event: DisputeEvent;
  readonly owner: Role | 'both' | 'mediator';
  readonly window: (terms: DisputeTerms, isNoShow: boolean) => number;
}

export const DISPUTE_TIMERS: Readonly<Partial<Record<DisputeState, DisputeTimer>>> = {
  opened: {
    event: 'response_window_over',
    owner: 'respondent',
    window: ({ responseMs, noShowContestMs }, isNoShow) => (isNoShow ? noShowContestMs : responseMs),
  },
  negotiating: { event: 'negotiation_over', owner: 'both', window: ({ negotiationMs }) => negotiationMs },
  mediating: { event: 'mediation_over', owner: 'mediator', window: ({ mediationMs }) => mediationMs },
  ruled: { event: 'appeal_window_over', owner: 'both', window: ({ appealMs }) => appealMs },
  appealed: { event: 'appeal_over', owner: 'mediator', window: ({ mediationMs }) => mediationMs },
};

/** What a dispute is decided under, and keeps: windows in milliseconds. */
export interface DisputeTerms {
  readonly policyVersion: number;
  readonly responseMs: number;
  readonly noShowContestMs: number;
  readonly escalateAfterMs: number;
  readonly negotiationMs: number;
  readonly mediationMs: number;
  readonly appealMs: number;
  /** How much of what is in dispute goes to the claimant when the respondent keeps silent, 0 to 100. */
  readonly silencePercent: number;
  /** And when no mediator has ruled in time. */
  readonly defaultPercent: number;
  /** Rulings about so much and more need a second mediator; minor units. */
  readonly fourEyesFrom: number;
}

/** What decides whether a row is open. */
export interface DisputeCircumstances {
  readonly nowMs: number;
  /** From when on a party can ask for a mediator; null before they negotiate. */
  readonly escalateFromMs: number | null;
  /** A ruling waits for a second mediator. */
  readonly hasProposal: boolean;
  /** Who will not appeal. */
  readonly waived: readonly Role[];
}

const NEEDS: Readonly<Record<DisputeNeed, (so: DisputeCircumstances, by: DisputeParty) => boolean>> = {
  talked_long_enough: ({ nowMs, escalateFromMs }) => escalateFromMs !== null && nowMs >= escalateFromMs,
  ruling_to_approve: ({ hasProposal }) => hasProposal,
  not_waived: ({ waived }, by) => !waived.some((role) => role === by),
};

/** The rows that an event of a party can follow from a state: one, or one for each condition. */
export const disputeRows = (
  from: DisputeState,
  on: DisputeEvent,
  by: DisputeParty,
  so: DisputeCircumstances,
): DisputeTransition[] =>
  DISPUTE_TRANSITIONS.filter(
    (row) =>
      row.from === from &&
      row.on === on &&
      row.by.includes(by) &&
      (row.needs === undefined || NEEDS[row.needs](so, by)),
  );

/** What a party can do in a state. */
export const allowedInDispute = (from: DisputeState, by: DisputeParty, so: DisputeCircumstances): DisputeEvent[] => [
  ...new Set(
    DISPUTE_TRANSITIONS.filter(
      (row) => row.from === from && row.by.includes(by) && (row.needs === undefined || NEEDS[row.needs](so, by)),
    ).map(({ on }) => on),
  ),
];

/** What each can do in a state. */
export const allowedToEach = (
  from: DisputeState,
  claimedBy: 'buyer' | 'seller',
  so: DisputeCircumstances,
): Readonly<Record<'buyer' | 'seller' | 'mediator', DisputeEvent[]>> => ({
  buyer: allowedInDispute(from, roleOf('buyer', claimedBy), so),
  seller: allowedInDispute(from, roleOf('seller', claimedBy), so),
  mediator: allowedInDispute(from, 'mediator', so),
});

/** How a claim stands to what is disputed about, minor units. */
export const claimsAll = ({ gross, claimRefund }: Pick<Positions, 'gross' | 'claimRefund'>): boolean =>
  claimRefund === gross;

/**
 * What is possible while a chargeback makes a dispute stand still: to give the buyer everything, which is what a bank that
 * asks about a payment is content with.
 */
export const mayThoughFrozen = (on: DisputeEvent, claimIsAll: boolean): boolean => on === 'accept_claim' && claimIsAll;

/** In which states files can be handed in. */
export const EVIDENCE_STATES: readonly DisputeState[] = ['opened', 'negotiating', 'mediating', 'appealed'];

/** Of one purchase. */
export const MAX_DISPUTES = 5;
/** Of one dispute. */
export const MAX_OFFERS = 40;
export const MAX_RULINGS = 10;

/** How the two sides of a dispute stand, in minor units that the buyer would get back. */
export interface Positions {
  /** Who claims. */
  readonly claimedBy: 'buyer' | 'seller';
  /** What is disputed about, gross. */
  readonly gross: number;
  /** What the buyer gets back if the claim is right. */
  readonly claimRefund: number;
}

/**
 * What the buyer gets back when the claimant gets so much of what is in dispute: all between the claim and what the other
 * side would have, which is everything for itself.
 * @param percent 0 to 100
 */
export function refundLeaning({ claimedBy, gross, claimRefund }: Positions, percent: number): number {
  const otherwise = claimedBy === 'buyer' ? 0 : gross;
  const inDispute = BigInt(claimRefund - otherwise);
  const product = inDispute * BigInt(percent);
  // Half a unit goes to the buyer; of what is below zero, too little would be cut off.
  const rounded = product >= 0n ? (product + 50n) / 100n : -((49n - product) / 100n);
  return otherwise + Number(rounded);
}

export const otherSide = (side: 'buyer' | 'seller'): 'buyer' | 'seller' => (side === 'buyer' ? 'seller' : 'buyer');

/** Which role a side has. */
export const roleOf = (side: 'buyer' | 'seller', claimedBy: 'buyer' | 'seller'): Role =>
  side === claimedBy ? 'claimant' : 'respondent';
/** Which side a role is. */
export const sideOfRole = (role: Role, claimedBy: 'buyer' | 'seller'): 'buyer' | 'seller' =>
  role === 'claimant' ? claimedBy : otherSide(claimedBy);

/** How a dispute stands, in a sentence. */
export const DISPUTE_SUMMARIES: Readonly<Record<DisputeState, string>> = {
  opened: 'It was opened, and waits for the answer of the other side.',
  negotiating: 'Both sides look for an agreement.',
  mediating: 'A mediator looks at it.',
  ruled: 'A mediator has ruled, or the policy has in their place; both sides can appeal.',
  appealed: 'Another mediator looks at it and rules finally.',
  closed: 'It is closed.',
};
