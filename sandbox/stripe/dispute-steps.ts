import type { Stripe } from 'stripe';
import { findObject } from '../store/objects.ts';
import { noSuchObject } from '../stripe-api/errors.ts';
import { newStripeId } from '../stripe-api/ids.ts';
import type { Call } from '../stripe-api/operation.ts';
import { add, change, lockKnown, record } from '../stripe-api/resources.ts';
import { type Booking, book } from './balance-transactions.ts';
import { CHARGE, type StoredCharge } from './charges.ts';
import { DISPUTE_FEE } from './currencies.ts';
import {
  DISPUTE,
  type DisputeBeginning,
  type DisputeStatus,
  isClosed,
  isDismissed,
  isInquiry,
  possibleFrom,
  type StoredDispute,
} from './dispute-kind.ts';
import { NO_EVIDENCE } from './dispute-parameters.ts';
import { emit } from './events.ts';

const DAY_SECONDS = 24 * 60 * 60;
/** How long evidence is waited for. Card networks give 7 to 21 days. */
const RESPONSE_SECONDS = 7 * DAY_SECONDS;
/** An inquiry that did not become a chargeback by then is over. Source: https://docs.stripe.com/disputes/how-disputes-work */
const INQUIRY_SECONDS = 120 * DAY_SECONDS;

/** Visa's codes of the reasons, as Stripe maps them. Source: https://docs.stripe.com/disputes/categories */
const NETWORK_CODES: Readonly<Record<string, string>> = {
  fraudulent: '10.4',
  product_not_received: '13.1',
  subscription_canceled: '13.2',
  product_unacceptable: '13.3',
  credit_not_processed: '13.6',
  duplicate: '12.6.1',
};

export interface NewDispute {
  readonly status: DisputeBeginning;
  /** Minor units; at most {@link disputable}. */
  readonly amount: number;
  readonly reason: string;
  readonly dueInSeconds?: number | undefined;
}

/** How much of a charge no dispute is about yet. A refund does not hinder a bank: both can meet the same money. */
export async function disputable(call: Call, charge: StoredCharge): Promise<number> {
  const open = (await disputesOf(call, charge.body.id)).filter(({ body }) => !isDismissed(body.status));
  return charge.body.amount_captured - open.reduce((sum, { body }) => sum + body.amount, 0);
}

async function disputesOf(call: Call, charge: string): Promise<readonly StoredDispute[]> {
  const found = await call.tx.query<StoredDispute>(
    `SELECT body, hidden, owner FROM sandbox.objects
     WHERE kind = 'dispute' AND owner = $1 AND body @> $2 ORDER BY sequence FOR UPDATE`,
    [call.account, JSON.stringify({ charge })],
  );
  return found.rows;
}

/** The buyer's bank opens a dispute on a captured charge, which the caller has locked. */
export async function openDispute(call: Call, charge: StoredCharge, given: NewDispute): Promise<Stripe.Dispute> {
  const dueBy = call.now + (given.dueInSeconds ?? RESPONSE_SECONDS);
  const { transfer_group: transferGroup } = charge.body;
  const disputed = await change(call, charge, { disputed: true });
  let dispute: StoredDispute = await add(call, DISPUTE, buildDispute(call, charge.body, given, dueBy), {
    transferGroup,
    next: nextOf(given.status, call.now, dueBy),
  });
  const { id, amount, currency } = dispute.body;
  await record(call, { kind: 'dispute_opened', id, amount, currency, transferGroup });
  if (!isInquiry(given.status)) dispute = await withdraw(call, disputed, dispute);
  await emit(call, 'charge.dispute.created', dispute.body);
  if (!isInquiry(given.status)) await emit(call, 'charge.dispute.funds_withdrawn', dispute.body);
  if (isClosed(given.status)) await close(call, dispute);
  return dispute.body;
}

function buildDispute(call: Call, charge: Stripe.Charge, given: NewDispute, dueBy: number): Stripe.Dispute {
  const brand = charge.payment_method_details?.card?.brand ?? 'visa';
  const networkReasonCode = NETWORK_CODES[given.reason] ?? null;
  return {
    id: newStripeId('du'),
    object: 'dispute',
    amount: given.amount,
    balance_transactions: [],
    charge: charge.id,
    created: call.now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: NO_EVIDENCE,
    evidence_details: {
      due_by: given.status === 'prevented' ? null : dueBy,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
    },
    is_charge_refundable: isInquiry(given.status),
    livemode: false,
    metadata: {},
    network_reason_code: networkReasonCode,
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: { brand, case_type: caseTypeOf(given.status), network: brand, network_reason_code: networkReasonCode },
      type: 'card',
    },
    reason: given.reason,
    status: given.status,
  };
}

