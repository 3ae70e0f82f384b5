/** The side effects by which the money of a purchase is settled: released, refunded, taken back, owed and paid back. */
import { type Person, verifiedSeller } from './people.ts';
import { act, reached, read, sandboxLog } from './purchases.ts';
import {
  AVAILABLE,
  accountOf,
  bought,
  type Cast,
  deadlineIn,
  disable,
  happens,
  insist,
  lookAgain,
  looks,
  payOut,
  post,
  posts,
  type Setting,
  type SideEffect,
  type Sold,
  type Ways,
} from './side-effect.ts';
import { disputed, offered } from './side-effects-dispute.ts';
import { waitFor } from './wait-for.ts';

const REFUNDS = posts('/v1/refunds');
const TRANSFERS = posts('/v1/transfers');
const REVERSALS = posts('/v1/transfers/{id}/reversals');

export const MONEY_EFFECTS = {
  releaseToSeller: {
    confirmed: {
      asks: TRANSFERS,
      set: async (cast) => confirming(cast, await bought(cast, ['accept', 'deliver'])),
      ended: ({ state }) => state === 'released',
    },
    decided: {
      asks: TRANSFERS,
      set: (cast) => accepting(cast),
      ended: ({ state }) => state === 'released',
    },
    // What a seller owes is set aside before the rest is sent, in a transaction of its own.
    'setting aside': {
      asks: undefined,
      set: (cast) => releasingOfADebtor(cast),
      ended: ({ state }) => state === 'released',
    },
    recovering: {
      asks: TRANSFERS,
      set: (cast) => releasingOfADebtor(cast),
      ended: ({ state, books }) => state === 'released' && books.recovered === OWED,
    },
  },
  retryTransfer: {
    blocked: {
      asks: TRANSFERS,
      set: async ({ buyer }) => {
        // Their account is disabled: nobody else's purchase may wait for it.
        const seller = await verifiedSeller();
        const sold = await bought({ seller, buyer }, ['accept', 'deliver']);
        return enabling(seller, await blocked({ seller, buyer }, sold));
      },
      ended: ({ transfer }) => transfer.status === 'sent',
    },
    'setting aside': {
      asks: undefined,
      set: (cast) => enablingADebtor(cast),
      ended: ({ transfer }) => transfer.status === 'sent',
    },
    recovering: {
      asks: TRANSFERS,
      set: (cast) => enablingADebtor(cast),
      ended: ({ transfer, books }) => transfer.status === 'sent' && books.recovered === OWED,
    },
  },
  refundBuyer: {
    cancelled: {
      asks: REFUNDS,
      set: async (cast) => {
        const sold = await bought(cast, ['accept']);
        return { ...sold, go: () => insist((key) => act(cast.seller, sold.purchaseId, 'cancel', key)) };
      },
      ended: ({ state }) => state === 'cancelled',
    },
    'in part': {
      asks: REFUNDS,
      set: async (cast) => refunding(cast.seller, await bought(cast, ['accept']), A_PART),
      ended: ({ state, books }) => state === 'held' && books.refunded === A_PART,
    },
    // The seller has no money any more: Wellpact puts it in.
    advanced: {
      asks: REFUNDS,
      set: (cast) => refundingOfAPoorSeller(cast),
      ended: ({ state, books }) => state === 'refunded' && books.advanced === OWED,
    },
    decided: {
      asks: REFUNDS,
      set: (cast) => accepting(cast),
      ended: ({ state }) => state === 'released',
    },
    'at the hold limit': {
      asks: REFUNDS,
      set: async (cast) => {
        const { listingId, purchaseId } = await disputed(cast);
        await deadlineIn(purchaseId, 0);
        return { listingId, purchaseId, go: () => lookAgain(purchaseId) };
      },
      ended: ({ state }) => state === 'released',
    },
  },
  reverseTransfer: {
    'in full': {
      asks: REVERSALS,
      set: async (cast) => refunding(cast.seller, await bought(cast, ['accept', 'deliver', 'confirm'])),
      ended: ({ state }) => state === 'refunded',
    },
    'in part': {
      asks: REVERSALS,
      set: async (cast) => refunding(cast.seller, await bought(cast, ['accept', 'deliver', 'confirm']), A_PART),
      ended: ({ state, books }) => state === 'released' && books.refunded === A_PART,
    },
    refused: {
      asks: REVERSALS,
      set: (cast) => refundingOfAPoorSeller(cast),
      ended: ({ state, books }) => state === 'refunded' && books.advanced === OWED,
    },
  },
  noteRefund: {
    asks: looks('/v1/refunds/{refund}'),
    set: async (cast) => {
      const { refundId, ...sold } = await cancelled(cast);
      return { ...sold, looksAt: `/v1/refunds/${refundId}`, go: () => sendBack(refundId) };
    },
    ended: ({ refund }) => refund.status === 'failed',
  },
  refundAgain: {
    asks: REFUNDS,
    set: async (cast) => {
      const { refundId, ...sold } = await cancelled(cast);
      await sendBack(refundId);
      await waitFor(async () => (await read(cast.buyer, sold.purchaseId)).body.money.owedToBuyer > 0, {
        what: 'the refund to be owed',
        timeoutMs: 20_000,
      });
      const path = `admin/purchases/${sold.purchaseId}/refunds/again`;
      const order = { refundId, reason: 'The bank has mended the card.' };
      return { ...sold, go: () => insist((key) => post(cast.finance, path, order, key)) };
    },
    ended: ({ refund, books }) => refund.status === 'succeeded' && books.owedToBuyer === 0,
  },
} as const satisfies Readonly<Record<string, SideEffect | Ways>>;

