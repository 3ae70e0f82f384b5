/** A purchase as its parties see it. */
import { z } from 'zod';
import {
  CHARGEBACKS,
  PAYMENT_STATUSES,
  PURCHASE_STATES,
  REFUND_STATUSES,
  TRANSFER_STATUSES,
} from '../../contracts/purchase.ts';
import { cancellationSplit } from '../../services/transactions/cancellation-rules.ts';
import { givenBack } from '../../services/transactions/discount-rules.ts';
import {
  type DisputeNow,
  type Explanation,
  explain,
  type Purchase,
  type Refund,
  type Side,
} from '../../services/transactions/index.ts';
import { ACCOUNTS, type Account } from '../../services/transactions/money.ts';
import { taxesWithin } from '../../services/transactions/tax-rules.ts';
import { chargeOf, commissionRateOf } from '../../services/transactions/terms-rules.ts';
import type { PurchaseEvent } from '../../services/transactions/transition-rules.ts';
import { currency, idOf, timestamp } from '../schemas.ts';

/** What the API calls the deadline at which something happens. */
const DEADLINE_NAMES = {
  payment_window_over: 'payBy',
  accept_window_over: 'acceptBy',
  delivery_overdue: 'deliverBy',
  booking_over: 'bookedUntil',
  inspection_over: 'inspectUntil',
  hold_limit_reached: 'heldUntil',
  aftercare_over: 'completesAt',
} as const satisfies Partial<Record<PurchaseEvent, string>>;

/** And what it calls the deadline of a dispute, whichever it is: the dispute itself says that. */
const DISPUTE_DEADLINE = 'disputeUntil';

const minorUnits = z.int().min(0);
const state = z.enum(PURCHASE_STATES);
const side = z.enum(['buyer', 'seller']);
const waitsFor = z
  .enum(['buyer', 'seller', 'both', 'mediator', 'platform', 'nobody'])
  .meta({ description: 'Whose move it is. `both` and `mediator` are those of a dispute.' });

const automatic = z
  .object({ at: timestamp, becomes: state, says: z.string() })
  .nullable()
  .meta({ description: 'What happens by itself, and when; null when nothing does.' });

const refundSchema = z.object({
  number: z.int().min(1),
  amount: minorUnits,
  status: z.enum(REFUND_STATUSES).exclude(['none']),
  at: timestamp,
});

