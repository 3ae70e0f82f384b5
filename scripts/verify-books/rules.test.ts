/** Each rule of the judge finds what it is there for: a purchase that is well, doctored in one place. */
import { describe, expect, test } from 'vitest';
import { commissionOn, leaning } from './arithmetic.ts';
import {
  CAPTURED,
  DISCOUNTED,
  DISPUTED,
  LOST,
  MOMENT,
  moved,
  NOW_MS,
  posting,
  RULED,
  seen,
  WELL,
  withRow,
  withWorkflow,
} from './doctored.ts';
import type { Doctored } from './doctored-more.ts';
import { DISPUTES, EXCUSED, MONEY_OF_BANKS } from './doctored-more.ts';
import type { PurchaseFacts } from './facts.ts';
import { judge, RULES } from './rules.ts';

const [CAPTURE, FEE, RELEASE] = WELL.ledger as [
  PurchaseFacts['ledger'][number],
  PurchaseFacts['ledger'][number],
  PurchaseFacts['ledger'][number],
];
const TAKEN = moved('capture', 2_505n);
const SENT = moved('transfer', 2_254n);
const FIFTH = DISCOUNTED.discount as NonNullable<PurchaseFacts['discount']>;
const AN_HOUR_MS = 60 * 60 * 1_000;

