/** The kinds of cases, as data: who may decide them and how. Pure. */

export type CaseKind =
  | 'identity_review'
  | 'transfer_blocked'
  | 'payout_failed'
  | 'refund_failed'
  | 'step_refused'
  | 'compliance_hold'
  | 'hold_limit'
  | 'chargeback'
  | 'chargeback_remainder'
  | 'chargeback_unclear'
  | 'dispute_mediation'
  | 'reconciliation';

/** The staff roles that decide cases; an `admin` decides every one. */
export type CaseRole = 'support' | 'mediator' | 'compliance' | 'finance' | 'admin';

export interface CaseRule {
  readonly roles: readonly CaseRole[];
  /** What can be decided. */
  readonly decisions: readonly string[];
  readonly about: string;
  /** Deciding it would change nothing: what its people have to do instead, which closes it. */
  readonly closedBy?: string;
  /** That there is one is for those alone who decide it. */
  readonly confidential?: true;
}

export const CASE_RULES: Readonly<Record<CaseKind, CaseRule>> = {
  identity_review: {
    roles: ['compliance', 'admin'],
    decisions: ['approve', 'decline'],
    about: 'An identity check did not end by itself, was used up, or was reversed after it had been approved.',
    confidential: true,
  },
  transfer_blocked: {
    roles: ['finance', 'admin'],
    decisions: ['resolved'],
    about: 'Money that is due to a seller could not be sent for a long time.',
  },
  payout_failed: {
    roles: ['finance', 'admin'],
    decisions: ['resolved'],
    about:
      'A bank did not take a payout, and the seller has not named another account: the money is in theirs at Stripe.',
  },
  refund_failed: {
    roles: ['finance', 'admin'],
    decisions: ['resolved'],
    about: 'A refund came back: the buyer is owed money.',
  },
  step_refused: {
    roles: ['finance', 'admin'],
    decisions: ['resolved'],
    about:
      'Stripe refuses what has to happen to the money of a purchase. It is tried again every hour, and going through closes the case.',
  },
  compliance_hold: {
    roles: ['compliance', 'admin'],
    decisions: ['resolved'],
    about: 'Money stands still until compliance has looked.',
    confidential: true,
  },
  reconciliation: {
    roles: ['finance', 'admin'],
    decisions: ['resolved'],
    about: "The ledger and Stripe's balance differ: both sides stand in the details.",
  },
  hold_limit: {
    roles: ['finance', 'admin'],
    decisions: ['resolved'],
    about: 'Money that stands still may be held no longer: once it is let go, the buyer is refunded.',
    closedBy: 'let the money go first, with POST /v1/admin/purchases/{id}/resume, or wait for the bank to decide',
  },
  chargeback: {
    roles: ['finance', 'admin'],
    decisions: ['resolved'],
    about: "The buyer's bank asks about a payment, or has taken it back: look at the evidence before it is submitted.",
    closedBy: 'the bank decides it; answer or accept it under /v1/admin/purchases/{id}/chargebacks',
  },
  chargeback_remainder: {
    roles: ['finance', 'admin'],
    decisions: ['resolved'],
    about:
      'A chargeback has ended and left money behind that no rule gives to anybody, or a loss that nobody else bears.',
  },
  chargeback_unclear: {
    roles: ['finance', 'admin'],
    decisions: ['resolved'],
    about:
      'Stripe shows a dispute in another currency than its purchase, or that a part of it moved in one: it is not booked.',
  },
  dispute_mediation: {
    roles: ['mediator', 'admin'],
    decisions: ['resolved'],
    about: 'Buyer and seller could not agree: a mediator has to rule, or the default ruling stands.',
    closedBy: 'rule on the dispute, with POST /v1/disputes/{id}/rulings',
  },
};

export const CASE_KINDS = Object.keys(CASE_RULES) as [CaseKind, ...CaseKind[]];
export const CASE_STATES = ['open', 'closed'] as const;
export type CaseState = (typeof CASE_STATES)[number];
export const CASE_DECISIONS = [...new Set(CASE_KINDS.flatMap((kind) => CASE_RULES[kind].decisions))] as [
  string,
  ...string[],
];

/** What can be decided of an open case of a kind. */
export const decisionsOf = (kind: CaseKind): readonly string[] =>
  CASE_RULES[kind].closedBy === undefined ? CASE_RULES[kind].decisions : [];

/** The kinds that somebody with these roles sees and decides. */
export const kindsFor = (roles: readonly string[]): CaseKind[] =>
  CASE_KINDS.filter((kind) => CASE_RULES[kind].roles.some((role) => roles.includes(role)));

/** The kinds that somebody with these roles may know of: support can say that finance has it in hand. */
export const kindsShownTo = (roles: readonly string[]): CaseKind[] => {
  const own = kindsFor(roles);
  return CASE_KINDS.filter((kind) => CASE_RULES[kind].confidential !== true || own.includes(kind));
};
