/** What the judge has to find in what banks and disputes have done: each of these is well but for one place. */
import { BANK, BANK_TOOK, DISPUTED, LOST, moved, NOW_MS, posting, RULED, seen, WELL, withRow } from './doctored.ts';
import type { DisputeFacts, PurchaseFacts, Receivable } from './facts.ts';

export interface Doctored {
  readonly rule: string;
  readonly what: string;
  readonly facts: PurchaseFacts;
}

const [DEBT] = LOST.debts.receivables as [Receivable];
const withDebt = (debt: Partial<Receivable>): PurchaseFacts => ({
  ...LOST,
  debts: { ...LOST.debts, receivables: [{ ...DEBT, ...debt }] },
});
const withBank = (bank: Partial<PurchaseFacts['chargebacks'][number]>): PurchaseFacts => ({
  ...LOST,
  chargebacks: LOST.chargebacks.map((one) => ({ ...one, ...bank })),
});

/** The bank has decided, and nobody has settled it; everybody tells that in the same way. */
const UNSETTLED: PurchaseFacts = {
  ...LOST,
  row: {
    ...WELL.row,
    chargeback: 'lost',
    books: { captured: 2_505n, transferred: 2_254n, fees: 251n, advanced: 2_505n, chargedBack: 2_505n },
  },
  debts: WELL.debts,
  chargebacks: [{ ...BANK, advanced: 2_505n }],
  ledger: LOST.ledger.slice(0, -1),
  audit: LOST.audit.slice(0, -1),
  events: LOST.events.slice(0, -1),
  workflow: WELL.workflow,
};

/** The buyer was refunded all of it, then their bank took it once more, before anything was released: a loss. */
const TWICE: PurchaseFacts = {
  ...LOST,
  row: { ...LOST.row, books: { captured: 2_505n, refunded: 2_505n, advanced: 2_505n, chargedBack: 2_505n } },
  debts: WELL.debts,
  ledger: [
    ...WELL.ledger.slice(0, 2),
    posting('refundBuyer', [
      ['held', 2_505n],
      ['refunded', -2_505n],
    ]),
    BANK_TOOK,
  ],
  audit: [
    ...LOST.audit.slice(0, 3),
    { seq: 4, action: 'purchase.refunded', step: 'refundBuyer', from: 'held', to: 'refunded', moved: 2_505n },
    { seq: 5, action: 'purchase.updated', step: 'noteChargeback/dp_1/1', from: null, to: null, moved: 2_505n },
    { seq: 6, action: 'purchase.updated', step: 'settleChargeback/dp_1', from: null, to: null, moved: 0n },
  ],
};

export const MONEY_OF_BANKS: readonly Doctored[] = [
  { rule: 'debts_equal_books', what: 'a debt from nowhere', facts: { ...WELL, debts: LOST.debts } },
  {
    rule: 'debts_equal_books',
    what: 'nothing was kept',
    facts: { ...WELL, debts: { receivables: [], paidBack: 5n } },
  },
  {
    rule: 'debts_equal_books',
    what: 'a chargeback was settled, and nobody owes it',
    facts: { ...LOST, debts: WELL.debts },
  },
  {
    rule: 'debts_equal_books',
    what: 'the seller owes what the buyer got twice',
    facts: { ...TWICE, debts: LOST.debts },
  },
  { rule: 'receivables_add_up', what: 'more is paid back than releases say', facts: withDebt({ recovered: 101n }) },
  { rule: 'receivables_add_up', what: 'somebody else owes it', facts: withDebt({ sellerId: 'usr_other' }) },
  { rule: 'bank_is_settled', what: 'the bank has decided, and nothing came of it', facts: UNSETTLED },
  { rule: 'chargebacks_are_kept', what: 'Stripe says that it goes on', facts: withBank({ status: 'needs_response' }) },
  { rule: 'chargebacks_are_kept', what: 'it is not kept at all', facts: { ...LOST, chargebacks: [] } },
  { rule: 'chargebacks_are_kept', what: 'more was put in for it', facts: withBank({ advanced: 2_255n }) },
  {
    rule: 'overlay_equals_provider',
    what: 'nobody sees that the bank has it',
    facts: { ...LOST, row: { ...LOST.row, chargeback: 'none' } },
  },
  {
    rule: 'commission_as_agreed',
    what: 'the seller gave all of it back, and the commission stayed',
    facts: {
      ...LOST,
      ledger: [
        ...LOST.ledger.slice(0, -1),
        posting('settleChargeback/dp_1', [
          ['transferred', 251n],
          ['advanced', -251n],
        ]),
      ],
    },
  },
  {
    rule: 'nothing_left_behind',
    what: 'it has ended, and something is held',
    facts: {
      ...withRow({ state: 'completed', deadlineMs: null, books: { captured: 2_505n, held: 2_505n } }),
      ledger: WELL.ledger.slice(0, 2),
      testimonies: seen([moved('capture', 2_505n)]),
    },
  },
  {
    rule: 'aftercare_goes_well',
    what: 'it has failed',
    facts: { ...LOST, aftercare: { status: 'failed', isActing: false, isAtWork: false, standings: [], asked: null } },
  },
  {
    rule: 'aftercare_goes_well',
    what: 'it runs beside the purchase',
    facts: { ...WELL, aftercare: { status: 'running', isActing: false, isAtWork: false, standings: [], asked: null } },
  },
  {
    rule: 'aftercare_goes_well',
    what: 'it believes that something is held',
    facts: {
      ...LOST,
      aftercare: {
        status: 'completed',
        isActing: false,
        isAtWork: false,
        asked: null,
        standings: [{ step: 'noteChargeback', state: 'refunded', payment: 'succeeded', transfer: 'sent', held: 5n }],
      },
    },
  },
];