const DOCTORED: readonly Doctored[] = [
  {
    rule: 'transaction_sums_to_zero',
    what: 'a cent is lost in a posting',
    facts: {
      ...WELL,
      ledger: [
        posting('capturePayment', [
          ['captured', 2_505n],
          ['held', -2_504n],
        ]),
        FEE,
        RELEASE,
      ],
    },
  },
  {
    rule: 'one_currency',
    what: 'dollars are posted to a purchase in euro',
    facts: {
      ...WELL,
      ledger: [{ ...CAPTURED, entries: CAPTURED.entries.map((one) => ({ ...one, currency: 'USD' })) }, FEE, RELEASE],
    },
  },
  {
    rule: 'equation_at_every_moment',
    what: 'the release was posted before the capture: something was overdrawn in between',
    facts: { ...WELL, ledger: [RELEASE, CAPTURE, FEE] },
  },
  {
    rule: 'row_equals_ledger',
    what: 'the row is a cent ahead',
    facts: withRow({ books: { captured: 2_505n, transferred: 2_255n, fees: 250n } }),
  },
  {
    rule: 'commission_as_agreed',
    what: 'the fee was rounded down',
    facts: {
      ...WELL,
      ledger: [
        CAPTURE,
        FEE,
        posting('releaseToSeller', [
          ['held', 2_505n],
          ['transferred', -2_255n],
          ['fees', -250n],
        ]),
      ],
    },
  },
  { rule: 'commission_as_agreed', what: 'nothing was agreed', facts: withRow({ terms: {} }) },
  {
    rule: 'commission_as_agreed',
    what: 'it is below the minimum that was agreed',
    facts: withRow({ terms: { ...WELL.row.terms, commissionMinimum: 300 } }),
  },
  {
    rule: 'commission_as_agreed',
    what: 'it is above the maximum that was agreed',
    facts: withRow({ terms: { ...WELL.row.terms, commissionMaximum: 200 } }),
  },
  { rule: 'as_it_was_asked', what: 'another buyer has it', facts: withRow({ buyerId: 'usr_other' }) },
  { rule: 'as_it_was_asked', what: 'another seller has sold it', facts: withRow({ sellerId: 'usr_other' }) },
  { rule: 'as_it_was_asked', what: 'more of it was sold', facts: withRow({ quantity: 2 }) },
  {
    rule: 'as_it_was_asked',
    what: 'the price was raised afterwards',
    facts: withRow({ terms: { ...WELL.row.terms, price: 2_506 } }),
  },
  {
    rule: 'standing_equals_row',
    what: 'its deadline was moved in the row alone',
    facts: withRow({ deadlineMs: NOW_MS + 2 * AN_HOUR_MS }),
  },
  { rule: 'posted_once', what: 'a step was posted twice', facts: { ...WELL, ledger: [...WELL.ledger, RELEASE] } },
  {
    rule: 'posted_once',
    what: 'another purchase posted to it',
    facts: { ...WELL, ledger: [CAPTURE, FEE, { ...RELEASE, source: 'purchase/pur_2' }] },
  },
  {
    rule: 'balances_equal_provider',
    what: 'Stripe captured less',
    facts: { ...WELL, testimonies: seen([moved('capture', 2_500n), SENT]) },
  },
  {
    rule: 'balances_equal_provider',
    what: 'a refund that we know nothing of',
    facts: { ...WELL, testimonies: seen([TAKEN, SENT, moved('refund', 2_505n)]) },
  },
  {
    rule: 'balances_equal_provider',
    what: 'a refund came back, and we do not know',
    facts: { ...WELL, testimonies: seen([TAKEN, SENT, moved('refund_came_back', 100n)]) },
  },
  {
    rule: 'balances_equal_provider',
    what: 'a bank took money back, and we do not know',
    facts: { ...WELL, testimonies: seen([TAKEN, SENT, moved('withdrawn', 2_505n)]) },
  },
  {
    rule: 'objects_equal_provider',
    what: 'the transfer that was posted is another one than the one that was made',
    facts: { ...WELL, testimonies: seen([TAKEN, { ...SENT, id: 'transfer_2' }]) },
  },
  {
    rule: 'provider_currency',
    what: 'the transfer went out in dollars',
    facts: { ...WELL, testimonies: seen([TAKEN, { ...SENT, currency: 'USD' }]) },
  },
  {
    rule: 'provider_booked',
    what: 'our balance moved by another amount',
    facts: { ...WELL, testimonies: seen([TAKEN, { ...SENT, booked: 2_000n }]) },
  },
  { rule: 'provider_fees', what: 'Stripe kept more', facts: { ...WELL, testimonies: seen([TAKEN, SENT], 56n) } },
  {
    rule: 'once_per_step',
    what: 'the release was sent twice',
    facts: { ...WELL, testimonies: seen([TAKEN, SENT, { ...SENT, id: 'tr_2' }]) },
  },
  {
    rule: 'once_per_step',
    what: 'two captures',
    facts: { ...WELL, testimonies: seen([TAKEN, { ...TAKEN, id: 'ch_2' }, SENT]) },
  },
  {
    rule: 'step_is_named',
    what: 'a key that names no step',
    facts: { ...WELL, testimonies: seen([TAKEN, { ...SENT, step: null }]) },
  },
  {
    rule: 'right_recipient',
    what: 'the money went to another seller',
    facts: { ...WELL, testimonies: seen([TAKEN, { ...SENT, counterpart: 'acct_other' }]) },
  },
  {
    rule: 'right_recipient',
    what: 'a refund of another payment',
    facts: { ...WELL, testimonies: seen([TAKEN, SENT, moved('refund', 1n, { counterpart: 'pi_2' })]) },
  },
  {
    rule: 'witnesses_agree',
    what: 'the log does not know of the transfer',
    facts: { ...WELL, testimonies: [seen([TAKEN, SENT])[0], seen([TAKEN])[1]] },
  },
  {
    rule: 'audit_follows_states',
    what: 'the last entry is missing',
    facts: { ...WELL, audit: WELL.audit.slice(0, 3) },
  },
  {
    rule: 'audit_follows_states',
    what: 'an entry was left out',
    facts: { ...WELL, audit: WELL.audit.filter(({ seq }) => seq !== 3) },
  },
  {
    rule: 'audit_has_no_gap',
    what: 'a number is missing',
    facts: { ...WELL, audit: WELL.audit.filter(({ seq }) => seq !== 2) },
  },
  {
    rule: 'money_is_audited',
    what: 'money moved, and the trail does not say so',
    facts: { ...WELL, audit: WELL.audit.map((entry) => ({ ...entry, moved: entry.seq === 3 ? 0n : entry.moved })) },
  },
  {
    rule: 'money_is_audited',
    what: 'the trail tells of money that was never posted',
    facts: { ...WELL, audit: WELL.audit.map((entry) => ({ ...entry, moved: entry.seq === 2 ? 5n : entry.moved })) },
  },
  {
    rule: 'states_are_told',
    what: 'an event is missing',
    facts: { ...WELL, events: WELL.events.filter((type) => type !== 'purchase.held') },
  },
  {
    rule: 'history_is_audited',
    what: 'the history knows a state that was never noted',
    facts: withWorkflow({
      standings: [
        ...WELL.workflow.standings.slice(0, 3),
        { step: 'recordDelivery', state: 'delivered', payment: 'succeeded', transfer: 'none', held: 2_505n },
        ...WELL.workflow.standings.slice(3),
      ],
    }),
  },
  {
    rule: 'refunds_are_kept',
    what: 'Stripe has one that is not kept',
    facts: { ...WELL, testimonies: seen([TAKEN, SENT, moved('refund', 100n, { status: 'succeeded' })]) },
  },
  {
    rule: 'refunds_are_kept',
    what: 'it failed, and is kept as given',
    facts: {
      ...WELL,
      refunds: [{ id: 'refund_1', amount: 100n, status: 'succeeded' }],
      testimonies: seen([TAKEN, SENT, moved('refund', 100n, { status: 'failed' })]),
    },
  },
  ...MONEY_OF_BANKS,
  ...DISPUTES,
  { rule: 'not_past_deadline', what: 'it has ended, and its timer runs on', facts: withRow({ state: 'completed' }) },
  { rule: 'not_past_deadline', what: 'nothing happened', facts: withRow({ deadlineMs: NOW_MS - 61_000 }) },
  {
    rule: 'not_past_deadline',
    what: 'a step is tried for more than an hour',
    facts: {
      ...withRow({ deadlineMs: NOW_MS - AN_HOUR_MS - 1_000 }),
      workflow: { ...WELL.workflow, isActing: true },
    },
  },
  {
    rule: 'not_past_deadline',
    what: 'a blocked transfer became no case in time',
    facts: withRow({ deadlineMs: NOW_MS - 120_000, transferStatus: 'blocked', stateSinceMs: NOW_MS - 2 * AN_HOUR_MS }),
  },
  {
    rule: 'nothing_half_done',
    what: 'a step stands in the middle',
    facts: withRow({ unfinished: true, updatedMs: NOW_MS - 61_000 }),
  },
  {
    rule: 'workflow_runs_while_open',
    what: 'its workflow has ended',
    facts: withWorkflow({ status: 'completed', standings: WELL.workflow.standings }),
  },
  { rule: 'workflow_runs_while_open', what: 'its workflow is gone', facts: withWorkflow({ status: 'none' }) },
  {
    rule: 'standing_equals_row',
    what: 'its workflow believes it held',
    facts: withWorkflow({ standings: WELL.workflow.standings.slice(0, 3) }),
  },
  {
    rule: 'end_equals_row',
    what: 'its workflow ended elsewhere',
    facts: withWorkflow({ status: 'failed', standings: WELL.workflow.standings.slice(0, 3) }),
  },
  { rule: 'discount_as_promised', what: 'a discount without a code', facts: { ...DISCOUNTED, discount: null } },
  {
    rule: 'discount_as_promised',
    what: 'more than the code gives',
    facts: { ...DISCOUNTED, discount: { ...FIFTH, maximum: 500n } },
  },
  { rule: 'discount_as_promised', what: 'a code that gave nothing', facts: { ...WELL, discount: FIFTH } },
  {
    rule: 'discount_is_funded',
    what: 'the card was charged all of the price',
    facts: { ...DISCOUNTED, ledger: WELL.ledger },
  },
  {
    rule: 'discount_is_shared_back',
    what: 'a refund of the buyer’s part alone',
    facts: {
      ...DISCOUNTED,
      ledger: [
        ...DISCOUNTED.ledger.slice(0, 2),
        posting('refundBuyer', [
          ['held', 200n],
          ['refunded', -200n],
        ]),
      ],
    },
  },
  {
    rule: 'discount_is_shared_back',
    what: 'the buyer has all back, and Wellpact a cent less',
    facts: {
      ...DISCOUNTED,
      row: { ...DISCOUNTED.row, state: 'refunded' },
      ledger: [
        ...DISCOUNTED.ledger.slice(0, 2),
        posting('refundBuyer', [
          ['held', 2_504n],
          ['refunded', -2_004n],
          ['platformFunded', -500n],
        ]),
      ],
    },
  },
  {
    rule: 'discount_code_is_given_back',
    what: 'who has paid can use it once more',
    facts: { ...DISCOUNTED, discount: { ...FIFTH, isGivenBack: true } },
  },
];

