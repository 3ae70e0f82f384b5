/** Refunds that do not go as they should: they come back, or they take their time. */
import { beforeAll, describe, expect, test } from 'vitest';
import { aftercareWorkflowId } from '../../contracts/aftercare.ts';
import type { PurchaseId } from '../../contracts/ids.ts';
import { auditTrail } from '../../platform/audit.ts';
import { listCases } from '../../services/cases/index.ts';
import { findPurchase, type Purchase } from '../../services/transactions/index.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { request } from '../helpers/client.ts';
import { recordHistory } from '../helpers/histories.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, buy, publishedListing, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});

async function control(path: string, body: Record<string, unknown>): Promise<void> {
  const answer = await request('POST', `/_control/${path}`, { base: stack().urls.sandbox, body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

/** Paid with this card, accepted, and cancelled by the seller. */
async function refunded(paymentMethod: string): Promise<{ id: string; refundId: string }> {
  const { body } = await buy(buyer, await publishedListing(seller), { paymentMethod });
  await act(seller, body.id, 'accept');
  await act(seller, body.id, 'cancel');
  await reached(buyer, body.id, 'cancelled');
  const [refund] = await sandboxLog({ transferGroup: body.id, kind: 'refund' });
  return { id: body.id, refundId: refund?.id ?? '' };
}

const rowOf = (id: string) => withDatabase((database) => findPurchase(database, id as PurchaseId));
const casesOf = (id: string) =>
  withDatabase((database) => listCases(database, { kinds: ['refund_failed'], subjectId: id }, 10));
const becomes = (id: string, status: Purchase['refund']['status']) =>
  waitFor(async () => (await rowOf(id))?.refund.status === status, { what: `it to be ${status}`, timeoutMs: 20_000 });

describe('a refund', () => {
  test('that comes back is owed to the buyer, and finance has a case: once, however often Stripe says it', async () => {
    await control('webhooks', { action: 'duplicate', type: 'refund.failed', copies: 3 });
    const { id, refundId } = await refunded('pm_card_visa');
    await control(`refunds/${refundId}`, { status: 'failed' });
    await becomes(id, 'failed');
    const { body } = await read(buyer, id);
    expect(body).toMatchObject({ state: 'cancelled', money: { captured: 2_500, refunded: 0, owedToBuyer: 2_500 } });
    await expectEqualBooks(body);
    const [one, ...more] = await casesOf(id);
    expect(more).toEqual([]);
    expect(one).toMatchObject({ state: 'open', details: { refundId, amount: 2_500, currency: 'EUR' } });
    await recordHistory('aftercare-refund-came-back', aftercareWorkflowId(id as PurchaseId));
    // Stripe says it by two events, one of them four times: one booking, one entry.
    await waitFor(() => allSettled(refundId), { what: 'both events', timeoutMs: 20_000 });
    const trail = await withDatabase((database) => auditTrail(database, 'purchase', id));
    expect(trail.filter(({ change }) => change.includes('refundCameBack'))).toHaveLength(1);
    expect(await casesOf(id)).toHaveLength(1);
    await expectEqualBooks((await read(buyer, id)).body);
  });

  test('that is pending is booked as given, and noted when it arrives', async () => {
    const { id, refundId } = await refunded('pm_card_pendingRefund');
    expect((await rowOf(id))?.refund).toEqual({ id: refundId, status: 'pending' });
    await expectEqualBooks((await read(buyer, id)).body);
    await control(`refunds/${refundId}`, { status: 'succeeded' });
    await becomes(id, 'succeeded');
    expect(await casesOf(id)).toEqual([]);
    await expectEqualBooks((await read(buyer, id)).body);
  });

  test('that is pending can fail, too', async () => {
    const { id, refundId } = await refunded('pm_card_pendingRefund');
    await control(`refunds/${refundId}`, { status: 'failed' });
    await becomes(id, 'failed');
    const { body } = await read(buyer, id);
    expect(body.money).toMatchObject({ refunded: 0, owedToBuyer: 2_500 });
    await expectEqualBooks(body);
  });
});

/** Whether both events about this refund have reached the flow; their copies are known by then. */
function allSettled(refundId: string): Promise<boolean> {
  return withDatabase(async (database) => {
    const { rows } = await database.query<{ status: string }>(
      "SELECT status FROM webhooks.inbox WHERE object_id = $1 AND event_type IN ('refund.updated', 'refund.failed')",
      [refundId],
    );
    return rows.length === 2 && rows.every(({ status }) => status === 'signalled');
  });
}
