/** A purchase as it is stored: its members, its columns, and how one becomes the other. */
import type { DisputeReason } from '../../contracts/dispute.ts';
import type { DisputeId, ListingId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Currency } from '../../contracts/money.ts';
import type {
  Chargeback,
  PaymentStatus,
  PurchaseState,
  RefundStatus,
  TransferStatus,
} from '../../contracts/purchase.ts';
import type { Unfinished } from './begun-rules.ts';
import type { ChargebackSheet } from './chargeback-rules.ts';
import type { Account, Books } from './money.ts';
import type { RefusedStep } from './refused-rules.ts';
import type { Terms } from './terms-rules.ts';
import type { PurchaseEvent } from './transition-rules.ts';

/** Which side of a purchase somebody is on. */
export type Side = 'buyer' | 'seller';

/** A purchase as it is stored. Times are instants; money is in minor units of `currency`. */
export interface Purchase {
  readonly id: PurchaseId;
  readonly buyerId: UserId;
  readonly sellerId: UserId;
  readonly listingId: ListingId;
  readonly quantity: number;
  readonly currency: Currency;
  readonly terms: Terms;
  readonly acceptedDisclaimers: readonly string[];
  readonly state: PurchaseState;
  readonly stateSince: Date;
  /** When the clock moves it on, if nobody does. */
  readonly deadlineAt: Date | null;
  /** What happens then. */
  readonly deadlineEvent: PurchaseEvent | null;
  /** Of a booking. */
  readonly slot: Slot | null;
  /** Where a party wants to move the booking, as long as the other one has not accepted. */
  readonly proposal: Proposal | null;
  /** The most that a cancellation by the buyer gives back, in basis points of the price. */
  readonly refundCap: number;
  readonly payment: PaymentRecord;
  readonly transfer: TransferRecord;
  /** The second transfer of a discounted purchase; null when none was begun. */
  readonly topUp: TopUpRecord | null;
  readonly refund: RefundRecord;
  /** A row of the table whose first part is done, or Stripe is asked for: until the last one is done, nothing else happens. */
  readonly unfinished: Unfinished | null;
  readonly keyEpochs: KeyEpochs;
  readonly chargeback: Chargeback;
  /** What stands behind that word; null when no bank ever asked. */
  readonly chargebackSheet: ChargebackSheet | null;
  /** The dispute that is open about it; null when none is. */
  readonly dispute: OpenDispute | null;
  /** What the provider refuses of what happens by itself, so that finance is asked; null when it refuses nothing. */
  readonly refusedStep: RefusedStep | null;
  /** Staff have stopped the money; null when they have not. */
  readonly pause: Pause | null;
  /** Its money stands still, since staff or a chargeback stop it; null when nothing does. */
  readonly standstill: Standstill | null;
  /** For how long it stood still since `stateSince`, up to when it last went on; milliseconds. */
  readonly stoodStillMs: number;
  /** What its release keeps for what the seller owes, fixed before Stripe is asked; null until then. Minor units. */
  readonly recovers: number | null;
  readonly books: Books;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface PaymentRecord {
  readonly status: PaymentStatus;
  /** Stripe's word for why the card was refused: `card_declined`. */
  readonly problem: string | null;
  readonly intentId: string | null;
  readonly chargeId: string | null;
  /** Until when the authorisation can be captured. */
  readonly captureBefore: Date | null;
  /** When it was captured. */
  readonly capturedAt: Date | null;
  /** When the buyer's bank gave back what it had taken, all of it; null as long as it has not. */
  readonly returnedAt: Date | null;
}

export interface TransferRecord {
  readonly status: TransferStatus;
  readonly id: string | null;
}

/** What is sent to a seller from Wellpact's own balance, since the buyer's charge does not cover it. */
export interface TopUpRecord {
  /** Stripe's id; null as long as Stripe refuses to send it. */
  readonly id: string | null;
  /** What was sent, less what was taken back of it; minor units. */
  readonly amount: number;
}

/** How the transfer stands once nothing is left that was refused. */
export const unblocked = ({ transfer }: Pick<Purchase, 'transfer'>): 'none' | 'sent' =>
  transfer.id === null ? 'none' : 'sent';

/** The rest of the seller's part, which is to come from Wellpact's own balance, has not been asked for yet. */
export const isTopUpDue = ({ state, terms, books, transfer, topUp, unfinished }: Purchase): boolean =>
  terms.discount !== undefined &&
  state === 'released' &&
  books.payable > 0 &&
  transfer.status === 'sent' &&
  topUp === null &&
  unfinished === null;

/** Stripe refused to send that rest: the first transfer has been sent. */
export const isTopUpBlocked = ({ transfer, topUp }: Pick<Purchase, 'transfer' | 'topUp'>): boolean =>
  transfer.status === 'blocked' && topUp !== null;

export interface RefundRecord {
  readonly status: RefundStatus;
  /** The last one. */
  readonly id: string | null;
}

/** The time that is booked. */
export interface Slot {
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** When it was booked, or moved to this time. */
  readonly since: Date;
}

/** A time to which a party wants to move a booking. */
export interface Proposal {
  readonly by: Side;
  readonly startsAt: Date;
}

/** The dispute that is open about a purchase, as far as the purchase has to know. Minor units. */
export interface OpenDispute {
  readonly id: DisputeId;
  /** The how manieth of the purchase, from 1. */
  readonly n: number;
  readonly reason: DisputeReason;
  /** What is disputed about. */
  readonly gross: number;
  /** What the buyer gets back when the money may be held no longer before it is decided. */
  readonly defaultRefund: number;
  /** What the buyer gets back, as it was decided; null before that. */
  readonly refund: number | null;
}

export interface Pause {
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** The account of who paused it. */
  readonly by: UserId;
  /** Whether that is proven. */
  readonly verified: boolean;
}

/** One for everything that stops the money: it begins with the first of them and ends with the last. */
export interface Standstill {
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** The hold limit was reached meanwhile, and finance was asked. */
  readonly limitReached?: true;
}

/** Which key of a step is in use, by step: kept before the provider is first asked under it; see activities/once.ts. */
export type KeyEpochs = Readonly<Record<string, KeyEpoch>>;

export interface KeyEpoch {
  /** The number of the key in use, from 1. */
  readonly epoch: number;
  /** Since when it is in use, milliseconds since 1970. */
  readonly sinceMs: number;
  /** When a look at the provider first showed nothing made under it; null when it has not. */
  readonly absentSinceMs: number | null;
  /** How often the provider has refused it, each time under a key of its own; missing when it never has. */
  readonly refusals?: number;
}

/** The column of each account of the books. */
export const BOOK_COLUMNS: Readonly<Record<Account, string>> = {
  captured: 'captured',
  platformFunded: 'platform_funded',
  advanced: 'advanced',
  held: 'held',
  payable: 'payable',
  transferred: 'transferred',
  fees: 'fees',
  refunded: 'refunded',
  chargedBack: 'charged_back',
  recovered: 'recovered',
  owedToBuyer: 'owed_to_buyer',
  suspense: 'suspense',
};
export const BOOK_ENTRIES = Object.entries(BOOK_COLUMNS) as [Account, string][];

/** Named, since a statement that is planned for `*` breaks when a migration adds a column. */
export const PURCHASE_COLUMNS = `id, buyer_id, seller_id, listing_id, quantity, currency, terms, accepted_disclaimers, state, state_since,
  deadline_at, deadline_event, slot_starts_at, slot_ends_at, slot_since, proposed_starts_at, proposed_by, refund_cap,
  payment_status, payment_problem, payment_intent_id, charge_id, capture_before, captured_at, transfer_status, transfer_id, top_up, refund_status, refund_id,
  unfinished, key_epochs, chargeback, chargeback_sheet, returned_at, dispute, refused_step, pause, standstill, stood_still_ms, recovers, created_at, updated_at, ${BOOK_ENTRIES.map(([, column]) => column).join(', ')}`;

export interface PurchaseRow extends Record<string, unknown> {
  id: PurchaseId;
  buyer_id: UserId;
  seller_id: UserId;
  listing_id: ListingId;
  quantity: number;
  currency: Currency;
  terms: Terms;
  accepted_disclaimers: string[];
  state: PurchaseState;
  state_since: Date;
  deadline_at: Date | null;
  deadline_event: PurchaseEvent | null;
  slot_starts_at: Date | null;
  slot_ends_at: Date | null;
  slot_since: Date | null;
  proposed_starts_at: Date | null;
  proposed_by: Side | null;
  refund_cap: number;
  payment_status: PaymentStatus;
  payment_problem: string | null;
  payment_intent_id: string | null;
  charge_id: string | null;
  capture_before: Date | null;
  captured_at: Date | null;
  transfer_status: TransferStatus;
  transfer_id: string | null;
  top_up: TopUpRecord | null;
  refund_status: RefundStatus;
  refund_id: string | null;
  unfinished: Unfinished | null;
  key_epochs: KeyEpochs;
  chargeback: Chargeback;
  chargeback_sheet: ChargebackSheet | null;
  returned_at: Date | null;
  dispute: OpenDispute | null;
  refused_step: RefusedStep | null;
  pause: Pause | null;
  standstill: Standstill | null;
  stood_still_ms: number;
  recovers: number | null;
  created_at: Date;
  updated_at: Date;
}

export function purchaseFromRow(row: PurchaseRow): Purchase {
  return {
    id: row.id,
    buyerId: row.buyer_id,
    sellerId: row.seller_id,
    listingId: row.listing_id,
    quantity: row.quantity,
    currency: row.currency,
    terms: row.terms,
    acceptedDisclaimers: row.accepted_disclaimers,
    state: row.state,
    stateSince: row.state_since,
    deadlineAt: row.deadline_at,
    deadlineEvent: row.deadline_event,
    slot: slotOf(row),
    proposal: proposalOf(row),
    refundCap: row.refund_cap,
    payment: {
      status: row.payment_status,
      problem: row.payment_problem,
      intentId: row.payment_intent_id,
      chargeId: row.charge_id,
      captureBefore: row.capture_before,
      capturedAt: row.captured_at,
      returnedAt: row.returned_at,
    },
    transfer: { status: row.transfer_status, id: row.transfer_id },
    topUp: row.top_up,
    refund: { status: row.refund_status, id: row.refund_id },
    unfinished: row.unfinished,
    keyEpochs: row.key_epochs,
    chargeback: row.chargeback,
    chargebackSheet: row.chargeback_sheet,
    dispute: row.dispute,
    refusedStep: row.refused_step,
    pause: row.pause,
    // Paused by a process of before, to which a pause was all there was.
    standstill: row.standstill ?? (row.pause && { sinceMs: row.pause.sinceMs }),
    stoodStillMs: row.stood_still_ms,
    recovers: row.recovers,
    books: Object.fromEntries(BOOK_ENTRIES.map(([account, column]) => [account, row[column]])) as Record<
      Account,
      number
    >,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function slotOf({ slot_starts_at: startsAt, slot_ends_at: endsAt, slot_since: since }: PurchaseRow): Slot | null {
  return startsAt === null || endsAt === null || since === null ? null : { startsAt, endsAt, since };
}

function proposalOf({ proposed_by: by, proposed_starts_at: startsAt }: PurchaseRow): Proposal | null {
  return by === null || startsAt === null ? null : { by, startsAt };
}

/** Everything about a purchase that can change, besides its books: the column, and what is written into it. */
export const CHANGING_COLUMNS: readonly (readonly [string, (purchase: Purchase) => unknown])[] = [
  ['state', ({ state }) => state],
  ['state_since', ({ stateSince }) => stateSince],
  ['deadline_at', ({ deadlineAt }) => deadlineAt],
  ['deadline_event', ({ deadlineEvent }) => deadlineEvent],
  ['slot_starts_at', ({ slot }) => slot?.startsAt ?? null],
  ['slot_ends_at', ({ slot }) => slot?.endsAt ?? null],
  ['slot_since', ({ slot }) => slot?.since ?? null],
  ['proposed_starts_at', ({ proposal }) => proposal?.startsAt ?? null],
  ['proposed_by', ({ proposal }) => proposal?.by ?? null],
  ['refund_cap', ({ refundCap }) => refundCap],
  ['payment_status', ({ payment }) => payment.status],
  ['payment_problem', ({ payment }) => payment.problem],
  ['payment_intent_id', ({ payment }) => payment.intentId],
  ['charge_id', ({ payment }) => payment.chargeId],
  ['capture_before', ({ payment }) => payment.captureBefore],
  ['captured_at', ({ payment }) => payment.capturedAt],
  ['transfer_status', ({ transfer }) => transfer.status],
  ['transfer_id', ({ transfer }) => transfer.id],
  ['top_up', ({ topUp }) => json(topUp)],
  ['refund_status', ({ refund }) => refund.status],
  ['refund_id', ({ refund }) => refund.id],
  ['unfinished', ({ unfinished }) => json(unfinished)],
  ['key_epochs', ({ keyEpochs }) => json(keyEpochs)],
  ['chargeback', ({ chargeback }) => chargeback],
  ['chargeback_sheet', ({ chargebackSheet }) => json(chargebackSheet)],
  ['returned_at', ({ payment }) => payment.returnedAt],
  ['dispute', ({ dispute }) => json(dispute)],
  ['refused_step', ({ refusedStep }) => json(refusedStep)],
  ['pause', ({ pause }) => json(pause)],
  ['standstill', ({ standstill }) => json(standstill)],
  ['stood_still_ms', ({ stoodStillMs }) => stoodStillMs],
  ['updated_at', ({ updatedAt }) => updatedAt],
];

const json = (value: object | null): string | null => (value === null ? null : JSON.stringify(value));