test.each([
  ['released', WELL],
  ['disputed', DISPUTED],
  ['ruled', RULED],
  ['lost to the bank', LOST],
])('nothing is wrong with what is well and %s', (_how, facts) => {
  expect(judge(facts, MOMENT)).toEqual([]);
});

test('nor with a discount that was funded and is in proportion', () => {
  const found = judge(DISCOUNTED, MOMENT).map(({ rule }) => rule);
  expect(found.filter((rule) => rule.startsWith('discount') || rule === 'commission_as_agreed')).toEqual([]);
});

test('every rule is seen to fail', () => {
  expect([...new Set(DOCTORED.map(({ rule }) => rule))].toSorted()).toEqual(Object.keys(RULES).toSorted());
});

test.each(DOCTORED)('$rule: $what', ({ rule, facts }) => {
  const found = judge(facts, MOMENT);
  expect(found.map((difference) => difference.rule)).toContain(rule);
  expect(found.every(({ purchaseId }) => purchaseId === 'pur_1')).toBe(true);
});

describe('what is late is no difference', () => {
  const LATE = { deadlineMs: NOW_MS - 120_000, unfinished: true, updatedMs: NOW_MS - 120_000 } as const;
  test.each([
    ['for a moment', withRow({ deadlineMs: NOW_MS - 59_000, unfinished: true, updatedMs: NOW_MS - 59_000 })],
    ['when somebody knows', { ...withRow(LATE), openCases: ['transfer_blocked'] }],
    ['while it is tried', { ...withRow(LATE), workflow: { ...WELL.workflow, isActing: true } }],
    ['of a transfer that is blocked', withRow({ deadlineMs: LATE.deadlineMs, transferStatus: 'blocked' })],
  ])('%s', (_what, facts) => {
    const rules = judge(facts, MOMENT).map(({ rule }) => rule);
    expect(rules).not.toContain('not_past_deadline');
    expect(rules).not.toContain('nothing_half_done');
  });
});

