/**
 * A step that moved money at Stripe and was lost with its worker, before a word of it was written, and then something else than
 * that step: what was begun is gone through with first, as if nothing had been lost, and what comes next finds it done.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPurchaseActivities, type PaymentStep, type PurchaseActivities } from '../../activities/purchase.ts';
import { commandIdOf } from '../../api/idempotency/idempotency.ts';
import type { PurchaseId, UserId } from '../../contracts/ids.ts';
import type { Database } from '../../platform/database.ts';
import { connectTemporal, type Temporal } from '../../platform/temporal/client.ts';
import { createFlowSignals } from '../../platform/temporal/signals.ts';
import type { Payments } from '../../providers/payments.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { findPurchase, overduePurchases } from '../../services/transactions/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed, intentOf, laid, moveDispute, recordPurchase, sold } from '../helpers/chargebacks.ts';
import { type Response, request } from '../helpers/client.ts';
import { TEST_PAYLOAD_KEYS } from '../helpers/payload-key.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, type PurchaseBody, read, sandboxLog } from '../helpers/purchases.ts';
import { accountOf, disable, happens } from '../helpers/side-effect.ts';
import { stack } from '../helpers/stack.ts';
import { order, staffToken } from '../helpers/staff.ts';
import { asActivity, databaseOfStack, purchaseDeps } from '../helpers/steps.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
let finance: { readonly accessToken: string };
let database: Database;
let temporal: Temporal;
/** The steps as a worker takes them that dies as soon as Stripe has moved money. */
let dying: PurchaseActivities;

beforeAll(async () => {
  [seller, buyer, finance] = await Promise.all([verifiedSeller(), verifiedBuyer(), staffToken('finance')]);
  database = databaseOfStack(4);
  const { address, namespace } = stack().temporal;
  temporal = connectTemporal({
    temporal: { connection: { address }, namespace },
    PAYLOAD_KEYS: [...TEST_PAYLOAD_KEYS],
  });
  const deps = purchaseDeps(database);
  dying = createPurchaseActivities({ ...deps, payments: { ...deps.payments, ...lethal(deps.payments) } });
});
// What Stripe tells of a refund would heal it before anything else comes.
beforeEach(() => onWebhooks({ action: 'drop', type: 'refund.created', times: 10 }));
afterEach(() => request('DELETE', '/_control/webhooks', { base: stack().urls.sandbox }));
afterAll(() => Promise.all([database.close(), temporal.close()]));

const onWebhooks = async (body: Record<string, unknown>): Promise<void> => {
  expect((await request('POST', '/_control/webhooks', { base: stack().urls.sandbox, body })).status).toBeLessThan(300);
};

class Death extends Error {}

function lethal(payments: Payments): Pick<Payments, 'refund' | 'transfer' | 'reverseTransfer'> {
  const then =
    <Asked extends readonly unknown[], Told>(ask: (...asked: Asked) => Promise<Told>) =>
    async (...asked: Asked): Promise<Told> => {
      await ask(...asked);
      throw new Death('the worker dies');
    };
  return {
    refund: then((...asked) => payments.refund(...asked)),
    transfer: then((...asked) => payments.transfer(...asked)),
    reverseTransfer: then((...asked) => payments.reverseTransfer(...asked)),
  };
}

/** What is lost, and where it is lost: after Stripe, before our books. */
interface Lost {
  readonly what: string;
  readonly steps: readonly (keyof PurchaseActivities &
    ('refundBuyer' | 'releaseToSeller' | 'reverseTransfer' | 'retryTransfer'))[];
  readonly of: Pick<PaymentStep, 'event' | 'from'> & {
    readonly by: 'buyer' | 'seller' | 'clock';
    readonly amount?: number;
  };
  /** What Stripe has made of it by then. */
  readonly made: Readonly<Record<string, number>>;
}

