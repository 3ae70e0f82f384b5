/** What a notification is, as data, and whether there is still something to say. Pure. */
import type { DisputeState } from '../../contracts/dispute.ts';
import type { OnboardingState } from '../../contracts/onboarding.ts';
import type { Chargeback, PurchaseState, TransferStatus } from '../../contracts/purchase.ts';
import type { Channel } from './rules.ts';

/** What has to be so when a notification goes out, which may be hours after its event; otherwise it is stale. */
export interface Validity {
  /** The purchase is in one of these states. */
  readonly purchase?: readonly PurchaseState[];
  readonly transfer?: TransferStatus;
  readonly onboarding?: OnboardingState;
  /** The dispute is in one of these states, and undecided. */
  readonly dispute?: readonly DisputeState[];
  /** The address still has to be proven. */
  readonly emailUnproven?: true;
  /** The payment had been authorised: before that the seller was told of nothing. */
  readonly wasAuthorised?: true;
  /** Whether a part of what was paid went back, and the rest to the seller. */
  readonly partRefunded?: boolean;
  /** The buyer has something back from us; what their bank took is for the bank to tell. */
  readonly refundedByUs?: true;
  /** What the buyer's bank does, or did, about the payment. */
  readonly chargeback?: Chargeback;
  /**
   * The moment that is told, `{when}`, is still to come, and is still that of the purchase: its deadline, the beginning of
   * the booking, where a party wants to move it, when evidence about its chargeback is submitted; or the deadline of the
   * dispute.
   */
  readonly ahead?: 'deadline' | 'booking' | 'proposal' | 'evidence' | 'dispute';
}

export interface NotificationRule {
  /** Unique; names it in logs, metrics and in what an app is sent. */
  readonly name: string;
  /** The type of the event. */
  readonly on: string;
  /** Of `purchase.reminder`: which one. */
  readonly reminder?: string;
  /** Of `purchase.chargeback_changed`: to what. */
  readonly chargeback?: Chargeback;
  /**
   * The member of the event's data that holds the recipient's user id; or the party that did not do it; or everybody of
   * staff whose work it is.
   */
  readonly to: 'userId' | 'buyerId' | 'sellerId' | 'otherParty' | 'finance';
  readonly channels: readonly Channel[];
  /** Sent whatever the person's preferences say: without it they lose money or their account. */
  readonly essential?: true;
  /** Sent in quiet hours as well: the person waits for it. */
  readonly urgent?: true;
  readonly valid: Validity;
  /** The subject of the mail and the title of the push. */
  readonly subject: string;
  /** The push in a sentence. `{when}`: as in `text`. */
  readonly short: string;
  /**
   * The paragraphs of the mail between greeting and signature. `{when}`: the moment it tells, in the person's own zone;
   * `{link}`: where it goes on.
   */
  readonly text: readonly string[];
}

/** How things stand when a notification is about to go out; times in milliseconds since 1970. */
export interface Standing {
  readonly nowMs: number;
  readonly emailVerified: boolean;
  readonly purchase?: PurchaseStanding;
  readonly onboarding?: OnboardingState;
  /** Undefined once it is decided. */
  readonly dispute?: { readonly state: DisputeState; readonly deadlineMs: number | undefined };
  /** The moment that is told. */
  readonly occasionMs?: number;
}

export interface PurchaseStanding {
  readonly state: PurchaseState;
  readonly transfer: TransferStatus;
  readonly wasAuthorised: boolean;
  readonly partRefunded: boolean;
  readonly refundedByUs: boolean;
  readonly chargeback: Chargeback;
  readonly deadlineMs: number | undefined;
  readonly startsAtMs: number | undefined;
  readonly proposedMs: number | undefined;
  /** When evidence about a chargeback is submitted by itself. */
  readonly evidenceMs: number | undefined;
}

/** Whether there is still something to say. */
export function isValid({ valid }: Pick<NotificationRule, 'valid'>, standing: Standing): boolean {
  const { purchase, onboarding, dispute, emailVerified } = standing;
  return [
    valid.emailUnproven === undefined || !emailVerified,
    valid.purchase === undefined || (purchase !== undefined && valid.purchase.includes(purchase.state)),
    valid.transfer === undefined || purchase?.transfer === valid.transfer,
    valid.wasAuthorised === undefined || purchase?.wasAuthorised === true,
    valid.partRefunded === undefined || purchase?.partRefunded === valid.partRefunded,
    valid.refundedByUs === undefined || purchase?.refundedByUs === true,
    valid.chargeback === undefined || purchase?.chargeback === valid.chargeback,
    valid.onboarding === undefined || onboarding === valid.onboarding,
    valid.dispute === undefined || (dispute !== undefined && valid.dispute.includes(dispute.state)),
    valid.ahead === undefined || isAhead(valid.ahead, standing),
  ].every(Boolean);
}

function isAhead(ahead: NonNullable<Validity['ahead']>, { nowMs, occasionMs, purchase, dispute }: Standing): boolean {
  const current = {
    deadline: purchase?.deadlineMs,
    booking: purchase?.startsAtMs,
    proposal: purchase?.proposedMs,
    evidence: purchase?.evidenceMs,
    dispute: dispute?.deadlineMs,
  };
  return occasionMs !== undefined && occasionMs > nowMs && current[ahead] === occasionMs;
}
