/** A purchase as its parties see it. */
import { z } from 'zod';
import {
  CHARGEBACKS,
  PAYMENT_STATUSES,
  PURCHASE_STATES,
  type PurchaseState,
  TRANSFER_STATUSES,
} from '../../contracts/purchase.ts';
import { explain, type Purchase, type Side } from '../../services/transactions/index.ts';
import { ACCOUNTS, type Account } from '../../services/transactions/money.ts';
import { currency, idOf, timestamp } from '../schemas.ts';

const minorUnits = z.int().min(0);
const state = z.enum(PURCHASE_STATES);
const side = z.enum(['buyer', 'seller']);

const automatic = z
  .object({ at: timestamp, becomes: state, says: z.string() })
  .nullable()
  .meta({ description: 'What happens by itself, and when; null when nothing does.' });

export const purchaseSchema = z
  .object({
    id: idOf('pur'),
    state,
    chargeback: z.enum(CHARGEBACKS),
    listingId: idOf('lst'),
    buyerId: idOf('usr'),
    sellerId: idOf('usr'),
    quantity: z.int().min(1),
    price: z.object({ amount: minorUnits, currency }),
    payment: z.object({
      status: z.enum(PAYMENT_STATUSES),
      problem: z.string().nullable().meta({ description: 'Why the last try was declined, in a word.' }),
      clientSecret: z.string().optional().meta({
        description: 'For the app to confirm the payment with; only for the buyer, in the answer to the POST.',
      }),
    }),
    transfer: z.object({ status: z.enum(TRANSFER_STATUSES) }),
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
      .partialRecord(z.enum(['payBy', 'acceptBy', 'deliverBy', 'inspectUntil', 'completesAt']), timestamp)
      .meta({ description: 'The deadline that runs now.' }),
    next: z.object({
      waitsFor: z.enum(['buyer', 'seller', 'platform', 'nobody']),
      actions: z.array(z.string()).meta({ description: 'What you can do now.' }),
      automatic,
      inProgress: z
        .boolean()
        .meta({ description: 'In the answer to a command: it is still under way, read again in a moment.' }),
    }),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Purchase' });

export const whySchema = z
  .object({
    state,
    summary: z.string(),
    waitsFor: z.enum(['buyer', 'seller', 'platform', 'nobody']),
    holds: z.array(z.string()),
    mayAct: z.array(z.object({ party: side, actions: z.array(z.string()) })),
    automatic,
  })
  .meta({ id: 'PurchaseWhy' });

export const timelineSchema = z
  .object({
    data: z.array(
      z.object({
        at: timestamp,
        by: z.enum(['buyer', 'seller', 'staff', 'provider', 'system']),
        action: z.string(),
        state: state.nullable(),
        moves: z.array(z.object({ name: z.string(), amount: minorUnits })),
      }),
    ),
  })
  .meta({ id: 'PurchaseTimeline' });

/** What the deadline of a state is called. */
const DEADLINE_NAMES: Readonly<Partial<Record<PurchaseState, string>>> = {
  payment_pending: 'payBy',
  authorised: 'acceptBy',
  held: 'deliverBy',
  delivered: 'inspectUntil',
  released: 'completesAt',
};

/** @param viewer which party looks at it: the actions shown are theirs */
export function purchaseBody(
  purchase: Purchase,
  viewer: Side,
  more: { clientSecret?: string | undefined; inProgress?: boolean } = {},
): z.input<typeof purchaseSchema> {
  const { waitsFor, holds, mayAct, automatic } = explain(purchase);
  const deadline = automatic === null ? undefined : DEADLINE_NAMES[purchase.state];
  return {
    id: purchase.id,
    state: purchase.state,
    chargeback: purchase.chargeback,
    listingId: purchase.listingId,
    buyerId: purchase.buyerId,
    sellerId: purchase.sellerId,
    quantity: purchase.quantity,
    price: { amount: purchase.terms.price, currency: purchase.currency },
    payment: {
      status: purchase.payment.status,
      problem: purchase.payment.problem,
      ...(more.clientSecret !== undefined && { clientSecret: more.clientSecret }),
    },
    transfer: { status: purchase.transfer.status },
    money: { currency: purchase.currency, ...purchase.books },
    holds: [...holds],
    deadlines: deadline === undefined || automatic === null ? {} : { [deadline]: automatic.at },
    next: {
      waitsFor,
      actions: mayAct.find(({ party }) => party === viewer)?.actions.slice() ?? [],
      automatic,
      inProgress: more.inProgress ?? false,
    },
    createdAt: purchase.createdAt.toISOString(),
    updatedAt: purchase.updatedAt.toISOString(),
  };
}