const HELD = {
  refund: {
    what: 'a refund of all',
    steps: ['refundBuyer'],
    of: { event: 'refund_in_full', from: 'held', by: 'seller' },
    made: { refund: 2_500 },
  },
  part: {
    what: 'a refund of a part',
    steps: ['refundBuyer'],
    of: { event: 'refund_in_part', from: 'held', by: 'seller', amount: 1_000 },
    made: { refund: 1_000 },
  },
  release: {
    what: 'a release',
    steps: ['releaseToSeller'],
    of: { event: 'confirm', from: 'held', by: 'buyer' },
    made: { transfer: 2_250 },
  },
} as const satisfies Record<string, Lost>;

const RELEASED = {
  reversal: {
    what: 'the reversal of a refund of all',
    steps: ['reverseTransfer'],
    of: { event: 'refund_in_full', from: 'released', by: 'seller' },
    made: { reversal: 2_250 },
  },
  refund: {
    what: 'a refund of all, its reversal done',
    steps: ['reverseTransfer', 'refundBuyer'],
    of: { event: 'refund_in_full', from: 'released', by: 'seller' },
    made: { reversal: 2_250, refund: 2_500 },
  },
  part: {
    what: 'the reversal of a refund of a part',
    steps: ['reverseTransfer'],
    of: { event: 'refund_in_part', from: 'released', by: 'seller', amount: 1_000 },
    made: { reversal: 900 },
  },
} as const satisfies Record<string, Lost>;

/** Takes the steps as the workflow does, which never hears of them; the worker dies in the last one. */
async function lose(
  purchaseId: PurchaseId,
  { steps, of, made }: Lost,
  commandId: string = randomUUID(),
): Promise<PaymentStep> {
  const { event, from, by, ...said } = of;
  const actor =
    by === 'clock'
      ? ({ type: 'system', id: 'clock' } as const)
      : ({ type: 'user', id: (by === 'buyer' ? buyer : seller).id as UserId } as const);
  const input: PaymentStep = {
    purchaseId,
    from,
    event,
    actor,
    atMs: Date.now(),
    paymentMethod: undefined,
    returnUrl: stack().urls.api,
    ...(by !== 'clock' && { command: { id: commandId, ...said } }),
  };
  const living = createPurchaseActivities(purchaseDeps(database));
  for (const step of steps.slice(0, -1)) await asActivity(() => living[step](input));
  const last = steps.at(-1);
  if (last === undefined) throw new Error('something is lost');
  await expect(asActivity(() => dying[last](input))).rejects.toThrow(Death);
  expect(await sums(purchaseId)).toEqual(made);
  return input;
}

/** As the round of the relay does. */
const tellToLook = (id: PurchaseId) =>
  createFlowSignals(temporal.client).payment(id, { eventId: `row/${Date.now()}`, eventType: 'purchase.overdue' });

/** What Stripe has moved, by kind. */
async function sums(purchaseId: PurchaseId): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { kind, amount } of await sandboxLog({ transferGroup: purchaseId })) {
    if (['refund', 'transfer', 'reversal'].includes(kind)) found[kind] = (found[kind] ?? 0) + amount;
  }
  return found;
}

const refunds = (id: string, amount?: number, idempotencyKey: string = randomUUID()): Promise<Response<PurchaseBody>> =>
  request('POST', `/v1/purchases/${id}/refunds`, {
    token: seller.accessToken,
    idempotencyKey,
    body: amount === undefined ? {} : { amount: { amount, currency: 'EUR' } },
  });

const disputes = (id: string): Promise<Response<PurchaseBody>> =>
  request('POST', `/v1/purchases/${id}/disputes`, {
    token: buyer.accessToken,
    idempotencyKey: randomUUID(),
    body: { reason: 'not_as_described', description: 'It is not what the pictures show.' },
  });

async function standsAs(purchaseId: PurchaseId, expected: object): Promise<PurchaseBody> {
  await waitFor(async () => (await findPurchase(database, purchaseId))?.unfinished === null, {
    what: `${purchaseId} to be gone through with`,
    timeoutMs: 20_000,
  });
  const { body } = await read(buyer, purchaseId);
  expect(body).toMatchObject(expected);
  await expectEqualBooks(body);
  return body;
}

