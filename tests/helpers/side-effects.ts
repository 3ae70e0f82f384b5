/** Every side effect of a purchase, as a table: how it is brought about, and how the purchase ends after it. */
import { randomUUID } from 'node:crypto';
import type { AftercareActivities } from '../../activities/aftercare.ts';
import type { PurchaseActivities } from '../../activities/purchase.ts';
import type { UserId } from '../../contracts/ids.ts';
import type { Purchase } from '../../services/transactions/index.ts';
import { payoutAccountOf } from '../../services/users/index.ts';
import { freeSlots, publishedBooking } from './bookings.ts';
import { aboutChargeback, disputed, laid, moveDispute } from './chargebacks.ts';
import { type Response, request } from './client.ts';
import type { Scene, StripeCall } from './death.ts';
import { withDatabase } from './outcomes.ts';
import { type Person, verifiedSeller } from './people.ts';
import { act, buy, publishedListing, reached, read, sandboxLog } from './purchases.ts';
import { stack } from './stack.ts';
import { order, staffToken } from './staff.ts';
import { waitFor } from './wait-for.ts';

export interface Cast {
  readonly seller: Person;
  readonly buyer: Person;
}

/** A scene about to begin. */
type Setting = Pick<Scene, 'listingId' | 'purchaseId' | 'go'>;

export interface SideEffect {
  readonly asks: StripeCall | undefined;
  /** Brings a purchase to just before it. */
  readonly set: (cast: Cast) => Promise<Setting>;
  /** Whether all is done that follows from it. */
  readonly ended: (purchase: Purchase) => boolean;
}

const posts = (path: string, logged: string): StripeCall => ({ method: 'POST', path, logged });

/** A step that has no scene of its own here, and why. */
export interface Unplayed {
  readonly unplayed: string;
}

/** A scene that is written, and in which not every death was seen to be survived. */
const notYet = (_scene: SideEffect): Unplayed => ({ unplayed: 'its scene was not seen to end at every point' });

