/**
 * What is made at Stripe is made once, also when the idempotency key can no longer tell: when Stripe keeps a failure under
 * it, or has forgotten it. The steps are taken directly, as a worker takes them, since between two looks lies a minute.
 */
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { classify } from '../../activities/failures.ts';
import { makeOnce } from '../../activities/once.ts';
import { createPurchaseActivities, type PaymentStep, type PurchaseActivities } from '../../activities/purchase.ts';
import type { ListingId, PurchaseId, UserId } from '../../contracts/ids.ts';
import type { PurchaseState } from '../../contracts/purchase.ts';
import type { Database } from '../../platform/database.ts';
import { newId } from '../../platform/ids.ts';
import { findPurchase, storeKeyEpoch } from '../../services/transactions/index.ts';
import type { PurchaseEvent } from '../../services/transactions/transition-rules.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { request } from '../helpers/client.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { asActivity, databaseOfStack, purchaseDeps } from '../helpers/steps.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
let seller: Person;
let buyer: Person;
let database: Database;
let steps: PurchaseActivities;
/** The same steps, to whom everything has another price by 50. */
let astray: PurchaseActivities;
/** The same, that look and ask for nothing. */
let silent: PurchaseActivities;

beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
  database = databaseOfStack(4);
  const deps = purchaseDeps(database);
  const { payments } = deps;
  steps = createPurchaseActivities(deps);
  const less = <Asked extends { readonly amount: number }>(asked: Asked) => ({ ...asked, amount: asked.amount - 50 });
  astray = createPurchaseActivities({
    ...deps,
    payments: {
      ...payments,
      createPayment: (asked, key) => payments.createPayment(less(asked), key),
      transfer: (asked, key) => payments.transfer(less(asked), key),
      refund: (asked, key) => payments.refund(less(asked), key),
      reverseTransfer: (asked, key) => payments.reverseTransfer(less(asked), key),
    },
  });
  const unasked = async (): Promise<never> => expect.fail('Stripe was asked under a key that it may have forgotten');
  const unaskedFor = { createPayment: unasked, transfer: unasked, refund: unasked, reverseTransfer: unasked };
  silent = createPurchaseActivities({ ...deps, payments: { ...payments, ...unaskedFor } });
});
afterEach(() => request('DELETE', '/_control/faults', { base: stack().urls.sandbox }));
afterAll(() => database.close());

interface Case {
  readonly what: string;
  /** What makes it at Stripe, as the sandbox names it. */
  readonly path: string;
  /** What the sandbox's log calls it. */
  readonly kind: string;
  readonly step: 'beginPayment' | 'releaseToSeller' | 'refundBuyer' | 'reverseTransfer';
  /** The name under which its epochs are kept, where it is not the step's own. */
  readonly key?: string;
  readonly from: PurchaseState;
  readonly event: PurchaseEvent;
  readonly by: 'buyer' | 'seller';
  /** @returns the id of a purchase of which this is the next thing to be made */
  readonly prepare: () => Promise<PurchaseId>;
}

async function held(): Promise<PurchaseId> {
  const { body } = await buy(buyer, await publishedListing(seller));
  expect((await act(seller, body.id, 'accept')).status).toBe(200);
  return body.id as PurchaseId;
}

async function released(): Promise<PurchaseId> {
  const id = await held();
  expect((await act(buyer, id, 'confirm')).status).toBe(200);
  return id;
}

/** A purchase whose payment was never begun: it has no workflow, which would begin it at once. */
async function opened(): Promise<PurchaseId> {
  const purchaseId = newId('pur');
  const input: Parameters<PurchaseActivities['openPurchase']>[0] = {
    purchaseId,
    listingId: (await publishedListing(seller)) as ListingId,
    buyerId: buyer.id as UserId,
    sellerId: seller.id as UserId,
    quantity: 1,
    expectedPrice: { amount: 2_500, currency: 'EUR' },
    acceptedDisclaimers: [],
    publicUrl: stack().urls.api,
    atMs: Date.now(),
  };
  await asActivity(() => steps.openPurchase(input));
  return purchaseId;
}

const CASES: readonly Case[] = [
  {
    what: 'a payment',
    path: '/v1/payment_intents',
    kind: 'authorise',
    step: 'beginPayment',
    from: 'payment_pending',
    event: 'payment_authorised',
    by: 'buyer',
    prepare: opened,
  },
  {
    what: 'a transfer',
    path: '/v1/transfers',
    kind: 'transfer',
    step: 'releaseToSeller',
    from: 'held',
    event: 'confirm',
    by: 'buyer',
    prepare: held,
  },
  {
    what: 'a refund',
    path: '/v1/refunds',
    kind: 'refund',
    step: 'refundBuyer',
    from: 'held',
    event: 'refund_in_full',
    by: 'seller',
    prepare: held,
  },
  {
    what: 'a reversal',
    path: '/v1/transfers/{id}/reversals',
    kind: 'reversal',
    step: 'reverseTransfer',
    key: 'reverseTransfer/refund_in_full',
    from: 'released',
    event: 'refund_in_full',
    by: 'seller',
    prepare: released,
  },
];