const REFUNDED = { state: 'refunded', money: { refunded: 2_500, transferred: 0, held: 0 } };
const RELEASED_ALL = { state: 'released', money: { transferred: 2_250, refunded: 0, held: 0 } };

describe('of a purchase that is held', () => {
  let id: PurchaseId;
  beforeEach(async () => {
    id = (await sold({ seller, buyer }, ['accept'])) as PurchaseId;
  });

  test('a refund of all, then the buyer confirms: it is refunded, and that is what they hear', async () => {
    await lose(id, HELD.refund);
    expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 409 });
    await standsAs(id, REFUNDED);
    expect(await sums(id)).toEqual({ refund: 2_500 });
    await recordPurchase('purchase-begun-goes-first', id);
  });

  test('a refund of all, then a dispute: it is refunded', async () => {
    await lose(id, HELD.refund);
    expect(await disputes(id)).toMatchObject({ status: 409 });
    await standsAs(id, REFUNDED);
  });

  test('a refund of all, then one of a part: it is refunded', async () => {
    await lose(id, HELD.refund);
    expect(await refunds(id, 500)).toMatchObject({ status: 409 });
    await standsAs(id, REFUNDED);
    expect(await sums(id)).toEqual({ refund: 2_500 });
  });

  test('a refund of all, then the bank takes the payment back: first it is refunded', async () => {
    await lose(id, HELD.refund);
    await disputed(id);
    const { money } = await laid(buyer, id, 'open');
    expect(money.refunded).toBe(2_500);
    await standsAs(id, { state: 'refunded', chargeback: 'open' });
  });

  test('a release, then a refund of all: the seller has it no longer', async () => {
    await lose(id, HELD.release);
    expect(await refunds(id)).toMatchObject({ status: 200 });
    await standsAs(id, REFUNDED);
    expect(await sums(id)).toEqual({ transfer: 2_250, reversal: 2_250, refund: 2_500 });
  });

  test('a release, then a dispute: it is about what was released', async () => {
    await lose(id, HELD.release);
    expect(await disputes(id)).toMatchObject({ status: 201 });
    await standsAs(id, { state: 'disputed', money: { transferred: 2_250 } });
  });

  test('a release, then the bank takes the payment back: the seller has been paid', async () => {
    await lose(id, HELD.release);
    await disputed(id);
    await laid(buyer, id, 'open');
    await standsAs(id, { state: 'released', chargeback: 'open', money: { transferred: 2_250 } });
    await recordPurchase('purchase-begun-goes-before-the-bank', id);
  });

  test('a refund of a part, then the same again by another command: twice', async () => {
    await lose(id, HELD.part);
    expect(await refunds(id, 1_000)).toMatchObject({ status: 200 });
    await standsAs(id, { state: 'held', money: { refunded: 2_000, held: 500 } });
    expect(await sums(id)).toEqual({ refund: 2_000 });
  });

  test('a refund of a part, then the buyer confirms: the rest is released', async () => {
    await lose(id, HELD.part);
    expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 200 });
    await standsAs(id, { state: 'released', money: { refunded: 1_000, transferred: 1_350 } });
  });

  test('a refund of a part, then one of more than is left: it is too much', async () => {
    await lose(id, HELD.part);
    expect(await refunds(id, 2_000)).toMatchObject({ status: 422, body: { code: 'REFUND_TOO_LARGE' } });
    await standsAs(id, { state: 'held', money: { refunded: 1_000, held: 1_500 } });
  });

  test.each([
    [HELD.refund, REFUNDED],
    [HELD.part, { state: 'held', money: { refunded: 1_000, held: 1_500 } }],
    [HELD.release, RELEASED_ALL],
  ])('$what, and nobody does anything: the round of the relay finds it', async (lost, expected) => {
    await lose(id, lost);
    await tellToLook(id);
    await standsAs(id, expected);
    expect(await sums(id)).toEqual(lost.made);
  });

  test.each([
    ['all of what is left by then', 1_250],
    ['more than is left by then', 1_500],
  ])('a refund of a part, gone through with, then sent again: %s, and made once', async (_what, amount) => {
    const key = randomUUID();
    const lost = { ...HELD.part, of: { ...HELD.part.of, amount }, made: { refund: amount } };
    await lose(id, lost, commandIdOf(seller.id, 'refundPurchase', key));
    await tellToLook(id);
    const stands = { state: 'held', money: { refunded: amount, held: 2_500 - amount } };
    await standsAs(id, stands);
    expect(await refunds(id, amount, key)).toMatchObject({ status: 200, body: stands });
    await standsAs(id, stands);
    expect(await sums(id)).toEqual({ refund: amount });
  });

  test('a refund of a part, then one of all that is left then, by its amount: it is refunded', async () => {
    await lose(id, HELD.part);
    expect(await refunds(id, 1_500)).toMatchObject({ status: 200 });
    await standsAs(id, REFUNDED);
    expect(await sums(id)).toEqual({ refund: 2_500 });
  });

  test('a refund of a part that was noted once more after it was done: that is over', async () => {
    const step = await lose(id, HELD.part);
    await tellToLook(id);
    await standsAs(id, { state: 'held', money: { refunded: 1_000 } });
    const { event, actor, atMs, command } = step;
    await database.query('UPDATE transactions.purchases SET unfinished = $2 WHERE id = $1', [
      id,
      JSON.stringify({ event, actor, atMs, command, asked: true }),
    ]);
    expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 200 });
    await standsAs(id, { state: 'released', money: { refunded: 1_000, transferred: 1_350 } });
  });

  test('a refund of all, then staff pause the money, then the bank takes the payment back', async () => {
    await lose(id, HELD.refund);
    expect(await order(finance, id, 'pause', { reason: 'We look at it.' })).toMatchObject({ status: 409 });
    await standsAs(id, REFUNDED);
    await disputed(id);
    await laid(buyer, id, 'open');
    await standsAs(id, { state: 'refunded', chargeback: 'open', money: { refunded: 2_500 } });
  });

  test('a refund of all, in an inquiry of the bank: the round of the relay finds it', async () => {
    await disputed(id, { status: 'warning_needs_response' });
    await laid(buyer, id, 'inquiry');
    await lose(id, HELD.refund);
    await database.query(
      "UPDATE transactions.purchases SET updated_at = updated_at - interval '2 minutes' WHERE id = $1",
      [id],
    );
    expect(await overduePurchases(database, { graceSeconds: 60, everySeconds: 300, limit: 1_000 })).toContain(id);
    await tellToLook(id);
    await standsAs(id, REFUNDED);
  });

  test('a refund of a part that Stripe tells us of itself, since it has arrived at last', async () => {
    id = (await sold({ seller, buyer }, ['accept'], { paymentMethod: 'pm_card_pendingRefund' })) as PurchaseId;
    await lose(id, HELD.part);
    const [refund] = await sandboxLog({ transferGroup: id, kind: 'refund' });
    await happens(`refunds/${refund?.id}`, { status: 'succeeded' });
    await standsAs(id, { state: 'held', money: { refunded: 1_000, held: 1_500 } });
  });
});

