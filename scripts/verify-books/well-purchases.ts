/** Purchases about which everybody tells the same, to be doctored by tests; and what they are made of. */
import type { CaseFacts, DisputeFacts, LedgerTransaction, Movement, PurchaseFacts, Testimony } from './facts.ts';

export const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
export const MOMENT = { nowMs: NOW_MS, graceMs: 60_000 } as const;
export const AN_HOUR_MS = 60 * 60 * 1_000;

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

/** A case of staff. */
export const caseOf = (
  kind: string,
  { isOpen = true, ...names }: { readonly isOpen?: boolean } & Partial<CaseFacts['names']> = {},
): CaseFacts => ({ kind, isOpen, names: { amount: null, returned: null, loss: null, ...names } });

export const seen = (
  movements: readonly Movement[],
  fee = 55n,
  disputes: Testimony['disputes'] = [],
): readonly [Testimony, Testimony] => [
  {
    witness: 'Stripe',
    movements,
    fees: [{ source: 'ch_1', amount: fee, currency: 'EUR', purchaseId: ID }],
    disputes,
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
    buyerId: 'usr_buyer',
    sellerId: 'usr_seller',
    listingId: 'lst_1',
    quantity: 1,
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
  debts: { receivables: [], paidBack: 0n },
  chargebacks: [],
  disputes: [],
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
  cases: [],
  aftercare: { status: 'none', isActing: false, isAtWork: false, failing: null, standings: [], asked: null },
  workflow: {
    status: 'running',
    isActing: false,
    isAtWork: false,
    failing: null,
    asked: {
      buyerId: 'usr_buyer',
      sellerId: 'usr_seller',
      listingId: 'lst_1',
      quantity: 1,
      price: 2_505n,
      currency: 'EUR',
    },
    standings: [
      standing('openPurchase', 'payment_pending', 0n, 'none'),
      standing('beginPayment', 'authorised', 0n, 'none'),
      standing('capturePayment', 'held', 2_505n, 'none'),
      { ...standing('releaseToSeller', 'released', 0n, 'sent'), deadlineMs: NOW_MS + AN_HOUR_MS },
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

const DISPUTE: DisputeFacts = {
  id: 'dsp_1',
  n: 1,
  claimedBy: 'buyer',
  parties: ['usr_buyer', 'usr_seller'],
  gross: 2_505n,
  claimRefund: 2_505n,
  terms: { silencePercent: 100, defaultPercent: 50, fourEyesFrom: 2_000 },
  state: 'closed',
  deadlineMs: null,
  frozen: false,
  decision: { refund: 1_000n, by: 'ruling', atMs: NOW_MS - AN_HOUR_MS },
  closedMs: NOW_MS - AN_HOUR_MS,
  offers: [{ refund: 700n, status: 'open' }],
  rulings: [{ refund: 1_000n, ruledBy: 'usr_ada', approvedBy: 'usr_eve', onAppeal: false, status: 'stands' }],
  audit: [
    { action: 'dispute.opened', from: null, state: 'opened' },
    { action: 'dispute.mediating', from: 'opened', state: 'mediating' },
    { action: 'dispute.read', from: null, state: null },
    { action: 'dispute.ruled', from: 'mediating', state: 'ruled' },
    { action: 'dispute.closed', from: 'ruled', state: 'closed' },
  ],
  events: ['dispute.opened', 'dispute.mediating', 'dispute.ruled', 'dispute.closed'],
  workflow: {
    status: 'completed',
    isActing: false,
    isAtWork: false,
    failing: null,
    last: { state: 'closed', decided: true, frozen: false },
  },
};

const [OPENED, BEGUN, TAKEN, PAID] = WELL.audit as [
  PurchaseFacts['audit'][number],
  PurchaseFacts['audit'][number],
  PurchaseFacts['audit'][number],
  PurchaseFacts['audit'][number],
];

/** Captured and disputed; two mediators gave the buyer 1,000 of 2,505, and that was carried out. */
export const RULED: PurchaseFacts = {
  ...WELL,
  row: { ...WELL.row, books: { captured: 2_505n, transferred: 1_354n, fees: 151n, refunded: 1_000n } },
  refunds: [{ id: 'refund_1', amount: 1_000n, status: 'succeeded' }],
  ledger: [
    CAPTURED,
    FEE,
    posting('refundBuyer/dispute/1', [
      ['held', 1_000n],
      ['refunded', -1_000n, 'refund_1'],
    ]),
    posting('releaseToSeller', [
      ['held', 1_505n],
      ['transferred', -1_354n, 'transfer_1'],
      ['fees', -151n],
    ]),
  ],
  testimonies: seen([
    moved('capture', 2_505n),
    moved('transfer', 1_354n),
    moved('refund', 1_000n, { step: 'refundBuyer/dispute/1', status: 'succeeded' }),
  ]),
  audit: [
    OPENED,
    BEGUN,
    TAKEN,
    entry(4, 'pauseForDispute/1', 'held', 'disputed'),
    { ...entry(5, 'refundBuyer/dispute/1', null, 'disputed', 1_000n), to: null },
    entry(6, 'releaseToSeller', 'disputed', 'released', 1_505n),
  ],
  events: [...WELL.events.slice(0, 3), 'purchase.disputed', 'purchase.released'],
  disputes: [DISPUTE],
  workflow: {
    ...WELL.workflow,
    standings: [
      ...WELL.workflow.standings.slice(0, 3),
      standing('pauseForDispute', 'disputed', 2_505n, 'none'),
      standing('releaseToSeller', 'released', 0n, 'sent'),
    ],
  },
};

/** The same, while the dispute is open: nothing is decided yet. */
export const DISPUTED: PurchaseFacts = {
  ...RULED,
  row: { ...RULED.row, state: 'disputed', transferStatus: 'none', books: { captured: 2_505n, held: 2_505n } },
  refunds: [],
  ledger: RULED.ledger.slice(0, 2),
  testimonies: seen([moved('capture', 2_505n)]),
  audit: RULED.audit.slice(0, 4),
  events: RULED.events.slice(0, 4),
  disputes: [
    {
      ...DISPUTE,
      state: 'mediating',
      deadlineMs: NOW_MS + AN_HOUR_MS,
      decision: null,
      closedMs: null,
      rulings: [],
      audit: DISPUTE.audit.slice(0, 3),
      events: DISPUTE.events.slice(0, 2),
      workflow: {
        status: 'running',
        isActing: false,
        isAtWork: false,
        failing: null,
        last: { state: 'mediating', decided: false, frozen: false },
      },
    },
  ],
  workflow: { ...RULED.workflow, standings: RULED.workflow.standings.slice(0, 4) },
};

export const BANK = {
  id: 'dp_1',
  status: 'lost',
  withdrawn: 2_505n,
  reinstated: 0n,
  purchaseId: ID,
} as const;

export const BANK_TOOK = posting('noteChargeback/dp_1/1', [
  ['advanced', 2_505n],
  ['chargedBack', -2_505n, 'dp_1'],
]);

/** Released, then the bank took all of it; the seller's balance gave nothing back, so they owe their part. */
export const LOST: PurchaseFacts = {
  ...WELL,
  row: {
    ...WELL.row,
    state: 'refunded',
    deadlineMs: null,
    chargeback: 'lost',
    books: { captured: 2_505n, transferred: 2_254n, advanced: 2_254n, chargedBack: 2_505n },
  },
  debts: {
    receivables: [
      {
        step: 'settleChargeback/dp_1',
        sellerId: WELL.row.sellerId,
        currency: 'EUR',
        amount: 2_254n,
        recovered: 100n,
        paidBack: 100n,
      },
    ],
    paidBack: 0n,
  },
  chargebacks: [{ ...BANK, advanced: 2_254n }],
  ledger: [
    ...WELL.ledger,
    BANK_TOOK,
    posting('settleChargeback/dp_1', [
      ['fees', 251n],
      ['advanced', -251n],
    ]),
  ],
  testimonies: seen(
    [moved('capture', 2_505n), moved('transfer', 2_254n), moved('withdrawn', 2_505n, { id: 'dp_1' })],
    55n,
    [BANK],
  ),
  audit: [
    OPENED,
    BEGUN,
    TAKEN,
    PAID,
    { ...entry(5, 'noteChargeback/dp_1/1', null, 'released', 2_505n), to: null },
    entry(6, 'settleChargeback/dp_1', 'released', 'refunded', 251n),
  ],
  events: [...WELL.events, 'purchase.chargeback_changed', 'purchase.refunded'],
  workflow: {
    ...WELL.workflow,
    status: 'completed',
    standings: [...WELL.workflow.standings, standing('settleChargeback', 'refunded', 0n, 'sent')],
  },
};
