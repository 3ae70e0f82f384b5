/** Stripe fails at each step of a purchase, in each way it can: the purchase arrives all the same, and once. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { PurchaseId } from '../../contracts/ids.ts';
import { purchaseWorkflowId } from '../../contracts/purchase.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached, sandboxLog } from '../helpers/purchases.ts';
import { kill, stack } from '../helpers/stack.ts';
import { allAnswer, waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

const base = (): string => stack().urls.sandbox;

/** The next call of Stripe on this path meets a fault. */
async function plant(path: string, fault: Record<string, unknown>): Promise<void> {
  const answer = await request('POST', '/_control/faults', {
    base: base(),
    body: { provider: 'stripe', method: 'POST', path, times: 1, ...fault },
  });
  expect(answer.status).toBeLessThan(300);
}

/** What was planted was met: otherwise a test would prove nothing. */
async function expectMet(): Promise<void> {
  const { body } = await request('GET', '/_control/faults', { base: base() });
  expect(body).toEqual({ faults: [] });
}

// Twice where a connection breaks: Stripe's client asks once more by itself then, under the same key.
const FAULTS = [
  { kind: 'rate_limit' },
  { kind: 'reset', times: 2 },
  { kind: 'lost_reply', times: 2 },
  { kind: 'timeout', delayMs: 6_000 },
  { kind: 'slow', delayMs: 6_000 },
] as const;

describe.each(FAULTS)('$kind', (fault) => {
  test('while the payment begins', async () => {
    const listing = await publishedListing(seller);
    await plant('/v1/payment_intents', fault);
    const bought = await buy(buyer, listing);
    expect([201, 202]).toContain(bought.status);
    const authorised = await reached(buyer, bought.body.id, 'authorised');
    await expectMet();
    const log = await sandboxLog({ transferGroup: authorised.id, kind: 'authorise' });
    expect(log.length).toBe(1);
  });

  test('while it is captured', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    await plant('/v1/payment_intents/{intent}/capture', fault);
    expect([200, 202]).toContain((await act(seller, body.id, 'accept')).status);
    await expectEqualBooks(await reached(buyer, body.id, 'held'));
    await expectMet();
    // The step went on at Stripe's task queue: a path of its own through the workflow.
    await recordHistory(`purchase-capture-${fault.kind}`, purchaseWorkflowId(body.id as PurchaseId));
  });

  test('while the seller is paid', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    await act(seller, body.id, 'accept');
    await plant('/v1/transfers', fault);
    expect([200, 202]).toContain((await act(buyer, body.id, 'confirm')).status);
    await expectEqualBooks(await reached(buyer, body.id, 'released'));
    await expectMet();
  });

  test('while an authorisation is given back', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    await plant('/v1/payment_intents/{intent}/cancel', fault);
    expect([200, 202]).toContain((await act(seller, body.id, 'decline')).status);
    expect((await reached(buyer, body.id, 'declined')).payment.status).toBe('canceled');
    await expectMet();
  });
});

describe('a 500 that Stripe keeps under the key', () => {
  test('of a capture', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    await plant('/v1/payment_intents/{intent}/capture', { kind: 'error', times: 2 });
    expect([200, 202]).toContain((await act(seller, body.id, 'accept')).status);
    await expectEqualBooks(await reached(buyer, body.id, 'held'));
  });

  test('of a cancellation', async () => {
    const { body } = await buy(buyer, await publishedListing(seller));
    await plant('/v1/payment_intents/{intent}/cancel', { kind: 'error', times: 2 });
    expect([200, 202]).toContain((await act(buyer, body.id, 'cancel')).status);
    expect((await reached(buyer, body.id, 'cancelled')).payment.status).toBe('canceled');
  });
});

describe('a process dies with purchases under way', () => {
  test.each(['worker', 'api', 'relay', 'temporal', 'postgres', 'sandbox'])('%s', async (role) => {
    const listing = await publishedListing(seller, { stock: 5 });
    const bought = await Promise.all(Array.from({ length: 5 }, () => buy(buyer, listing)));
    const ids = bought.map(({ body }) => body.id);
    const wishes = ids.map((id) => act(seller, id, 'accept').catch(() => undefined));
    await kill(role);
    await waitFor(() => allAnswer(`${stack().urls.api}/readyz`), {
      what: 'the API and all it works with',
      timeoutMs: 60_000,
    });
    await Promise.all(wishes);
    for (const id of ids) {
      // What was not accepted before the death is accepted now; what was, says so.
      if ((await reachedAny(id)) === 'authorised') await acceptAgain(id);
      await expectEqualBooks(await reached(buyer, id, 'held'));
    }
    for (const id of ids) {
      expect((await act(buyer, id, 'confirm')).status).toBe(200);
      await expectEqualBooks(await reached(buyer, id, 'released'));
    }
  });
});

/** The state as soon as the API can say it. */
async function reachedAny(id: string): Promise<string> {
  const answer = await request<{ state: string }>('GET', `/v1/purchases/${id}`, { token: buyer.accessToken });
  expect(answer.status).toBe(200);
  return answer.body.state;
}

/** A wish that was in the air when the process died may still arrive: both are the same wish. */
async function acceptAgain(id: string): Promise<void> {
  const answer = await act(seller, id, 'accept');
  expect([200, 202, 409]).toContain(answer.status);
}
