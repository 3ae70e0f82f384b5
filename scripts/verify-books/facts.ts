/**
 * What the judge knows of a purchase: everything that was written down about it, by everybody who did. Amounts are minor
 * units, and `bigint`: nothing here rounds.
 */

/** What happened to money at Stripe. */
export const MOVEMENT_KINDS = [
  'capture',
  'refund',
  'refund_came_back',
  'transfer',
  'reversal',
  'withdrawn',
  'reinstated',
] as const;
export type MovementKind = (typeof MOVEMENT_KINDS)[number];

export interface Movement {
  readonly kind: MovementKind;
  /** Stripe's id of the object: of the refund for both of its movements, of the dispute for the last two. */
  readonly id: string;
  readonly amount: bigint;
  /** ISO 4217, upper case. */
  readonly currency: string;
  /** Of which purchase it says that it is; null when it says nothing. */
  readonly purchaseId: string | null;
  /** The business step it was made for, by its metadata, or by its idempotency key; null when it says none. */
  readonly step: string | null;
  /** Whom the money went to or came from: an account for transfers and reversals, a payment for all else; null when untold. */
  readonly counterpart: string | null;
  /** What moved on our balance at Stripe for it; null when this witness cannot say, or nothing has yet. */
  readonly booked: bigint | null;
  /** How it stands, in Stripe's words, where this witness says so; of refunds. */
  readonly status?: string | null;
}

/** What Stripe kept for a payment or a dispute. */
export interface ProviderFee {
  readonly source: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly purchaseId: string | null;
}

/** A dispute of the buyer's bank, as Stripe shows it. */
export interface ProviderDispute {
  readonly id: string;
  /** Stripe's word. */
  readonly status: string;
  /** What the bank took, and gave back, without fees. */
  readonly withdrawn: bigint;
  readonly reinstated: bigint;
  readonly purchaseId: string | null;
}

/** What one witness saw at the provider: Stripe's own lists, or the sandbox's log. */
export interface Testimony {
  readonly witness: 'Stripe' | "the sandbox's log";
  readonly movements: readonly Movement[];
  /** Undefined when this witness sees no fees. */
  readonly fees?: readonly ProviderFee[] | undefined;
  /** Undefined when this witness does not see how they stand. */
  readonly disputes?: readonly ProviderDispute[] | undefined;
}

export interface LedgerEntry {
  readonly account: string;
  readonly currency: string;
  /** Debits positive, credits negative. */
  readonly amount: bigint;
  /** The object of Stripe that it stands for; null when it names none. */
  readonly reference: string | null;
}

export interface LedgerTransaction {
  readonly id: string;
  readonly source: string;
  readonly step: string;
  readonly ordinal: number;
  readonly entries: readonly LedgerEntry[];
}

/** The row of a purchase, as far as the judge reads it. */
export interface PurchaseRow {
  readonly id: string;
  readonly buyerId: string;
  readonly sellerId: string;
  readonly listingId: string;
  readonly quantity: number;
  readonly currency: string;
  readonly terms: Readonly<Record<string, unknown>>;
  readonly state: string;
  readonly stateSinceMs: number;
  readonly deadlineMs: number | null;
  readonly unfinished: boolean;
  readonly paused: boolean;
  readonly paymentId: string | null;
  readonly chargeId: string | null;
  readonly transferStatus: string;
  readonly chargeback: string;
  readonly updatedMs: number;
  readonly books: Readonly<Record<string, bigint>>;
}

/** A refund as it is kept beside the purchase. */
export interface RefundRow {
  /** Stripe's id. */
  readonly id: string;
  readonly amount: bigint;
  readonly status: string;
}

/** What the seller came to owe by a step of the purchase. */
export interface Receivable {
  readonly step: string;
  readonly sellerId: string;
  readonly currency: string;
  readonly amount: bigint;
  /** What is paid back of it, as its row says. */
  readonly recovered: bigint;
  /** The same, as the releases say that paid it. */
  readonly paidBack: bigint;
}

/** What a purchase used of a discount code, and what that code promises; amounts in minor units. */
export interface DiscountFacts {
  readonly code: string;
  readonly amount: bigint;
  readonly isGivenBack: boolean;
  readonly basisPoints: bigint | null;
  readonly fixed: bigint | null;
  readonly maximum: bigint | null;
}

/** What the seller came to owe by this purchase, and what its release paid back of older debts. */
export interface Debts {
  readonly receivables: readonly Receivable[];
  readonly paidBack: bigint;
}

/** A dispute of the buyer's bank as it is kept beside the purchase. */
export interface ChargebackRow {
  /** Stripe's id. */
  readonly id: string;
  readonly status: string;
  readonly withdrawn: bigint;
  readonly reinstated: bigint;
  /** What Wellpact has put in for it and not got back. */
  readonly advanced: bigint;
}