export const SIDE_EFFECTS: Readonly<Record<keyof (PurchaseActivities & AftercareActivities), SideEffect | Unplayed>> = {
  openPurchase: {
    asks: undefined,
    set: async ({ seller, buyer }) => {
      const listingId = await publishedListing(seller);
      return { listingId, purchaseId: undefined, go: () => insist((key) => buy(buyer, listingId, {}, key)) };
    },
    ended: ({ state }) => state === 'authorised',
  },
  beginPayment: {
    asks: posts('/v1/payment_intents', 'authorise'),
    set: async ({ seller, buyer }) => {
      const listingId = await publishedListing(seller);
      return { listingId, purchaseId: undefined, go: () => insist((key) => buy(buyer, listingId, {}, key)) };
    },
    ended: ({ state }) => state === 'authorised',
  },
  refreshPayment: {
    asks: { method: 'GET', path: '/v1/payment_intents/{intent}', logged: undefined },
    set: async ({ seller, buyer }) => {
      const listingId = await publishedListing(seller);
      const { body } = await buy(buyer, listingId, { paymentMethod: undefined });
      return { listingId, purchaseId: body.id, go: () => payInApp(body.payment.clientSecret ?? '') };
    },
    ended: ({ state }) => state === 'authorised',
  },
  capturePayment: {
    asks: posts('/v1/payment_intents/{intent}/capture', 'capture'),
    set: async ({ seller, buyer }) => {
      const { listingId, purchaseId } = await bought({ seller, buyer });
      return { listingId, purchaseId, go: () => insist((key) => act(seller, purchaseId, 'accept', key)) };
    },
    ended: ({ state }) => state === 'held',
  },
  cancelPayment: {
    asks: posts('/v1/payment_intents/{intent}/cancel', 'cancel'),
    set: async ({ seller, buyer }) => {
      const { listingId, purchaseId } = await bought({ seller, buyer });
      return { listingId, purchaseId, go: () => insist((key) => act(seller, purchaseId, 'decline', key)) };
    },
    ended: ({ state }) => state === 'declined',
  },
  recordDelivery: {
    asks: undefined,
    set: async ({ seller, buyer }) => {
      const { listingId, purchaseId } = await bought({ seller, buyer }, 'accept');
      return { listingId, purchaseId, go: () => insist((key) => act(seller, purchaseId, 'deliver', key)) };
    },
    ended: ({ state }) => state === 'delivered',
  },
  releaseToSeller: {
    asks: posts('/v1/transfers', 'transfer'),
    set: async ({ seller, buyer }) => {
      const { listingId, purchaseId } = await bought({ seller, buyer }, 'accept', 'deliver');
      return { listingId, purchaseId, go: () => insist((key) => act(buyer, purchaseId, 'confirm', key)) };
    },
    ended: ({ state }) => state === 'released',
  },
  retryTransfer: {
    asks: posts('/v1/transfers', 'transfer'),
    set: async ({ buyer }) => {
      // Their account is disabled: nobody else's purchase may wait for it.
      const seller = await verifiedSeller();
      const { listingId, purchaseId } = await bought({ seller, buyer }, 'accept', 'deliver');
      const account = (await withDatabase((database) => payoutAccountOf(database, seller.id as UserId))) ?? '';
      await changeAccount(account, 'under_review');
      await act(buyer, purchaseId, 'confirm');
      await reached(buyer, purchaseId, 'released');
      await waitFor(async () => (await stateOfOnboarding(seller)) === 'restricted', {
        what: 'the seller to be restricted',
        timeoutMs: 20_000,
      });
      return { listingId, purchaseId, go: () => changeAccount(account, null) };
    },
    ended: ({ transfer }) => transfer.status === 'sent',
  },
  refundBuyer: {
    asks: posts('/v1/refunds', 'refund'),
    set: async ({ seller, buyer }) => {
      const { listingId, purchaseId } = await bought({ seller, buyer }, 'accept');
      return { listingId, purchaseId, go: () => insist((key) => act(seller, purchaseId, 'cancel', key)) };
    },
    ended: ({ state }) => state === 'cancelled',
  },
  reverseTransfer: {
    asks: posts('/v1/transfers/{id}/reversals', 'reversal'),
    set: async ({ seller, buyer }) => {
      const { listingId, purchaseId } = await bought({ seller, buyer }, 'accept', 'deliver');
      await act(buyer, purchaseId, 'confirm');
      await reached(buyer, purchaseId, 'released');
      return { listingId, purchaseId, go: () => insist((key) => refundInFull(seller, purchaseId, key)) };
    },
    ended: ({ state }) => state === 'refunded',
  },
  noteRefund: {
    asks: { method: 'GET', path: '/v1/refunds/{refund}', logged: undefined },
    set: async ({ seller, buyer }) => {
      const { listingId, purchaseId } = await bought({ seller, buyer }, 'accept');
      await act(seller, purchaseId, 'cancel');
      await reached(buyer, purchaseId, 'cancelled');
      const [refund] = await sandboxLog({ transferGroup: purchaseId, kind: 'refund' });
      return { listingId, purchaseId, go: () => sendBack(refund?.id ?? '') };
    },
    ended: ({ refund }) => refund.status === 'failed',
  },
  refundAgain: notYet({
    asks: { ...posts('/v1/refunds', 'refund'), loggedBefore: 1 },
    set: async ({ seller, buyer }) => {
      const { listingId, purchaseId } = await bought({ seller, buyer }, 'accept');
      const staff = await staffToken('finance');
      await act(seller, purchaseId, 'cancel');
      await reached(buyer, purchaseId, 'cancelled');
      const [refund] = await sandboxLog({ transferGroup: purchaseId, kind: 'refund' });
      await sendBack(refund?.id ?? '');
      await waitFor(async () => (await read(buyer, purchaseId)).body.money.owedToBuyer > 0, {
        what: 'the refund to be owed',
        timeoutMs: 20_000,
      });
      const path = `/v1/admin/purchases/${purchaseId}/refunds/again`;
      const order = {
        token: staff.accessToken,
        body: { refundId: refund?.id, reason: 'The bank has mended the card.' },
      };
      const go = () => insist((idempotencyKey) => request('POST', path, { ...order, idempotencyKey }));
      return { listingId, purchaseId, go };
    },
    ended: ({ refund, books }) => refund.status === 'succeeded' && books.owedToBuyer === 0,
  }),
  noteChargeback: notYet({
    asks: { method: 'GET', path: '/v1/disputes/{dispute}', logged: undefined },
    set: async (cast) => {
      const { listingId, purchaseId } = await bought(cast, 'accept');
      return { listingId, purchaseId, go: () => disputed(purchaseId).then(nothing) };
    },
    ended: ({ chargeback, chargebackSheet }) => chargeback === 'open' && chargebackSheet?.next?.what === 'answer',
  }),
  answerChargeback: notYet({
    asks: posts('/v1/disputes/{dispute}', 'dispute_evidence'),
    set: async (cast) => {
      const [{ listingId, purchaseId, id }, staff] = await Promise.all([chargedBack(cast), staffToken('finance')]);
      return {
        listingId,
        purchaseId,
        go: () => insist((key) => aboutChargeback(staff, purchaseId, id, 'evidence', key)),
      };
    },
    ended: ({ chargeback, chargebackSheet }) => chargeback === 'open' && chargebackSheet?.next === null,
  }),
  acceptChargeback: notYet({
    asks: posts('/v1/disputes/{dispute}/close', 'dispute_lost'),
    set: async (cast) => {
      const [{ listingId, purchaseId, id }, staff] = await Promise.all([chargedBack(cast), staffToken('finance')]);
      return {
        listingId,
        purchaseId,
        go: () => insist((key) => aboutChargeback(staff, purchaseId, id, 'accept', key)),
      };
    },
    ended: ({ state, chargeback }) => state === 'refunded' && chargeback === 'lost',
  }),
  awaitFunds: notYet({
    asks: { method: 'GET', path: '/v1/disputes/{dispute}', logged: undefined },
    set: async (cast) => {
      const { listingId, purchaseId, id } = await chargedBack(cast);
      return { listingId, purchaseId, go: () => moveDispute(id, 'won', { reinstated: 0 }).then(nothing) };
    },
    ended: ({ chargeback, chargebackSheet }) => chargeback === 'open' && chargebackSheet?.next === null,
  }),
  settleChargeback: notYet({
    asks: posts('/v1/transfers/{id}/reversals', 'reversal'),
    set: async (cast) => {
      const { listingId, purchaseId, id } = await chargedBack(cast, 'deliver', 'confirm');
      return { listingId, purchaseId, go: () => moveDispute(id, 'lost').then(nothing) };
    },
    ended: ({ state, books }) => state === 'refunded' && books.advanced === 0,
  }),
  proposeReschedule: {
    asks: undefined,
    set: async ({ buyer }) => {
      const { seller, listingId, purchaseId, to } = await booked(buyer);
      return { listingId, purchaseId, go: () => insist((key) => propose(seller, purchaseId, to, key)) };
    },
    ended: ({ proposal }) => proposal !== null,
  },
  moveBooking: {
    asks: undefined,
    set: async ({ buyer }) => {
      const { seller, listingId, purchaseId, to } = await booked(buyer);
      await propose(seller, purchaseId, to);
      return { listingId, purchaseId, go: () => insist((key) => acceptReschedule(buyer, purchaseId, to, key)) };
    },
    ended: ({ payment, slot }) => slot !== null && payment.capturedAt !== null && slot.since > payment.capturedAt,
  },
  pauseForDispute: notYet({
    asks: undefined,
    set: async ({ seller, buyer }) => {
      const { listingId, purchaseId } = await bought({ seller, buyer }, 'accept', 'deliver');
      return { listingId, purchaseId, go: () => insist((key) => post(buyer, purchaseId, 'disputes', CLAIM, key)) };
    },
    ended: ({ dispute }) => dispute !== null,
  }),
  noteDecision: notYet({
    asks: undefined,
    set: async ({ seller, buyer }) => {
      const { listingId, purchaseId } = await bought({ seller, buyer }, 'accept', 'deliver');
      const dispute = await post<{ id: string }>(buyer, purchaseId, 'disputes', CLAIM);
      const path = `/v1/disputes/${dispute.body.id}/response`;
      const answer = { token: seller.accessToken, body: { answer: 'accept' } };
      const go = () => insist((idempotencyKey) => request('POST', path, { ...answer, idempotencyKey }));
      return { listingId, purchaseId, go };
    },
    ended: ({ state }) => state === 'refunded',
  }),
  addStaffNote: {
    asks: undefined,
    set: async (cast) => {
      const [{ listingId, purchaseId }, staff] = await Promise.all([bought(cast), staffToken('support')]);
      const note = { note: 'The buyer called.' };
      return { listingId, purchaseId, go: () => insist((key) => order(staff, purchaseId, 'notes', note, key)) };
    },
    ended: ({ state }) => state === 'authorised',
  },
  pauseMoney: {
    asks: undefined,
    set: async (cast) => {
      const [{ listingId, purchaseId }, staff] = await Promise.all([bought(cast, 'accept'), staffToken('support')]);
      const reason = { reason: 'The card may be stolen.' };
      return { listingId, purchaseId, go: () => insist((key) => order(staff, purchaseId, 'pause', reason, key)) };
    },
    ended: ({ pause }) => pause !== null,
  },
  resumeMoney: {
    asks: undefined,
    set: async (cast) => {
      const [{ listingId, purchaseId }, staff] = await Promise.all([bought(cast, 'accept'), staffToken('finance')]);
      const reason = { reason: 'All is well.' };
      await order(staff, purchaseId, 'pause', reason);
      return { listingId, purchaseId, go: () => insist((key) => order(staff, purchaseId, 'resume', reason, key)) };
    },
    ended: ({ pause, stoodStillMs }) => pause === null && stoodStillMs > 0,
  },
  topUpSeller: { unplayed: 'it asks and commits as releaseToSeller does' },
  reverseTopUp: { unplayed: 'it asks and commits as reverseTransfer does' },
  settleTopUp: { unplayed: 'it asks and commits as settleChargeback does' },
  reportHoldLimit: { unplayed: 'only months bring it about; it commits as pauseMoney does' },
  readStanding: { unplayed: 'it only reads' },
  completePurchase: { unplayed: 'only fourteen days bring it about; it commits as recordDelivery does' },
  remindOfEvidence: { unplayed: 'only a deadline brings it about; it commits once, as every step does' },
  remindParties: { unplayed: 'only a deadline brings it about; it commits once per reminder, as every step does' },
};

