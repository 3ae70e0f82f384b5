/** The side effects of a purchase on its way: opening, payment, delivery, times, what staff do, and what the clock does. */
import { freeSlots, publishedBooking } from './bookings.ts';
import { type Person, verifiedSeller } from './people.ts';
import { act, buy, publishedListing } from './purchases.ts';
import {
  bought,
  type Cast,
  deadlineIn,
  insist,
  lookAgain,
  looks,
  post,
  posts,
  type Setting,
  type SideEffect,
  type Sold,
} from './side-effect.ts';
import { stack } from './stack.ts';
import { order } from './staff.ts';

/** A client buys. */
async function buying({ seller, buyer }: Cast): Promise<Setting> {
  const listingId = await publishedListing(seller);
  return { listingId, purchaseId: undefined, go: () => insist((key) => buy(buyer, listingId, {}, key)) };
}

export const PURCHASE_EFFECTS = {
  openPurchase: {
    asks: undefined,
    set: async (cast) => {
      const setting = await buying(cast);
      return { ...setting, waitsFor: { table: 'marketplace.listings', id: setting.listingId } };
    },
    ended: ({ state }) => state === 'authorised',
  },
  beginPayment: {
    asks: posts('/v1/payment_intents'),
    set: buying,
    ended: ({ state }) => state === 'authorised',
  },
  refreshPayment: {
    asks: looks('/v1/payment_intents/{intent}'),
    set: async ({ seller, buyer }) => {
      const listingId = await publishedListing(seller);
      const { body } = await buy(buyer, listingId, { paymentMethod: undefined });
      const secret = body.payment.clientSecret ?? '';
      const [intent] = secret.split('_secret_');
      const looksAt = `/v1/payment_intents/${intent}`;
      return { listingId, purchaseId: body.id, looksAt, go: () => payInApp(looksAt, secret) };
    },
    ended: ({ state }) => state === 'authorised',
  },
  capturePayment: {
    asks: posts('/v1/payment_intents/{intent}/capture'),
    set: async (cast) => {
      const sold = await bought(cast, []);
      return { ...sold, go: () => insist((key) => act(cast.seller, sold.purchaseId, 'accept', key)) };
    },
    ended: ({ state }) => state === 'held',
  },
  cancelPayment: {
    asks: posts('/v1/payment_intents/{intent}/cancel'),
    set: async (cast) => {
      const sold = await bought(cast, []);
      return { ...sold, go: () => insist((key) => act(cast.seller, sold.purchaseId, 'decline', key)) };
    },
    ended: ({ state }) => state === 'declined',
  },
  recordDelivery: {
    asks: undefined,
    set: async (cast) => {
      const sold = await bought(cast, ['accept']);
      return { ...sold, go: () => insist((key) => act(cast.seller, sold.purchaseId, 'deliver', key)) };
    },
    ended: ({ state }) => state === 'delivered',
  },
  completePurchase: {
    asks: undefined,
    set: async (cast) => {
      const sold = await bought(cast, ['accept', 'deliver', 'confirm']);
      await deadlineIn(sold.purchaseId, 0);
      const waitsFor = { table: 'transactions.steps', id: sold.purchaseId, step: 'completePurchase' } as const;
      return { ...sold, waitsFor, go: () => lookAgain(sold.purchaseId) };
    },
    ended: ({ state }) => state === 'completed',
  },
  remindParties: {
    asks: undefined,
    set: async (cast) => {
      const sold = await bought(cast, ['accept', 'deliver']);
      // Half a day before it both are reminded, which is in a moment.
      const dueAt = await deadlineIn(sold.purchaseId, HALF_A_DAY_MS + A_MOMENT_MS);
      const step = `remind/inspection_ending/${dueAt.getTime()}`;
      return {
        ...sold,
        waitsFor: { table: 'transactions.steps', id: sold.purchaseId, step },
        go: () => lookAgain(sold.purchaseId),
      };
    },
    ended: (_purchase, { events }) => events.includes('purchase.reminder'),
  },
  proposeReschedule: {
    asks: undefined,
    set: async ({ buyer }) => {
      const { seller, to, ...sold } = await booked(buyer);
      return { ...sold, go: () => insist((key) => propose(seller, sold.purchaseId, to, key)) };
    },
    ended: ({ proposal }) => proposal !== null,
  },
  moveBooking: {
    asks: undefined,
    set: async ({ buyer }) => {
      const { seller, to, ...sold } = await booked(buyer);
      await propose(seller, sold.purchaseId, to);
      const accept = `purchases/${sold.purchaseId}/reschedule/accept`;
      return { ...sold, go: () => insist((key) => post(buyer, accept, { startsAt: to }, key)) };
    },
    ended: ({ payment, slot }) => slot !== null && payment.capturedAt !== null && slot.since > payment.capturedAt,
  },
  addStaffNote: {
    asks: undefined,
    set: async (cast) => {
      const sold = await bought(cast, []);
      const note = { note: 'The buyer called.' };
      return { ...sold, go: () => insist((key) => order(cast.support, sold.purchaseId, 'notes', note, key)) };
    },
    ended: ({ state }) => state === 'authorised',
  },
  pauseMoney: {
    asks: undefined,
    set: async (cast) => {
      const sold = await bought(cast, ['accept']);
      const reason = { reason: 'The card may be stolen.' };
      return { ...sold, go: () => insist((key) => order(cast.support, sold.purchaseId, 'pause', reason, key)) };
    },
    ended: ({ pause }) => pause !== null,
  },
  resumeMoney: {
    asks: undefined,
    set: async (cast) => {
      const sold = await bought(cast, ['accept']);
      const reason = { reason: 'All is well.' };
      await order(cast.finance, sold.purchaseId, 'pause', reason);
      return { ...sold, go: () => insist((key) => order(cast.finance, sold.purchaseId, 'resume', reason, key)) };
    },
    ended: ({ pause, stoodStillMs }) => pause === null && stoodStillMs > 0,
  },
} as const satisfies Readonly<Record<string, SideEffect>>;

const HALF_A_DAY_MS = 12 * 60 * 60 * 1_000;
const A_MOMENT_MS = 2_000;

/** A booking that is paid and accepted, and another time that is free. */
async function booked(buyer: Person): Promise<Sold & { readonly seller: Person; readonly to: string }> {
  // Nobody can be in two places: other bookings of the same seller would take their hours.
  const seller = await verifiedSeller();
  const listingId = await publishedBooking(seller);
  const [from, to] = (await freeSlots(listingId, 200)).map(({ startsAt }) => startsAt);
  const { status, body } = await buy(buyer, listingId, { slot: { startsAt: from } });
  if (status !== 201 || to === undefined) throw new Error(`it was not booked: ${JSON.stringify(body)}`);
  await act(seller, body.id, 'accept');
  return { seller, listingId, purchaseId: body.id, to };
}

const propose = (who: Person, id: string, startsAt: string, key?: string) =>
  post(who, `purchases/${id}/reschedule`, { startsAt }, key);

/** The buyer pays as Stripe.js does: from then on only a webhook tells. */
async function payInApp(intentPath: string, clientSecret: string): Promise<undefined> {
  await fetch(`${stack().urls.stripe}${intentPath}/confirm`, {
    method: 'POST',
    headers: { authorization: 'Bearer pk_test_wellpact', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_secret: clientSecret, payment_method: 'pm_card_visa' }),
  });
}