describe('of a purchase that is released', () => {
  let id: PurchaseId;
  beforeEach(async () => {
    id = (await sold({ seller, buyer }, ['accept', 'confirm'])) as PurchaseId;
  });
  const withTheRelease = (lost: Lost): Lost => ({ ...lost, made: { transfer: 2_250, ...lost.made } });

  test.each([RELEASED.reversal, RELEASED.refund])('$what, then a dispute: it is refunded', async (lost) => {
    await lose(id, withTheRelease(lost));
    expect(await disputes(id)).toMatchObject({ status: 409 });
    await standsAs(id, REFUNDED);
    expect(await sums(id)).toEqual({ transfer: 2_250, reversal: 2_250, refund: 2_500 });
  });

  test('a refund of all, its reversal done, then the bank takes the payment back: first it is refunded', async () => {
    await lose(id, withTheRelease(RELEASED.refund));
    await disputed(id);
    await laid(buyer, id, 'open');
    await standsAs(id, { state: 'refunded', chargeback: 'open', money: { transferred: 0, refunded: 2_500 } });
  });

  test('the reversal of a refund of all, then the bank takes the payment back: the refund waits for it', async () => {
    await lose(id, withTheRelease(RELEASED.reversal));
    const { id: dispute } = await disputed(id);
    const { state, money } = await laid(buyer, id, 'open');
    expect({ state, money }).toMatchObject({ state: 'released', money: { transferred: 0, refunded: 0 } });
    await moveDispute(dispute, 'won');
    await laid(buyer, id, 'won');
    await standsAs(id, REFUNDED);
    expect(await sums(id)).toEqual({ transfer: 2_250, reversal: 2_250, refund: 2_500 });
  });

  test('the reversal of a refund of a part, then a refund of all by finance', async () => {
    await lose(id, withTheRelease(RELEASED.part));
    const all = {
      token: finance.accessToken,
      body: { reason: 'They agreed on the phone.' },
      idempotencyKey: randomUUID(),
    };
    expect(await request('POST', `/v1/purchases/${id}/refunds`, all)).toMatchObject({ status: 200 });
    await standsAs(id, REFUNDED);
    expect(await sums(id)).toEqual({ transfer: 2_250, reversal: 2_250, refund: 2_500 });
    await recordPurchase('purchase-reversal-begun-goes-first', id);
  });
});