/** Those with scenes, by the names of their steps. */
export const PLAYED: readonly (readonly [string, SideEffect])[] = Object.entries(SIDE_EFFECTS).filter(
  (entry): entry is [string, SideEffect] => 'set' in entry[1],
);

/** Bought and paid, then taken so far by these actions. */
async function bought(
  { seller, buyer }: Cast,
  ...actions: readonly ('accept' | 'deliver')[]
): Promise<{ listingId: string; purchaseId: string }> {
  const listingId = await publishedListing(seller);
  const { status, body } = await buy(buyer, listingId);
  if (status !== 201) throw new Error(`it was not bought: ${JSON.stringify(body)}`);
  for (const action of actions) await act(seller, body.id, action);
  return { listingId, purchaseId: body.id };
}

/** Bought and accepted, taken so far by these actions, and then taken back by the buyer's bank. */
async function chargedBack(
  cast: Cast,
  ...actions: readonly ('deliver' | 'confirm')[]
): Promise<{ listingId: string; purchaseId: string; id: string }> {
  const { listingId, purchaseId } = await bought(cast, 'accept');
  for (const action of actions) await act(action === 'confirm' ? cast.buyer : cast.seller, purchaseId, action);
  const { id } = await disputed(purchaseId);
  await laid(cast.buyer, purchaseId, 'open');
  return { listingId, purchaseId, id };
}