/** What staff have to decide about a purchase, or have decided. */
export interface CaseFacts {
  readonly kind: string;
  readonly isOpen: boolean;
  /** The amounts that it names; minor units. */
  readonly names: {
    /** What is owed to somebody, or waits. */
    readonly amount: bigint | null;
    /** What a bank has given back that no rule gives to anybody. */
    readonly returned: bigint | null;
    /** What a chargeback has cost and nobody else bears. */
    readonly loss: bigint | null;
  };
}

export interface AuditEntry {
  readonly seq: number;
  readonly action: string;
  readonly step: string | null;
  readonly from: string | null;
  /** Null when the state stayed. */
  readonly to: string | null;
  /** What the entry says was moved, added up. */
  readonly moved: bigint;
}

/** What Temporal says of the workflow of a purchase. */
export interface WorkflowFacts {
  /** `none` when Temporal does not know it (any more). */
  readonly status: 'none' | 'running' | 'completed' | 'failed';
  /** A step is being tried, or waits to be tried again. */
  readonly isActing: boolean;
  /** That, or a worker has a task of it, or is about to: what it knows is not all that has been done. */
  readonly isAtWork: boolean;
  /** What its worker fails at again and again; null when its last task was done, or waits for its first try. */
  readonly failing: FailingTask | null;
  /** How the purchase stood after each step that the history holds, oldest first. */
  readonly standings: readonly Standing[];
  /** With what it was started; null when it holds none of that: an aftercare is given no more than the purchase. */
  readonly asked: Asked | null;
}

/** A task of a workflow that has failed, or taken too long, and was not done since. */
export interface FailingTask {
  /** When it first failed, milliseconds since 1970. */
  readonly sinceMs: number;
  readonly times: number;
}

/** What the buyer asked for, as the workflow was given it: which no later change of a row can touch. */
export interface Asked {
  readonly buyerId: string;
  readonly sellerId: string;
  readonly listingId: string;
  readonly quantity: number;
  /** Of all of it, minor units. */
  readonly price: bigint;
  readonly currency: string;
}

export interface Standing {
  readonly step: string;
  readonly state: string;
  readonly payment: string;
  readonly transfer: string | null;
  readonly held: bigint | null;
  /** Null when none runs; undefined where the history does not say. */
  readonly deadlineMs?: number | null | undefined;
}

/** A dispute between buyer and seller: its row, what was offered and ruled, and what was noted and told about it. */
export interface DisputeFacts {
  readonly id: string;
  /** The how manieth of its purchase, from 1. */
  readonly n: number;
  readonly claimedBy: 'buyer' | 'seller';
  readonly parties: readonly string[];
  readonly gross: bigint;
  /** What the buyer gets back if the claim is right. */
  readonly claimRefund: bigint;
  readonly terms: Readonly<Record<string, unknown>>;
  readonly state: string;
  readonly deadlineMs: number | null;
  readonly frozen: boolean;
  readonly decision: { readonly refund: bigint; readonly by: string; readonly atMs: number } | null;
  readonly closedMs: number | null;
  readonly offers: readonly { readonly refund: bigint; readonly status: string }[];
  readonly rulings: readonly Ruling[];
  /** What changed it, oldest first; `from` is null where its state is not spoken of. */
  readonly audit: readonly { readonly action: string; readonly from: string | null; readonly state: string | null }[];
  /** The types of the events about it, in their order. */
  readonly events: readonly string[];
  readonly workflow: DisputeWorkflowFacts;
}

export interface Ruling {
  readonly refund: bigint;
  /** Null: the default ruling of the policy. */
  readonly ruledBy: string | null;
  readonly approvedBy: string | null;
  readonly onAppeal: boolean;
  readonly status: string;
}

/** What Temporal says of the workflow of a dispute. */
export interface DisputeWorkflowFacts extends Pick<WorkflowFacts, 'status' | 'isActing' | 'isAtWork' | 'failing'> {
  /** How it stood after the last step that the history holds; null when it holds none. */
  readonly last: { readonly state: string; readonly decided: boolean; readonly frozen: boolean } | null;
}

export interface PurchaseFacts {
  readonly row: PurchaseRow;
  /** The seller's account at Stripe; null when they have none. */
  readonly sellerAccount: string | null;
  readonly refunds: readonly RefundRow[];
  readonly debts: Debts;
  readonly chargebacks: readonly ChargebackRow[];
  /** In the order of their numbers. */
  readonly disputes: readonly DisputeFacts[];
  /** Null when it used none. */
  readonly discount: DiscountFacts | null;
  /** Oldest first. */
  readonly ledger: readonly LedgerTransaction[];
  readonly testimonies: readonly Testimony[];
  readonly audit: readonly AuditEntry[];
  /** The types of the events about it, in their order: `purchase.held`. */
  readonly events: readonly string[];
  /** What staff have, or have had, to decide about it; oldest first. */
  readonly cases: readonly CaseFacts[];
  readonly workflow: WorkflowFacts;
  /** What looks after the money once the purchase has ended. */
  readonly aftercare: WorkflowFacts;
}

/** What is wrong, of a purchase or of the whole. */
export interface Difference {
  /** Null when it belongs to no purchase. */
  readonly purchaseId: string | null;
  readonly rule: string;
  /** What was looked at. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}