describe('it is no difference that', () => {
  test.each(EXCUSED)('%s', (_what, rule, facts) => {
    expect(judge(facts, MOMENT).map((difference) => difference.rule)).not.toContain(rule);
  });
});

test.each([
  ['buyer', 2_500n, 2_500n, 50n, 1_250n],
  ['buyer', 2_500n, 1_001n, 50n, 501n],
  ['seller', 2_500n, 0n, 50n, 1_250n],
  ['seller', 1n, 0n, 50n, 1n],
  ['seller', 100n, 95n, 33n, 98n],
  ['seller', 100n, 0n, 100n, 0n],
] as const)(
  'of a claim of the %s about %s for %s, %s %% give the buyer %s',
  (claimedBy, gross, claimRefund, percent, due) => {
    expect(leaning({ claimedBy, gross, claimRefund }, percent)).toBe(due);
  },
);

describe('the commission that is due', () => {
  test.each([
    [2_505n, 1_000n, 0n, undefined, 251n],
    [2_504n, 1_000n, 0n, undefined, 250n],
    [0n, 1_000n, 300n, undefined, 0n],
    [200n, 1_000n, 300n, undefined, 200n],
    [2_500n, 1_000n, 300n, undefined, 300n],
    [2_500n, 1_000n, 0n, 200n, 200n],
    // Beyond what a floating number can hold exactly.
    [9_007_199_254_740_993n, 3_333n, 0n, undefined, 3_002_099_511_605_173n],
  ] as const)('on %s at %s basis points, from %s to %s, is %s', (gross, basisPoints, minimum, maximum, due) => {
    expect(commissionOn(gross, { basisPoints, minimum, maximum })).toBe(due);
  });
});
