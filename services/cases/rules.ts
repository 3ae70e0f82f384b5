/** The kinds of cases, as data: who may decide them and how. Pure. */

export type CaseKind =
  | 'identity_review'
  | 'transfer_blocked'
  | 'refund_failed'
  | 'compliance_hold'
  | 'hold_limit'
  | 'reconciliation';

/** The staff roles that decide cases; an `admin` decides every one. */
export type CaseRole = 'support' | 'compliance' | 'finance' | 'admin';

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
  refund_failed: {
    roles: ['finance', 'admin'],
    decisions: ['resolved'],
    about: 'A refund came back: the buyer is owed money.',
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
    about: 'Money that staff have paused may be held no longer: let it go, so that the buyer is refunded.',
    closedBy: 'let the money go first, with POST /v1/admin/purchases/{id}/resume',
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