describe('of a purchase that is authorised', () => {
  test('a cancellation that has found the payment captured, then the seller accepts: it is cancelled', async () => {
    const id = (await sold({ seller, buyer }, [])) as PurchaseId;
    const { env, urls } = stack();
    const stripe = createStripe({ apiKey: env['STRIPE_API_KEY'] ?? '', apiUrl: urls.stripe, timeoutMs: 10_000 });
    // Somebody in Stripe's dashboard.
    await stripe.paymentIntents.capture(await intentOf(id));
    const living = createPurchaseActivities(purchaseDeps(database));
    const step = {
      purchaseId: id,
      from: 'authorised',
      event: 'cancel',
      actor: { type: 'user', id: buyer.id as UserId },
      atMs: Date.now(),
      command: { id: randomUUID() },
      paymentMethod: undefined,
      returnUrl: urls.api,
    } as const;
    // What it has found is in the books, and its workflow does not hear of it.
    expect(await asActivity(() => living.cancelPayment(step))).toMatchObject({ state: 'authorised', held: 2_500 });
    expect(await act(seller, id, 'accept')).toMatchObject({ status: 409 });
    await standsAs(id, { state: 'cancelled', money: { captured: 2_500, refunded: 2_500, held: 0 } });
    expect(await sums(id)).toEqual({ refund: 2_500 });
  });
});

describe('of a purchase whose transfer was refused', () => {
  test('the transfer, sent at last, then a refund of all: the seller has it no longer', async () => {
    const refused = await verifiedSeller();
    const id = (await sold({ seller: refused, buyer }, ['accept', 'deliver'])) as PurchaseId;
    await disable(refused);
    expect(await act(buyer, id, 'confirm')).toMatchObject({ status: 200 });
    expect((await read(buyer, id)).body.transfer.status).toBe('blocked');
    // Told of it, the purchase would send it itself.
    await onWebhooks({ action: 'drop', type: 'account.updated', times: 10 });
    await happens(`accounts/${await accountOf(refused)}`, { disabledReason: null });
    await lose(id, {
      what: 'a transfer',
      steps: ['retryTransfer'],
      of: { event: 'aftercare_over', from: 'released', by: 'clock' },
      made: { transfer: 2_250 },
    });
    const all = { token: refused.accessToken, body: {}, idempotencyKey: randomUUID() };
    expect(await request('POST', `/v1/purchases/${id}/refunds`, all)).toMatchObject({ status: 200 });
    await standsAs(id, REFUNDED);
    expect(await sums(id)).toEqual({ transfer: 2_250, reversal: 2_250, refund: 2_500 });
    await recordPurchase('purchase-transfer-begun-goes-first', id);
  });
});