export const purchaseSchema = z
  .object({
    id: idOf('pur'),
    state,
    chargeback: z.enum(CHARGEBACKS),
    chargebackAmount: minorUnits.nullable().meta({
      description: "What the buyer's bank asks about or has taken back, in minor units; null if it never did.",
    }),
    listingId: idOf('lst'),
    buyerId: idOf('usr'),
    sellerId: idOf('usr'),
    quantity: z.int().min(1),
    slot: z
      .object({ startsAt: timestamp, endsAt: timestamp })
      .nullable()
      .meta({ description: 'The time that is booked; null for goods.' }),
    reschedule: z
      .object({ startsAt: timestamp, proposedBy: side })
      .nullable()
      .meta({ description: 'Another time that a party proposes; the other one can accept it.' }),
    price: z.object({ amount: minorUnits, currency }).meta({ description: 'What it costs.' }),
    discount: z
      .object({ amount: minorUnits, code: z.string().nullable().meta({ description: 'Not for the seller.' }) })
      .nullable()
      .meta({ description: 'What Wellpact pays of the price, in minor units; null when the buyer pays all of it.' }),
    total: z
      .object({ amount: minorUnits, currency })
      .meta({ description: 'What the buyer pays: price less discount.' }),
    commission: z
      .object({ basisPoints: minorUnits, minimum: minorUnits.nullable(), maximum: minorUnits.nullable() })
      .meta({ description: 'What Wellpact keeps of what the seller gets, as agreed when it was bought.' }),
    taxes: z
      .array(z.object({ name: z.string(), country: z.string(), basisPoints: minorUnits, amount: minorUnits }))
      .meta({
        description: 'Taxes within the price, as agreed when it was bought. They move no money: the seller owes them.',
      }),
    payment: z.object({
      status: z.enum(PAYMENT_STATUSES),
      problem: z.string().nullable().meta({ description: 'Why the last try was declined, in a word.' }),
      clientSecret: z.string().optional().meta({
        description: 'For the app to confirm the payment with; only for the buyer, in the answer to the POST.',
      }),
    }),
    transfer: z.object({ status: z.enum(TRANSFER_STATUSES) }),
    refund: z.object({ status: z.enum(REFUND_STATUSES) }).meta({ description: 'The last one.' }),
    refunds: z.array(refundSchema).meta({
      description: 'What went back to the buyer, oldest first. One that `failed` came back, and is owed to them.',
    }),
    money: z
      .object({
        currency,
        ...(Object.fromEntries(ACCOUNTS.map((account) => [account, minorUnits])) as Record<Account, typeof minorUnits>),
      })
      .meta({
        description:
          'Where the money is, in minor units. captured + platformFunded + advanced is the sum of all others.',
      }),
    holds: z.array(z.string()).meta({ description: 'Why money stands still.' }),
    deadlines: z
      .partialRecord(z.enum([...Object.values(DEADLINE_NAMES), DISPUTE_DEADLINE]), timestamp)
      .meta({ description: 'The deadline that runs now.' }),
    next: z.object({
      waitsFor,
      actions: z.array(z.string()).meta({ description: 'What you can do now.' }),
      automatic,
      ifCancelled: z
        .object({ refund: minorUnits, forSeller: minorUnits })
        .nullable()
        .meta({
          description:
            'What the buyer would get back, and what is left to the seller before the commission, if you cancelled now; null ' +
            "when you cannot. A discount's part goes back to Wellpact.",
        }),
      inProgress: z
        .boolean()
        .meta({ description: 'Something was begun and is still under way: read again in a moment.' }),
    }),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Purchase' });

export const whySchema = z
  .object({
    state,
    summary: z.string(),
    waitsFor,
    holds: z.array(z.string()),
    mayAct: z.array(z.object({ party: side, actions: z.array(z.string()) })),
    automatic,
    inProgress: z.boolean(),
  })
  .meta({ id: 'PurchaseWhy' });

export const timelineEntrySchema = z.object({
  at: timestamp,
  by: z.enum(['buyer', 'seller', 'staff', 'provider', 'system']),
  action: z.string(),
  state: state.nullable(),
  moves: z.array(z.object({ name: z.string(), amount: minorUnits })),
});

export const timelineSchema = z.object({ data: z.array(timelineEntrySchema) }).meta({ id: 'PurchaseTimeline' });

interface ViewMore {
  readonly clientSecret?: string | undefined;
  readonly inProgress?: boolean;
  readonly refunds?: readonly Refund[] | undefined;
  /** What its dispute waits for. */
  readonly dispute?: DisputeNow | undefined;
}

/** @param viewer which party looks at it: the actions shown are theirs */
export function purchaseBody(
  purchase: Purchase,
  viewer: Side | 'staff',
  { refunds = [], ...more }: ViewMore = {},
): z.input<typeof purchaseSchema> {
  const nowMs = Date.now();
  const explanation = explain(purchase, nowMs, more.dispute);
  const { holds, mayAct, automatic } = explanation;
  const actions = mayAct.find(({ party }) => party === viewer)?.actions.slice() ?? [];
  return {
    id: purchase.id,
    state: purchase.state,
    chargeback: purchase.chargeback,
    chargebackAmount: purchase.chargebackSheet?.amount ?? null,
    listingId: purchase.listingId,
    buyerId: purchase.buyerId,
    sellerId: purchase.sellerId,
    quantity: purchase.quantity,
    slot: purchase.slot && {
      startsAt: purchase.slot.startsAt.toISOString(),
      endsAt: purchase.slot.endsAt.toISOString(),
    },
    reschedule: purchase.proposal && {
      startsAt: purchase.proposal.startsAt.toISOString(),
      proposedBy: purchase.proposal.by,
    },
    price: { amount: purchase.terms.price, currency: purchase.currency },
    discount: discountBody(purchase, viewer),
    total: { amount: chargeOf(purchase.terms), currency: purchase.currency },
    commission: commissionBody(purchase),
    taxes: taxesWithin(purchase.terms.price, purchase.terms.taxes ?? []).taxes.slice(),
    payment: {
      status: purchase.payment.status,
      problem: purchase.payment.problem,
      ...(more.clientSecret !== undefined && { clientSecret: more.clientSecret }),
    },
    transfer: { status: purchase.transfer.status },
    refund: { status: purchase.refund.status },
    refunds: refunds.map(({ number, amount, status, at }) => ({ number, amount, status, at: at.toISOString() })),
    money: { currency: purchase.currency, ...purchase.books },
    holds: [...holds],
    deadlines: deadlinesOf(purchase, automatic),
    next: {
      waitsFor: explanation.waitsFor,
      actions,
      automatic,
      ifCancelled: viewer !== 'staff' && actions.includes('cancel') ? ifCancelled(purchase, viewer, nowMs) : null,
      inProgress: more.inProgress ?? explanation.inProgress,
    },
    createdAt: purchase.createdAt.toISOString(),
    updatedAt: purchase.updatedAt.toISOString(),
  };
}

function discountBody({ terms: { discount } }: Purchase, viewer: Side | 'staff') {
  if (discount === undefined) return null;
  // The seller gets their price: which code it was is no matter of theirs.
  return { amount: discount.amount, code: viewer === 'seller' ? null : discount.code };
}

function commissionBody({ terms }: Purchase): z.input<typeof purchaseSchema>['commission'] {
  const { basisPoints, minimum = null, maximum = null } = commissionRateOf(terms);
  return { basisPoints, minimum, maximum };
}

function deadlinesOf(
  { deadlineAt, deadlineEvent }: Purchase,
  automatic: Explanation['automatic'],
): Record<string, string> {
  if (automatic === null) return {};
  if (automatic.at !== deadlineAt?.toISOString()) return { [DISPUTE_DEADLINE]: automatic.at };
  if (deadlineEvent === null || !isNamed(deadlineEvent)) return {};
  return { [DEADLINE_NAMES[deadlineEvent]]: automatic.at };
}

const isNamed = (event: PurchaseEvent): event is keyof typeof DEADLINE_NAMES => event in DEADLINE_NAMES;

/** What is not captured is given back whole, whatever the policy. */
function ifCancelled(
  { terms, slot, books, refundCap }: Purchase,
  by: Side,
  nowMs: number,
): { refund: number; forSeller: number } {
  if (books.held === 0) return { refund: chargeOf(terms), forSeller: 0 };
  const aheadMs = slot === null ? Number.POSITIVE_INFINITY : slot.startsAt.getTime() - nowMs;
  const split = cancellationSplit(books.held, terms.cancellation ?? [], by, aheadMs, refundCap);
  return { ...split, refund: givenBack(books, split.refund, terms.discount?.amount ?? 0).buyer };
}