const nothing = (): undefined => undefined;

/** A booking that is paid and accepted, and another time that is free. */
async function booked(buyer: Person): Promise<{ seller: Person; listingId: string; purchaseId: string; to: string }> {
  // Nobody can be in two places: other bookings of the same seller would take their hours.
  const seller = await verifiedSeller();
  const listingId = await publishedBooking(seller);
  const [from, to] = (await freeSlots(listingId, 200)).map(({ startsAt }) => startsAt);
  const { status, body } = await buy(buyer, listingId, { slot: { startsAt: from } });
  if (status !== 201 || to === undefined) throw new Error(`it was not booked: ${JSON.stringify(body)}`);
  await act(seller, body.id, 'accept');
  return { seller, listingId, purchaseId: body.id, to };
}

const CLAIM = { reason: 'damaged', description: 'It is broken.' };
const post = <Body = { code?: string }>(
  who: Person,
  purchaseId: string,
  action: string,
  body: Record<string, unknown>,
  key?: string,
) =>
  request<Body>('POST', `/v1/purchases/${purchaseId}/${action}`, {
    token: who.accessToken,
    body,
    ...(key !== undefined && { idempotencyKey: key }),
  });
const propose = (who: Person, id: string, startsAt: string, key?: string) =>
  post(who, id, 'reschedule', { startsAt }, key);
