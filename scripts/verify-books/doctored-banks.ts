/** What the judge has to find in what banks have done, and in what sellers owe: each of these is well but for one place. */
import type { Doctored, Excused } from './doctored.ts';
import type { PurchaseFacts, Receivable } from './facts.ts';
import {
  BANK,
  BANK_TOOK,
  caseOf,
  DISPUTED,
  LOST,
  moved,
  NOW_MS,
  posting,
  seen,
  WELL,
  withRow,
} from './well-purchases.ts';

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
  cases: [caseOf('chargeback_remainder', { loss: 2_505n })],
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

const BANK_GAVE = {
  seq: 7,
  action: 'purchase.updated',
  step: 'noteChargeback/dp_1/2',
  from: null,
  to: null,
  moved: 1_000n,
};
const cameBack = (step: string, amount: bigint) =>
  posting(step, [
    ['chargedBack', amount, 'dp_1'],
    ['suspense', -amount],
  ]);

/** The bank kept 1,000 of what was released, which the seller gave; then it gave them back after all, and finance know. */
const CAME_LATE: PurchaseFacts = {
  ...WELL,
  row: { ...WELL.row, chargeback: 'lost' },
  ledger: [
    ...WELL.ledger,
    posting('noteChargeback/dp_1/1', [
      ['advanced', 1_000n],
      ['chargedBack', -1_000n, 'dp_1'],
    ]),
    posting('settleChargeback/dp_1', [
      ['transferred', 900n, 'reversal_1'],
      ['fees', 100n],
      ['advanced', -1_000n],
    ]),
    cameBack('noteChargeback/dp_1/2', 1_000n),
  ],
  audit: [
    ...WELL.audit,
    { ...BANK_GAVE, seq: 5, step: 'noteChargeback/dp_1/1' },
    { ...BANK_GAVE, seq: 6, step: 'settleChargeback/dp_1' },
    BANK_GAVE,
  ],
  cases: [caseOf('chargeback_remainder', { isOpen: false, returned: 1_000n })],
};

/** Then all that the seller still had went back to the buyer: what is held of it is no part of that. */
const REFUNDED_BESIDE: PurchaseFacts = {
  ...CAME_LATE,
  ledger: [
    ...CAME_LATE.ledger,
    posting('refundReleased', [
      ['transferred', 1_354n],
      ['fees', 151n],
      ['advanced', 1_000n],
      ['refunded', -2_505n],
    ]),
  ],
  audit: [
    ...CAME_LATE.audit,
    { ...BANK_GAVE, seq: 8, step: 'refundReleased', from: 'released', to: 'refunded', moved: 2_505n },
  ],
};

/** A refund of what was held came back: the buyer is owed it, and finance know. */
const OWED: PurchaseFacts = {
  ...DISPUTED,
  ledger: [
    ...WELL.ledger.slice(0, 2),
    posting('refundBuyer', [
      ['held', 1_000n],
      ['refunded', -1_000n],
    ]),
    posting('noteRefund/refund_1/failed', [
      ['refunded', 1_000n],
      ['owedToBuyer', -1_000n],
    ]),
  ],
  cases: [caseOf('refund_failed', { amount: 1_000n })],
};

