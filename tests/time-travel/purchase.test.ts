/** The deadlines of a purchase, with their real lengths: days pass in seconds. */
import { WithStartWorkflowOperation } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserId } from '../../contracts/ids.ts';
import {
  acceptPurchaseUpdate,
  deliverPurchaseUpdate,
  openPurchaseUpdate,
  type PurchaseInput,
  type PurchaseWorkflow,
  purchaseWorkflowId,
} from '../../contracts/purchase.ts';
import { TASK_QUEUES } from '../../contracts/task-queues.ts';
import { idFrom, newId, uuidOf } from '../../platform/ids.ts';
import { createStripe } from '../../providers/stripe-calls.ts';
import { commandListing, createListing } from '../../services/marketplace/index.ts';
import { findPurchase, type Purchase } from '../../services/transactions/index.ts';
import { commitOnboarding, createUser, openOnboarding } from '../../services/users/index.ts';
import { stack } from '../helpers/stack.ts';
import { beginTravel, type Travel } from '../helpers/travel.ts';

const HOUR_MS = 60 * 60 * 1_000;
const buyerId = newId('usr');
const sellerId = newId('usr');
let travel: Travel;

beforeAll(async () => {
  travel = await beginTravel();
  await placeSeller(travel, sellerId);
}, 120_000);
afterAll(() => travel.end());

/** A verified seller with an account at Stripe that can be paid, as the onboarding leaves one. */
async function placeSeller({ database }: Travel, id: UserId): Promise<void> {
  const { env, urls } = stack();
  const stripe = createStripe({ apiKey: env['STRIPE_API_KEY'] ?? '', apiUrl: urls.stripe, timeoutMs: 10_000 });
  const account = await stripe.accounts.create({
    country: 'DE',
    controller: {
      stripe_dashboard: { type: 'express' },
      fees: { payer: 'application' },
      losses: { payments: 'application' },
    },
    capabilities: { transfers: { requested: true } },
  });
  const link = await stripe.accountLinks.create({
    account: account.id,
    type: 'account_onboarding',
    refresh_url: urls.api,
    return_url: urls.api,
  });
  await fetch(link.url, { method: 'POST', redirect: 'manual' });
  const person = { displayName: 'A seller', birthDate: '1990-05-01', country: 'DE', password: 'correct horse battery' };
  await createUser(database, { id, email: `${id}@people.wellpact.example`, ...person });
  await openOnboarding(database, { id: newId('onb'), userId: id, firstName: 'A', lastName: 'Seller' });
  await commitOnboarding(database, id, { type: 'system', id: 'test' }, () => ({
    state: 'verified',
    accountId: account.id,
    transfersActive: true,
  }));
}

/** Opens a purchase that is paid for at once, or not at all. */
async function openPurchase(name: string, paymentMethod: string | undefined) {
  const listing = await createListing(travel.database, {
    id: newId('lst'),
    sellerId,
    kind: 'goods',
    title: 'Balm',
    description: 'A balm.',
    category: 'skin_care',
    price: { amount: 2_500, currency: 'EUR' },
    stock: 1,
    handlingDays: 3,
  });
  await commandListing(travel.database, listing.id, sellerId, 'publish');
  const purchaseId = idFrom('pur', uuidOf(`${name}/${listing.id}`));
  const input: PurchaseInput = {
    purchaseId,
    listingId: listing.id,
    buyerId,
    sellerId,
    quantity: 1,
    expectedPrice: { amount: 2_500, currency: 'EUR' },
    ...(paymentMethod !== undefined && { paymentMethod }),
    acceptedDisclaimers: [],
    publicUrl: stack().urls.api,
  };
  const start = new WithStartWorkflowOperation<PurchaseWorkflow>('purchase', {
    workflowId: purchaseWorkflowId(purchaseId),
    args: [input],
    taskQueue: TASK_QUEUES.workflows,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  await travel.client.workflow.executeUpdateWithStart(openPurchaseUpdate, {
    args: [{ actorId: buyerId }],
    startWorkflowOperation: start,
  });
  // A handle of its own, since the one of the start does not let the clock jump.
  const handle = travel.client.workflow.getHandle(purchaseWorkflowId(purchaseId));
  return { purchaseId, listingId: listing.id, handle };
}

async function stored(purchaseId: Purchase['id']): Promise<Purchase> {
  const purchase = await findPurchase(travel.database, purchaseId);
  if (purchase === undefined) throw new Error('the purchase is not there');
  return purchase;
}

describe('silence', () => {
  test('after delivery: 48 hours later the money is released, 14 days after that the purchase is completed', async () => {
    const { purchaseId, handle } = await openPurchase('silence', 'pm_card_visa');
    await handle.executeUpdate(acceptPurchaseUpdate, { args: [{ actorId: sellerId }] });
    await handle.executeUpdate(deliverPurchaseUpdate, { args: [{ actorId: sellerId }] });
    const delivered = await stored(purchaseId);
    expect(Number(delivered.deadlineAt) - Number(delivered.stateSince)).toBe(48 * HOUR_MS);

    await travel.sleep('47h');
    expect((await stored(purchaseId)).state).toBe('delivered');
    await travel.sleep('2h');
    const released = await stored(purchaseId);
    expect(released).toMatchObject({
      state: 'released',
      transfer: { status: 'sent' },
      books: { held: 0, payable: 0, transferred: 2_250, fees: 250 },
    });

    expect(await handle.result()).toEqual({ state: 'completed' });
    const completed = await stored(purchaseId);
    expect(Number(completed.stateSince) - Number(released.stateSince)).toBeGreaterThanOrEqual(14 * 24 * HOUR_MS);
  });

  test('of the buyer: the purchase expires after 15 minutes, and the piece is for sale again', async () => {
    const { purchaseId, listingId, handle } = await openPurchase('no payment', undefined);
    expect(await handle.result()).toEqual({ state: 'expired' });
    const expired = await stored(purchaseId);
    expect(expired).toMatchObject({ state: 'expired', payment: { status: 'canceled' }, books: { captured: 0 } });
    expect(Number(expired.stateSince) - Number(expired.createdAt)).toBeGreaterThanOrEqual(15 * 60 * 1_000);
    const { rows } = await travel.database.query('SELECT stock_available FROM marketplace.listings WHERE id = $1', [
      listingId,
    ]);
    expect(rows).toEqual([{ stock_available: 1 }]);
  });

  test('of the seller: the authorisation is given back before it ends', async () => {
    const { purchaseId, handle } = await openPurchase('no answer', 'pm_card_visa');
    const authorised = await stored(purchaseId);
    expect(Number(authorised.deadlineAt)).toBeLessThanOrEqual(Number(authorised.payment.captureBefore) - 24 * HOUR_MS);
    expect(await handle.result()).toEqual({ state: 'declined' });
    expect(await stored(purchaseId)).toMatchObject({ payment: { status: 'canceled' }, books: { captured: 0 } });
  });
});