function caseTypeOf(status: DisputeStatus): Stripe.Dispute.PaymentMethodDetails.Card.CaseType {
  if (status === 'prevented') return 'resolution';
  return isInquiry(status) ? 'inquiry' : 'chargeback';
}

/** What happens to a dispute if nobody does anything: no answer loses, an inquiry runs out. */
function nextOf(status: DisputeStatus, opened: number, dueBy: number): StoredDispute['hidden']['next'] {
  if (status === 'needs_response') return { status: 'lost', at: dueBy };
  return isInquiry(status) && !isClosed(status) ? { status: 'warning_closed', at: opened + INQUIRY_SECONDS } : null;
}

/** The dispute with this id and its charge, both locked: the charge first, as refunds do. @throws StripeError 404 */
export async function lockDispute(
  call: Call,
  id: string,
): Promise<{ readonly dispute: StoredDispute; readonly charge: StoredCharge }> {
  const found = await findObject(call.tx, DISPUTE, call.account, id);
  if (found === undefined) throw noSuchObject(DISPUTE.noun, id, 'dispute');
  const charge = await lockKnown(call, CHARGE, found.body.charge as string);
  return { charge, dispute: await lockKnown(call, DISPUTE, id) };
}

/** Whether a dispute can still become this. */
export const canBecome = ({ body }: StoredDispute, status: DisputeStatus): boolean =>
  possibleFrom(body.status).includes(status);

export interface MoreOfMove {
  readonly dueInSeconds?: number | undefined;
  /** How much comes back with a win: all of it unless told, none for now when it comes later. Minor units. */
  readonly reinstated?: number | undefined;
}

/** A dispute goes on. The caller has asked {@link canBecome}; both are locked by {@link lockDispute}. */
export async function moveDispute(
  call: Call,
  { dispute, charge }: { readonly dispute: StoredDispute; readonly charge: StoredCharge },
  status: DisputeStatus,
  more: MoreOfMove = {},
): Promise<Stripe.Dispute> {
  const back = status === 'won' ? (more.reinstated ?? dispute.body.amount) : 0;
  const asksAnew = status === 'needs_response';
  const dueBy = call.now + (more.dueInSeconds ?? RESPONSE_SECONDS);
  const takes = !isInquiry(status) && dispute.body.balance_transactions.length === 0;
  let after: StoredDispute = await change(
    call,
    dispute,
    {
      status,
      is_charge_refundable: isInquiry(status) || status === 'won',
      payment_method_details: {
        ...dispute.body.payment_method_details,
        type: 'card',
        card: { ...cardOf(dispute.body), case_type: takes ? caseTypeOf(status) : cardOf(dispute.body).case_type },
      },
      ...(asksAnew && { evidence_details: { ...dispute.body.evidence_details, due_by: dueBy, submission_count: 0 } }),
    },
    { next: nextOf(status, dispute.body.created, dueBy) },
  );
  if (takes) after = await withdraw(call, charge, after);
  if (back > 0) after = await reinstate(call, charge, after, back);
  if (!isClosed(status)) await emit(call, 'charge.dispute.updated', after.body, { previous: dispute.body });
  if (takes) await emit(call, 'charge.dispute.funds_withdrawn', after.body);
  if (isClosed(status)) await close(call, after);
  if (back > 0) await emit(call, 'charge.dispute.funds_reinstated', after.body);
  return after.body;
}

/** What the bank has of a dispute's money, minor units. */
export const withdrawnOf = ({ body }: StoredDispute): number =>
  -body.balance_transactions.reduce((sum, { amount }) => sum + amount, 0);

/** Money of a dispute that was won before comes back. The caller has asked {@link withdrawnOf}; both are locked. */
export async function reinstateLater(
  call: Call,
  { dispute, charge }: { readonly dispute: StoredDispute; readonly charge: StoredCharge },
  amount: number,
): Promise<Stripe.Dispute> {
  const after = await reinstate(call, charge, dispute, amount);
  await emit(call, 'charge.dispute.funds_reinstated', after.body);
  return after.body;
}