async function plant(path: string, fault: Record<string, unknown>): Promise<void> {
  const body = { provider: 'stripe', method: 'POST', path, times: 1, ...fault };
  expect((await request('POST', '/_control/faults', { base: stack().urls.sandbox, body })).status).toBeLessThan(300);
}

/** Twice, since Stripe's client asks once more by itself when a connection breaks. */
const LOST = { kind: 'lost_reply', times: 2 } as const;

/** A step that is taken again is the one that was begun: with the time of its beginning. */
const begunAt = new Map<PurchaseId, number>();
function begunAtMs(purchaseId: PurchaseId): number {
  const atMs = begunAt.get(purchaseId) ?? Date.now();
  begunAt.set(purchaseId, atMs);
  return atMs;
}

/** Takes the step. @returns the failure, if it failed */
async function take({ step, from, event, by }: Case, purchaseId: PurchaseId, through = steps): Promise<unknown> {
  const actor = { type: 'user', id: (by === 'buyer' ? buyer : seller).id as UserId } as const;
  const input: PaymentStep = {
    purchaseId,
    from,
    event,
    actor,
    atMs: begunAtMs(purchaseId),
    paymentMethod: 'pm_card_visa',
    returnUrl: stack().urls.api,
  };
  try {
    await asActivity(() => through[step](input));
    return undefined;
  } catch (error) {
    return error;
  }
}

const madeFor = async ({ kind }: Case, purchaseId: PurchaseId) => sandboxLog({ transferGroup: purchaseId, kind });

/** A minute passes: the first look is as long ago. */
async function aMinutePasses({ step, key = step }: Case, purchaseId: PurchaseId): Promise<void> {
  const { rowCount } = await database.query(
    `UPDATE transactions.purchases
        SET key_epochs = jsonb_set(key_epochs, ARRAY[$2, 'absentSinceMs'],
                                   to_jsonb((key_epochs -> $2 ->> 'absentSinceMs')::bigint - 61000))
      WHERE id = $1 AND key_epochs -> $2 ->> 'absentSinceMs' IS NOT NULL`,
    [purchaseId, key],
  );
  expect(rowCount).toBe(1);
}

/** A day passes since Stripe was asked for all that it was asked for: each key is as much older. */
async function aDayPasses(purchaseId: PurchaseId): Promise<void> {
  const { rowCount } = await database.query(
    `UPDATE transactions.purchases
        SET key_epochs = (SELECT jsonb_object_agg(key, jsonb_set(value, '{sinceMs}', to_jsonb((value ->> 'sinceMs')::bigint - $2)))
                            FROM jsonb_each(key_epochs))
      WHERE id = $1 AND key_epochs <> '{}'`,
    [purchaseId, DAY_MS],
  );
  expect(rowCount).toBe(1);
}

const typeOf = (error: unknown): unknown => (error as { type?: unknown } | undefined)?.type;

/** As the worker's interceptor turns it into what the workflow gets. */
const typeForTheWorkflow = (error: unknown): unknown => typeOf(classify(error));

async function expectBooks(purchaseId: PurchaseId): Promise<void> {
  await expectEqualBooks((await read(buyer, purchaseId)).body, { withoutWorkflow: true });
}

test('a capture that Stripe keeps a failure of: the first attempt of the next activity stands under another key', async () => {
  const purchaseId = (await buy(buyer, await publishedListing(seller))).body.id as PurchaseId;
  await plant('/v1/payment_intents/{intent}/capture', { kind: 'error' });
  const step = {
    purchaseId,
    from: 'authorised',
    event: 'accept',
    actor: { type: 'user', id: seller.id as UserId },
    atMs: Date.now(),
  } as const;
  const capture = (activityId: string) =>
    new MockActivityEnvironment({ activityId, attempt: 1 }).run(() => steps.capturePayment(step));
  await expect(capture('1')).rejects.toThrow(/failed/);
  expect(await capture('2')).toMatchObject({ state: 'held' });
  const made = await sandboxLog({ transferGroup: purchaseId, kind: 'capture' });
  expect(made.map(({ idempotencyKey }) => idempotencyKey?.split('/').at(-1))).toEqual([
    expect.stringMatching(/\.2\.1$/),
  ]);
  await expectBooks(purchaseId);
});