/** @param on which purchase with one dispute */
const withDispute = (on: PurchaseFacts, dispute: Partial<DisputeFacts>): PurchaseFacts => ({
  ...on,
  disputes: on.disputes.map((one) => ({ ...one, ...dispute })),
});
const [STANDS] = RULED.disputes.flatMap(({ rulings }) => rulings) as [DisputeFacts['rulings'][number]];
const AGREED = { refund: 1_000n, by: 'agreement', atMs: NOW_MS } as const;

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
    facts: withDispute(DISPUTED, {
      decision: { refund: 1_000n, by: 'ruling', atMs: NOW_MS - 61_000 },
      rulings: [STANDS],
    }),
  },
  {
    rule: 'dispute_workflow_runs',
    what: 'its workflow is gone',
    facts: withDispute(DISPUTED, { workflow: { status: 'none', isActing: false, isAtWork: false, last: null } }),
  },
  {
    rule: 'dispute_workflow_runs',
    what: 'it is closed, and its workflow runs on',
    facts: withDispute(RULED, { workflow: { status: 'running', isActing: false, isAtWork: false, last: null } }),
  },
  {
    rule: 'dispute_standing_equals_row',
    what: 'its workflow believes that they negotiate',
    facts: withDispute(DISPUTED, {
      workflow: {
        status: 'running',
        isActing: false,
        isAtWork: false,
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

/** What looks as if it were late or lost, and is not. */
export const EXCUSED: readonly (readonly [what: string, rule: string, facts: PurchaseFacts])[] = [
  ['what the buyer got twice is owed by nobody', 'debts_equal_books', TWICE],
  ['staff have stopped the money', 'bank_is_settled', { ...UNSETTLED, row: { ...UNSETTLED.row, paused: true } }],
  ['finance know of the bank', 'bank_is_settled', { ...UNSETTLED, openCases: ['chargeback'] }],
  ['it was a moment ago', 'bank_is_settled', { ...UNSETTLED, row: { ...UNSETTLED.row, updatedMs: NOW_MS - 59_000 } }],
  [
    'it is tried',
    'bank_is_settled',
    {
      ...UNSETTLED,
      row: { ...UNSETTLED.row, updatedMs: NOW_MS - 120_000 },
      aftercare: { status: 'running', isActing: true, isAtWork: true, standings: [], asked: null },
    },
  ],
  [
    'what came back late is a case that was decided',
    'nothing_left_behind',
    {
      ...withRow({ state: 'completed', deadlineMs: null, books: { captured: 2_505n, held: 2_505n } }),
      ledger: WELL.ledger.slice(0, 2),
      closedCases: ['chargeback_remainder'],
    },
  ],
  [
    'the money that decides it is still to come',
    'overlay_equals_provider',
    {
      ...LOST,
      row: { ...LOST.row, chargeback: 'open' },
      testimonies: seen([], 55n, [{ ...BANK, status: 'won' }]),
    },
  ],
  [
    'the bank makes it stand still',
    'dispute_not_past_deadline',
    withDispute(DISPUTED, { deadlineMs: NOW_MS - 61_000, frozen: true }),
  ],
];