export const BANKS: readonly Doctored[] = [
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
    what: 'it has ended, and the seller was not sent their part',
    facts: {
      ...withRow({ state: 'completed', deadlineMs: null }),
      ledger: [
        ...WELL.ledger.slice(0, 2),
        posting('releaseToSeller', [
          ['held', 2_505n],
          ['payable', -2_254n],
          ['fees', -251n],
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
  { rule: 'late_money_is_named', what: 'a bank gave back late, and nobody knows', facts: { ...CAME_LATE, cases: [] } },
  {
    rule: 'late_money_is_named',
    what: 'a case that was decided names less',
    facts: { ...CAME_LATE, cases: [caseOf('chargeback_remainder', { isOpen: false, returned: 999n })] },
  },
  {
    rule: 'late_money_is_named',
    what: 'the case is about a loss of the same amount',
    facts: { ...CAME_LATE, cases: [caseOf('chargeback_remainder', { loss: 1_000n })] },
  },
  {
    rule: 'late_money_is_named',
    what: 'more came after the case that names the first',
    facts: {
      ...CAME_LATE,
      ledger: [...CAME_LATE.ledger, cameBack('noteChargeback/dp_1/3', 5n)],
      audit: [...CAME_LATE.audit, { ...BANK_GAVE, seq: 8, step: 'noteChargeback/dp_1/3', moved: 5n }],
    },
  },
  {
    rule: 'debts_equal_books',
    what: 'the seller owes what is held of the same purchase',
    facts: {
      ...REFUNDED_BESIDE,
      debts: {
        receivables: [{ ...DEBT, step: 'refundBuyer', amount: 1_000n, recovered: 0n, paidBack: 0n }],
        paidBack: 0n,
      },
    },
  },
  { rule: 'losses_are_named', what: 'nobody was told of a loss', facts: { ...TWICE, cases: [] } },
  {
    rule: 'losses_are_named',
    what: 'the case names a cent less than was lost',
    facts: { ...TWICE, cases: [caseOf('chargeback_remainder', { loss: 2_504n })] },
  },
  { rule: 'owed_refunds_are_named', what: 'a refund came back, and nobody knows', facts: { ...OWED, cases: [] } },
  {
    rule: 'owed_refunds_are_named',
    what: 'a part was sent anew, and the case says what was owed before',
    facts: { ...OWED, cases: [caseOf('refund_failed', { amount: 1_001n })] },
  },
  {
    rule: 'owed_refunds_are_named',
    what: 'nothing is owed, and finance still wait',
    facts: { ...WELL, cases: [caseOf('refund_failed', { amount: 1_000n })] },
  },
  {
    rule: 'bank_is_settled',
    what: 'finance have a case about something else',
    facts: { ...UNSETTLED, cases: [caseOf('chargeback_remainder', { returned: 1n }), caseOf('refund_failed')] },
  },
  {
    rule: 'bank_is_settled',
    what: 'another dispute lies over it and goes on',
    facts: {
      ...UNSETTLED,
      row: { ...UNSETTLED.row, chargeback: 'inquiry' },
      chargebacks: [
        ...UNSETTLED.chargebacks,
        { ...BANK, id: 'dp_2', status: 'warning_needs_response', withdrawn: 0n, advanced: 0n },
      ],
    },
  },
  {
    rule: 'aftercare_goes_well',
    what: 'it has failed',
    facts: {
      ...LOST,
      aftercare: { status: 'failed', isActing: false, isAtWork: false, failing: null, standings: [], asked: null },
    },
  },
  {
    rule: 'aftercare_goes_well',
    what: 'it runs beside the purchase',
    facts: {
      ...WELL,
      aftercare: { status: 'running', isActing: false, isAtWork: false, failing: null, standings: [], asked: null },
    },
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
        failing: null,
        asked: null,
        standings: [{ step: 'noteChargeback', state: 'refunded', payment: 'succeeded', transfer: 'sent', held: 5n }],
      },
    },
  },
];

export const EXCUSED_BANKS: readonly Excused[] = [
  ['what the buyer got twice is owed by nobody', 'debts_equal_books', TWICE],
  ['a loss is a case', 'losses_are_named', TWICE],
  [
    'a loss stays one when the bank gives back late',
    'losses_are_named',
    {
      ...TWICE,
      ledger: [
        ...TWICE.ledger,
        posting('noteChargeback/dp_1/2', [
          ['chargedBack', 5n],
          ['suspense', -5n],
        ]),
      ],
      audit: [...TWICE.audit, { ...BANK_GAVE, moved: 5n }],
    },
  ],
  ['staff have stopped the money', 'bank_is_settled', { ...UNSETTLED, row: { ...UNSETTLED.row, paused: true } }],
  ['finance know that it is refused', 'bank_is_settled', { ...UNSETTLED, cases: [caseOf('step_refused')] }],
  ['it was a moment ago', 'bank_is_settled', { ...UNSETTLED, row: { ...UNSETTLED.row, updatedMs: NOW_MS - 59_000 } }],
  [
    'it is tried',
    'bank_is_settled',
    {
      ...UNSETTLED,
      row: { ...UNSETTLED.row, updatedMs: NOW_MS - 120_000 },
      aftercare: { status: 'running', isActing: true, isAtWork: true, failing: null, standings: [], asked: null },
    },
  ],
  [
    'the bank has not decided',
    'bank_is_settled',
    {
      ...UNSETTLED,
      row: { ...UNSETTLED.row, chargeback: 'open' },
      chargebacks: UNSETTLED.chargebacks.map((one) => ({ ...one, status: 'under_review' })),
    },
  ],
  ['what came back late is a case that was decided', 'late_money_is_named', CAME_LATE],
  [
    'the first part of it was a case before, and the last one says all',
    'late_money_is_named',
    {
      ...CAME_LATE,
      cases: [caseOf('chargeback_remainder', { returned: 600n }), caseOf('chargeback_remainder', { returned: 1_000n })],
    },
  ],
  ['what is owed is a case', 'owed_refunds_are_named', OWED],
  [
    'what was owed was given, and its case closed',
    'owed_refunds_are_named',
    { ...WELL, cases: [caseOf('refund_failed', { isOpen: false, amount: 1_000n })] },
  ],
  ['the seller owes nothing for what nobody may be refunded', 'debts_equal_books', CAME_LATE],
  [
    'the money that decides it is still to come',
    'overlay_equals_provider',
    {
      ...LOST,
      row: { ...LOST.row, chargeback: 'open' },
      testimonies: seen([], 55n, [{ ...BANK, status: 'won' }]),
    },
  ],
];