const A_PART = 1_000;
/** What the seller was sent of a purchase of 25.00. */
const OWED = 2_250;

/** The buyer confirms: what is held is released. */
const confirming = ({ buyer }: Pick<Cast, 'buyer'>, sold: Sold): Setting => ({
  ...sold,
  go: () => insist((key) => act(buyer, sold.purchaseId, 'confirm', key)),
});

/** The buyer accepts what the seller offers in a dispute: a part goes back, and the rest is released. */
async function accepting(cast: Cast): Promise<Setting> {
  const { listingId, purchaseId, dispute } = await offered(cast, A_PART);
  return { listingId, purchaseId, go: () => insist((key) => post(cast.buyer, `${dispute}/offers/1/accept`, {}, key)) };
}

const refunding = (seller: Person, sold: Sold, amount?: number): Setting => {
  const body = amount === undefined ? {} : { amount: { amount, currency: 'EUR' } };
  return { ...sold, go: () => insist((key) => post(seller, `purchases/${sold.purchaseId}/refunds`, body, key)) };
};

/** Released to a seller who was paid out at once. */
async function soldByAPoorSeller({ buyer }: Pick<Cast, 'buyer'>): Promise<Sold & { readonly seller: Person }> {
  const seller = await verifiedSeller();
  const sold = await bought({ seller, buyer }, ['accept', 'deliver', 'confirm'], AVAILABLE);
  await payOut(seller);
  return { seller, ...sold };
}

async function refundingOfAPoorSeller(cast: Cast): Promise<Setting> {
  const { seller, ...sold } = await soldByAPoorSeller(cast);
  return refunding(seller, sold);
}

/** Wellpact has refunded a buyer in the seller's place. */
async function owes({ seller, purchaseId }: Sold & { readonly seller: Person }): Promise<void> {
  const { status, body } = await act(seller, purchaseId, 'refunds');
  if (status !== 200 || body.money.advanced !== OWED) throw new Error(`it was not advanced: ${JSON.stringify(body)}`);
}

async function releasingOfADebtor({ buyer }: Cast): Promise<Setting> {
  const poor = await soldByAPoorSeller({ buyer });
  await owes(poor);
  const { seller } = poor;
  return confirming({ buyer }, await bought({ seller, buyer }, ['accept', 'deliver'], { amount: 5_000 }));
}

/** Released to a seller whose account is disabled. */
async function blocked({ seller, buyer }: Pick<Cast, 'seller' | 'buyer'>, sold: Sold): Promise<Sold> {
  await disable(seller);
  await act(buyer, sold.purchaseId, 'confirm');
  await reached(buyer, sold.purchaseId, 'released');
  return sold;
}

/** Their account is enabled again. */
const enabling = (seller: Person, sold: Sold): Setting => ({
  ...sold,
  go: async () => happens(`accounts/${await accountOf(seller)}`, { disabledReason: null }),
});

async function enablingADebtor({ buyer }: Cast): Promise<Setting> {
  const poor = await soldByAPoorSeller({ buyer });
  const { seller } = poor;
  const sold = await bought({ seller, buyer }, ['accept', 'deliver'], { amount: 5_000 });
  await blocked({ seller, buyer }, sold);
  // Only now: what they owe is no part of what was released, and kept of what is sent.
  await owes(poor);
  return enabling(seller, sold);
}

/** Cancelled by the seller, and refunded. */
async function cancelled(cast: Cast): Promise<Sold & { readonly refundId: string }> {
  const sold = await bought(cast, ['accept']);
  await act(cast.seller, sold.purchaseId, 'cancel');
  await reached(cast.buyer, sold.purchaseId, 'cancelled');
  const [refund] = await sandboxLog({ transferGroup: sold.purchaseId, kind: 'refund' });
  return { ...sold, refundId: refund?.id ?? '' };
}

/** The buyer's bank does not take a refund: it comes back. */
const sendBack = (refundId: string) => happens(`refunds/${refundId}`, { status: 'failed' });
