/** A purchase about which everybody tells the same, to be doctored by tests. */
import type { LedgerTransaction, Movement, PurchaseFacts, Testimony } from './facts.ts';

export const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
export const MOMENT = { nowMs: NOW_MS, graceMs: 60_000 } as const;
const AN_HOUR_MS = 60 * 60 * 1_000;

const ID = 'pur_1';
const SELLER = 'acct_seller';
const PAYMENT = 'pi_1';

export const posting = (
  step: string,
  entries: readonly (readonly [account: string, amount: bigint, reference?: string])[],
  more: Partial<LedgerTransaction> = {},
): LedgerTransaction => ({
  id: `ltx_${step}`,
  source: `purchase/${ID}`,
  step,
  ordinal: 1,
  entries: entries.map(([account, amount, reference = null]) => ({ account, currency: 'EUR', amount, reference })),
  ...more,
});

export const moved = (kind: Movement['kind'], amount: bigint, more: Partial<Movement> = {}): Movement => ({
  kind,
  id: `${kind}_1`,
  amount,
  currency: 'EUR',
  purchaseId: ID,
  step: STEPS[kind] ?? null,
  counterpart: kind === 'transfer' || kind === 'reversal' ? SELLER : PAYMENT,
  booked: amount,
  ...more,
});

const STEPS: Readonly<Partial<Record<Movement['kind'], string>>> = {
  transfer: 'releaseToSeller',
  refund: 'refundBuyer',
  reversal: 'reverseTransfer',
};

/** The same as the other witness tells it, who sees neither counterparts nor bookings. */
export const logged = (movements: readonly Movement[]): Testimony => ({
  witness: "the sandbox's log",
  movements: movements.map((movement) => ({ ...movement, counterpart: null, booked: null })),
});

export const seen = (movements: readonly Movement[], fee = 55n): readonly [Testimony, Testimony] => [
  {
    witness: 'Stripe',
    movements,
    fees: [{ source: 'ch_1', amount: fee, currency: 'EUR', purchaseId: ID }],
  },
  logged(movements),
];

export const CAPTURED = posting('capturePayment', [
  ['captured', 2_505n, 'capture_1'],
  ['held', -2_505n, 'capture_1'],
]);
const FEE = posting('stripeFee', [
  ['stripeFees', 55n],
  ['stripeFeesPaid', -55n],
]);
/** 10 % of 2,505 is 250.5: rounded half up. */
const RELEASED = posting('releaseToSeller', [
  ['held', 2_254n],
  ['payable', -2_254n],
  ['held', 251n],
  ['fees', -251n],
  ['payable', 2_254n, 'transfer_1'],
  ['transferred', -2_254n, 'transfer_1'],
]);

const standing = (step: string, state: string, held: bigint, transfer: string) =>
  ({ step, state, payment: 'succeeded', transfer, held }) as const;
const entry = (seq: number, step: string, from: string | null, to: string, moves = 0n) =>
  ({ seq, action: `purchase.${to}`, step, from, to, moved: moves }) as const;

/** Captured, released, transferred; its deadline is an hour ahead. */
export const WELL: PurchaseFacts = {
  row: {
    id: ID,
    sellerId: 'usr_seller',
    currency: 'EUR',
    terms: { price: 2_505, commissionBasisPoints: 1_000, transferCaseMs: AN_HOUR_MS, transferRetryMs: 60_000 },
    state: 'released',
    stateSinceMs: NOW_MS - AN_HOUR_MS,
    deadlineMs: NOW_MS + AN_HOUR_MS,
    unfinished: false,
    paused: false,
    paymentId: PAYMENT,
    chargeId: 'ch_1',
    transferStatus: 'sent',
    chargeback: 'none',
    updatedMs: NOW_MS - AN_HOUR_MS,
    books: { captured: 2_505n, transferred: 2_254n, fees: 251n },
  },
  sellerAccount: SELLER,
  refunds: [],
  debts: { owed: 0n, paidBack: 0n },
  discount: null,
  ledger: [CAPTURED, FEE, RELEASED],
  testimonies: seen([moved('capture', 2_505n), moved('transfer', 2_254n)]),
  audit: [
    entry(1, 'openPurchase', null, 'payment_pending'),
    entry(2, 'beginPayment', 'payment_pending', 'authorised'),
    entry(3, 'capturePayment', 'authorised', 'held', 2_505n),
    entry(4, 'releaseToSeller', 'held', 'released', 4_759n),
  ],
  events: [
    'purchase.payment_pending',
    'purchase.authorised',
    'purchase.held',
    'purchase.reminder',
    'purchase.released',
  ],
  openCases: [],
  workflow: {
    status: 'running',
    isActing: false,
    standings: [
      standing('openPurchase', 'payment_pending', 0n, 'none'),
      standing('beginPayment', 'authorised', 0n, 'none'),
      standing('capturePayment', 'held', 2_505n, 'none'),
      standing('releaseToSeller', 'released', 0n, 'sent'),
    ],
  },
};

/** The same, of which Wellpact has paid 5.01, a fifth of the price. */
export const DISCOUNTED: PurchaseFacts = {
  ...WELL,
  row: { ...WELL.row, terms: { ...WELL.row.terms, discount: { code: 'FIFTH', amount: 501 } } },
  discount: { code: 'FIFTH', amount: 501n, isGivenBack: false, basisPoints: 2_000n, fixed: null, maximum: null },
  ledger: [
    posting('capturePayment', [
      ['captured', 2_004n, 'capture_1'],
      ['held', -2_004n],
      ['platformFunded', 501n],
      ['held', -501n],
    ]),
    FEE,
    RELEASED,
  ],
};

export const withRow = (row: Partial<PurchaseFacts['row']>): PurchaseFacts => ({
  ...WELL,
  row: { ...WELL.row, ...row },
});
export const withWorkflow = (workflow: Partial<PurchaseFacts['workflow']>): PurchaseFacts => ({
  ...WELL,
  workflow: { ...WELL.workflow, ...workflow },
});