function cardOf({ id, payment_method_details: details }: Stripe.Dispute): Stripe.Dispute.PaymentMethodDetails.Card {
  if (details?.card === undefined) throw new Error(`The stored dispute ${id} names no card`);
  return details.card;
}

async function close(call: Call, { body, hidden }: StoredDispute): Promise<void> {
  await emit(call, 'charge.dispute.closed', body);
  const { id, amount, currency, status } = body;
  await record(call, { kind: `dispute_${status}`, id, amount, currency, transferGroup: hidden.transferGroup });
}

/** The bank takes the money; a chargeback also costs a fee, what was settled before it became one does not. */
function withdraw(call: Call, charge: StoredCharge, dispute: StoredDispute): Promise<StoredDispute> {
  const fee = dispute.body.status === 'prevented' ? 0 : DISPUTE_FEE;
  return move(call, charge, dispute, { movement: 'dispute', sign: -1, fee, says: 'Chargeback withdrawal' });
}

/** Money comes back, and with the first of it what the dispute cost. */
function reinstate(call: Call, charge: StoredCharge, dispute: StoredDispute, amount: number): Promise<StoredDispute> {
  const fee = dispute.body.balance_transactions.reduce((sum, booked) => sum + booked.fee, 0);
  const says = 'Chargeback reversal';
  return move(call, charge, dispute, { movement: 'dispute_reversal', sign: 1, fee: -fee, says, amount });
}

async function move(
  call: Call,
  charge: StoredCharge,
  dispute: StoredDispute,
  given: { movement: Booking['movement']; sign: 1 | -1; fee: number; says: string; amount?: number },
): Promise<StoredDispute> {
  const { id, currency } = dispute.body;
  const { amount = dispute.body.amount } = given;
  const booked = await book(call, {
    movement: given.movement,
    amount: given.sign * amount,
    currency,
    fee: given.fee,
    feeDescription: 'Dispute fee',
    source: id,
    description: `${given.says} for ${charge.body.id}`,
  });
  await change(call, charge, {}, { disputedAway: (charge.hidden.disputedAway ?? 0) - given.sign * amount });
  const { transferGroup } = dispute.hidden;
  const [moved, cost] =
    given.sign === -1 ? ['dispute_withdrawn', 'dispute_fee'] : ['dispute_reinstated', 'dispute_fee_returned'];
  await record(call, { kind: moved, id, amount, currency, transferGroup });
  if (given.fee !== 0) await record(call, { kind: cost, id, amount: Math.abs(given.fee), currency, transferGroup });
  // Money of a dispute is available at once, in both directions.
  return change(call, dispute, {
    balance_transactions: [...dispute.body.balance_transactions, { ...booked, status: 'available' }],
  });
}

/** What the card decided about the charge, once it was captured: several disputes share it, the first takes the odd cent. */
export async function openCardDisputes(call: Call, captured: StoredCharge): Promise<void> {
  const { disputes = [] } = captured.hidden;
  let left = captured.body.amount_captured;
  for (const [position, { reason, inquiry }] of disputes.entries()) {
    const amount = Math.ceil(left / (disputes.length - position));
    left -= amount;
    const charge = await lockKnown(call, CHARGE, captured.body.id);
    await openDispute(call, charge, {
      status: inquiry === true ? 'warning_needs_response' : 'needs_response',
      amount,
      reason,
    });
  }
}

/** A charge that is fully refunded leaves an inquiry nothing to ask about. The caller has locked the charge. */
export async function closeInquiries(call: Call, charge: StoredCharge): Promise<void> {
  for (const dispute of await disputesOf(call, charge.body.id)) {
    if (canBecome(dispute, 'warning_closed')) await moveDispute(call, { dispute, charge }, 'warning_closed');
  }
}

/** Ends every dispute whose time is over by the sandbox's clock, at most `limit` of them. Answers how many were due. */
export async function settleDueDisputes(call: Call, limit: number): Promise<number> {
  const due = await call.tx.query<{ id: string }>(
    `SELECT id FROM sandbox.objects
     WHERE kind = 'dispute' AND owner = $1 AND (hidden #>> '{next,at}')::bigint <= $2
     ORDER BY (hidden #>> '{next,at}')::bigint, sequence LIMIT $3`,
    [call.account, call.now, limit],
  );
  for (const { id } of due.rows) {
    const locked = await lockDispute(call, id);
    const { next } = locked.dispute.hidden;
    if (next !== null && next.at <= call.now) await moveDispute(call, locked, next.status);
  }
  return due.rows.length;
}