const acceptReschedule = (who: Person, id: string, startsAt: string, key?: string) =>
  post(who, id, 'reschedule/accept', { startsAt }, key);
const refundInFull = (who: Person, id: string, key?: string) => post(who, id, 'refunds', {}, key);

/** Asks as a good client does: with the same key, until there is a final answer. @returns its status */
function insist(ask: (key: string) => Promise<Response<{ code?: string }>>): Promise<number> {
  const key = randomUUID();
  return waitFor(
    async () => {
      const { status, body } = await ask(key);
      const isFinal = status !== 202 && status < 500 && body.code !== 'IN_PROGRESS';
      return isFinal && status;
    },
    { what: 'a final answer', timeoutMs: 60_000, intervalMs: 250 },
  );
}

/** The buyer pays as Stripe.js does: from then on only a webhook tells. */
async function payInApp(clientSecret: string): Promise<undefined> {
  const intent = clientSecret.split('_secret_')[0] ?? '';
  await fetch(`${stack().urls.stripe}/v1/payment_intents/${intent}/confirm`, {
    method: 'POST',
    headers: { authorization: 'Bearer pk_test_wellpact', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_secret: clientSecret, payment_method: 'pm_card_visa' }),
  });
}

/** Stripe disables a seller's account, or enables it again. */
async function changeAccount(account: string, disabledReason: string | null): Promise<undefined> {
  const base = stack().urls.sandbox;
  const { status } = await request('POST', `/_control/accounts/${account}`, { base, body: { disabledReason } });
  if (status !== 200) throw new Error(`the account ${account} was not changed`);
}

/** The buyer's bank does not take a refund: it comes back. */
async function sendBack(refundId: string): Promise<undefined> {
  const base = stack().urls.sandbox;
  const { status } = await request('POST', `/_control/refunds/${refundId}`, { base, body: { status: 'failed' } });
  if (status !== 200) throw new Error(`the refund ${refundId} did not come back`);
}

async function stateOfOnboarding({ id, accessToken: token }: Person): Promise<string> {
  const path = `/v1/onboardings/${id.replace('usr_', 'onb_')}`;
  return (await request<{ state: string }>('GET', path, { token })).body.state;
}
