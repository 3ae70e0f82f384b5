/** What the judge has to find in disputes of buyers and sellers: each of these is well but for one place. */
import type { Doctored, Excused } from './doctored.ts';
import type { DisputeFacts, PurchaseFacts } from './facts.ts';
import { caseOf, DISPUTED, NOW_MS, RULED } from './well-purchases.ts';

/** @param on which purchase with one dispute */
const withDispute = (on: PurchaseFacts, dispute: Partial<DisputeFacts>): PurchaseFacts => ({
  ...on,
  disputes: on.disputes.map((one) => ({ ...one, ...dispute })),
});
const [STANDS] = RULED.disputes.flatMap(({ rulings }) => rulings) as [DisputeFacts['rulings'][number]];
const AGREED = { refund: 1_000n, by: 'agreement', atMs: NOW_MS } as const;

/** It is decided, and was not carried out. */
const DECIDED = withDispute(DISPUTED, {
  decision: { refund: 1_000n, by: 'ruling', atMs: NOW_MS - 61_000 },
  rulings: [STANDS],
});
const withBank = (chargeback: string, on: PurchaseFacts): PurchaseFacts => ({ ...on, row: { ...on.row, chargeback } });

export const DISPUTES: readonly Doctored[] = [
  { rule: 'disputes_equal_purchase', what: 'none is kept', facts: { ...RULED, disputes: [] } },
  {
    rule: 'disputes_equal_purchase',
    what: 'it is over, and still open',
    facts: { ...RULED, disputes: DISPUTED.disputes },
  },
  {
    rule: 'carried_out_as_decided',
    what: 'other than what was ruled',
    facts: withDispute(RULED, {
      decision: { refund: 999n, by: 'ruling', atMs: NOW_MS },
      rulings: [{ ...STANDS, refund: 999n }],
    }),
  },
  { rule: 'carried_out_as_decided', what: 'about less than was left', facts: withDispute(DISPUTED, { gross: 2_504n }) },
  {
    rule: 'decided_by_words',
    what: 'the ruling says another amount',
    facts: withDispute(RULED, { rulings: [{ ...STANDS, refund: 1_001n }] }),
  },
  { rule: 'decided_by_words', what: 'nobody agreed on it', facts: withDispute(RULED, { decision: AGREED }) },
  {
    rule: 'decided_by_words',
    what: 'silence gives all of it',
    facts: withDispute(RULED, { decision: { ...AGREED, by: 'silence' } }),
  },
  { rule: 'decided_by_words', what: 'it is closed without a decision', facts: withDispute(RULED, { decision: null }) },
  {
    rule: 'ruled_by_others',
    what: 'one person ruled about much money',
    facts: withDispute(RULED, { rulings: [{ ...STANDS, approvedBy: null }] }),
  },
  {
    rule: 'ruled_by_others',
    what: 'the seller approved it',
    facts: withDispute(RULED, { rulings: [{ ...STANDS, approvedBy: 'usr_seller' }] }),
  },
  {
    rule: 'ruled_by_others',
    what: 'the appeal was before the same mediator',
    facts: withDispute(RULED, { rulings: [STANDS, { ...STANDS, onAppeal: true, approvedBy: 'usr_kim' }] }),
  },
  {
    rule: 'dispute_not_past_deadline',
    what: 'no mediator came, and nothing happened',
    facts: withDispute(DISPUTED, { deadlineMs: NOW_MS - 61_000 }),
  },
  {
    rule: 'dispute_not_past_deadline',
    what: 'it is decided, and nobody carries it out',
    facts: DECIDED,
  },
  {
    rule: 'dispute_not_past_deadline',
    what: 'it is decided, and finance have a case about something else',
    facts: { ...DECIDED, cases: [caseOf('chargeback'), caseOf('transfer_blocked')] },
  },
  {
    rule: 'dispute_not_past_deadline',
    what: 'all of it is the buyer’s, and waits for a bank that has only asked',
    facts: withDispute(withBank('inquiry', DECIDED), {
      decision: { refund: 2_505n, by: 'claim', atMs: NOW_MS - 61_000 },
    }),
  },
  {
    rule: 'dispute_not_past_deadline',
    what: 'a bank asks, and nobody has told the dispute to stand still',
    facts: withDispute(withBank('inquiry', DISPUTED), { deadlineMs: NOW_MS - 61_000 }),
  },
  {
    rule: 'dispute_not_past_deadline',
    what: 'the bank has decided, and it stands still for ever',
    facts: withDispute(withBank('won', DISPUTED), { frozen: true }),
  },
  {
    rule: 'dispute_workflow_runs',
    what: 'its workflow is gone',
    facts: withDispute(DISPUTED, {
      workflow: { status: 'none', isActing: false, isAtWork: false, failing: null, last: null },
    }),
  },
  {
    rule: 'dispute_workflow_runs',
    what: 'it is closed, and its workflow runs on',
    facts: withDispute(RULED, {
      workflow: { status: 'running', isActing: false, isAtWork: false, failing: null, last: null },
    }),
  },
  {
    rule: 'dispute_standing_equals_row',
    what: 'its workflow believes that they negotiate',
    facts: withDispute(DISPUTED, {
      workflow: {
        status: 'running',
        isActing: false,
        isAtWork: false,
        failing: null,
        last: { state: 'negotiating', decided: false, frozen: false },
      },
    }),
  },
  {
    rule: 'dispute_is_told',
    what: 'an entry of its trail is missing',
    facts: withDispute(RULED, {
      audit: RULED.disputes.flatMap(({ audit }) => audit.filter(({ state }) => state !== 'mediating')),
    }),
  },
  {
    rule: 'dispute_is_told',
    what: 'nobody heard that it is closed',
    facts: withDispute(RULED, { events: RULED.disputes.flatMap(({ events }) => events.slice(0, -1)) }),
  },
];

export const EXCUSED_DISPUTES: readonly Excused[] = [
  [
    'the bank makes it stand still',
    'dispute_not_past_deadline',
    withDispute(withBank('inquiry', DISPUTED), { deadlineMs: NOW_MS - 61_000, frozen: true }),
  ],
  [
    'the dispute hears of the bank in a moment',
    'dispute_not_past_deadline',
    withDispute(
      { ...DISPUTED, row: { ...DISPUTED.row, chargeback: 'open', updatedMs: NOW_MS - 1_000 } },
      { deadlineMs: NOW_MS - 61_000 },
    ),
  ],
  ['what was decided waits for the bank', 'dispute_not_past_deadline', withBank('inquiry', DECIDED)],
  ['it is refused, and finance know', 'dispute_not_past_deadline', { ...DECIDED, cases: [caseOf('step_refused')] }],
];
