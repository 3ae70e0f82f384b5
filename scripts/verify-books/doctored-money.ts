/** What the judge has to find in the ledger, at Stripe and in discounts: each of these is well but for one place. */
import type { Doctored } from './doctored.ts';
import type { PurchaseFacts } from './facts.ts';
import { CAPTURED, DISCOUNTED, moved, posting, seen, WELL, withRow } from './well-purchases.ts';

const [CAPTURE, FEE, RELEASE] = WELL.ledger as [
  PurchaseFacts['ledger'][number],
  PurchaseFacts['ledger'][number],
  PurchaseFacts['ledger'][number],
];
const TAKEN = moved('capture', 2_505n);
const SENT = moved('transfer', 2_254n);
const FIFTH = DISCOUNTED.discount as NonNullable<PurchaseFacts['discount']>;

export const MONEY: readonly Doctored[] = [
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
];

export const DISCOUNTS: readonly Doctored[] = [
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