test('a first try that was held up, and overtaken by others: it asks under the key that these have come to', async () => {
  const purchaseId = await held();
  const key = {
    purchaseId,
    step: 'refundBuyer',
    from: 'held',
    actor: { type: 'system', id: 'clock' },
    cause: 'no workflow',
    atMs: Date.now(),
  } as const;
  const asKnownThen = await findPurchase(database, purchaseId);
  if (asKnownThen === undefined) throw new Error('it was bought');
  const heldUp = () =>
    makeOnce(database, asKnownThen, key, { make: async (under) => ({ under }), find: async () => undefined });
  expect(await heldUp()).toEqual({ under: `purchase/${purchaseId}/refundBuyer/1` });
  const second = { epoch: 2, sinceMs: key.atMs, absentSinceMs: null, refusals: 1 };
  await storeKeyEpoch(database, key, second);
  expect(await heldUp()).toEqual({ under: `purchase/${purchaseId}/refundBuyer/2` });
  expect((await findPurchase(database, purchaseId))?.keyEpochs).toMatchObject({ refundBuyer: second });
});

describe.each(CASES)('$what', (one) => {
  test('that Stripe answers with a 500, and keeps that: looked for twice, a minute apart, then made under a new key', async () => {
    const purchaseId = await one.prepare();
    await plant(one.path, { kind: 'error' });
    // The failure itself, then the same failure again under the key.
    expect(await take(one, purchaseId)).toBeDefined();
    expect(typeOf(await take(one, purchaseId))).toBe('ABSENCE_NOT_CONFIRMED');
    expect(typeOf(await take(one, purchaseId))).toBe('ABSENCE_NOT_CONFIRMED');
    expect(await madeFor(one, purchaseId)).toEqual([]);
    await aMinutePasses(one, purchaseId);
    expect(await take(one, purchaseId)).toBeUndefined();
    const made = await madeFor(one, purchaseId);
    expect(made.map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      `purchase/${purchaseId}/${one.key ?? one.step}/2`,
    ]);
    expect(await take(one, purchaseId)).toBeUndefined();
    expect(await madeFor(one, purchaseId)).toHaveLength(1);
    await expectBooks(purchaseId);
  });

  test('of which the answer was lost: the same key makes it no second time', async () => {
    const purchaseId = await one.prepare();
    await plant(one.path, LOST);
    expect(await take(one, purchaseId)).toBeDefined();
    expect(await take(one, purchaseId)).toBeUndefined();
    const made = await madeFor(one, purchaseId);
    expect(made.map(({ idempotencyKey }) => idempotencyKey)).toEqual([
      `purchase/${purchaseId}/${one.key ?? one.step}/1`,
    ]);
    await expectBooks(purchaseId);
  });

  test('of which the answer was lost a day ago: Stripe may have forgotten the key, so it is looked for, and found', async () => {
    const purchaseId = await one.prepare();
    await plant(one.path, LOST);
    expect(await take(one, purchaseId)).toBeDefined();
    await aDayPasses(purchaseId);
    // Decided on anew, by whoever comes to the same step: the key is no younger for that.
    expect(await take(one, purchaseId, silent)).toBeUndefined();
    expect(await madeFor(one, purchaseId)).toHaveLength(1);
    await expectBooks(purchaseId);
  });

  test('that was made with another amount: it is taken for nothing that was asked for, neither now nor a day later', async () => {
    const purchaseId = await one.prepare();
    const { body: before } = await read(buyer, purchaseId);
    await plant(one.path, LOST);
    expect(await take(one, purchaseId, astray)).toBeDefined();
    expect(await madeFor(one, purchaseId)).toHaveLength(1);
    expect(typeForTheWorkflow(await take(one, purchaseId))).toBe('PROVIDED_OTHERWISE');
    await aDayPasses(purchaseId);
    expect(typeForTheWorkflow(await take(one, purchaseId))).toBe('PROVIDED_OTHERWISE');
    expect(await madeFor(one, purchaseId)).toHaveLength(1);
    const { state, money } = (await read(buyer, purchaseId)).body;
    expect({ state, money }).toEqual({ state: before.state, money: before.money });
  });

  test('whose key stands for a failure with another amount: that was never made, so it is made under a new key', async () => {
    const purchaseId = await one.prepare();
    await plant(one.path, { kind: 'error' });
    expect(await take(one, purchaseId, astray)).toBeDefined();
    expect(typeOf(await take(one, purchaseId))).toBe('ABSENCE_NOT_CONFIRMED');
    await aMinutePasses(one, purchaseId);
    expect(await take(one, purchaseId)).toBeUndefined();
    expect(await madeFor(one, purchaseId)).toHaveLength(1);
    await expectBooks(purchaseId);
  });
});
