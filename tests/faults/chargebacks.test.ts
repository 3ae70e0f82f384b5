/** What a bank does is told five times, in any order, late, or not at all before we act: it comes to the same. */
import { createHmac, randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { paymentHintSignal } from '../../contracts/purchase.ts';
import { expectEqualBooks } from '../helpers/books.ts';
import { disputed, intentOf, laid, moveDispute, recordPurchase, sold } from '../helpers/chargebacks.ts';
import { request } from '../helpers/client.ts';
import { withDatabase } from '../helpers/outcomes.ts';
import { type Person, verifiedBuyer, verifiedSeller } from '../helpers/people.ts';
import { act, type PurchaseBody, reached, read, sandboxLog } from '../helpers/purchases.ts';
import { stack } from '../helpers/stack.ts';
import { waitFor } from '../helpers/wait-for.ts';

let seller: Person;
let buyer: Person;
beforeAll(async () => {
  [seller, buyer] = await Promise.all([verifiedSeller(), verifiedBuyer()]);
});
afterEach(() => request('DELETE', '/_control/webhooks', { base: stack().urls.sandbox }));

async function webhooks(rule: Record<string, unknown>): Promise<void> {
  const { status } = await request('POST', '/_control/webhooks', { base: stack().urls.sandbox, body: rule });
  expect(status).toBe(200);
}

/** An event about a dispute, as Stripe would have sent it: what it says of the dispute may be old, or wrong. */
async function tell(type: string, dispute: string, paymentIntent: string): Promise<number> {
  const object = { id: dispute, object: 'dispute', payment_intent: paymentIntent, metadata: {} };
  const body = JSON.stringify({ id: `evt_${randomUUID()}`, object: 'event', type, data: { object } });
  const at = Math.floor(Date.now() / 1_000);
  const secret = stack().env['STRIPE_WEBHOOK_SECRETS']?.split(',')[0] ?? '';
  const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  const answer = await fetch(`${stack().urls.api}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': `t=${at},v1=${signature}` },
    body,
  });
  return answer.status;
}

const LOST = { state: 'refunded', chargeback: 'lost', money: { captured: 2_500, chargedBack: 2_500, held: 0 } };

test('five times each, each after a later one', async () => {
  await webhooks({ action: 'duplicate', copies: 4, times: 20 });
  await webhooks({ action: 'reorder', type: 'charge.dispute.created', times: 1 });
  const id = await sold({ seller, buyer }, ['accept', 'deliver']);
  const dispute = await disputed(id);
  await moveDispute(dispute.id, 'under_review');
  await moveDispute(dispute.id, 'lost');
  await webhooks({ action: 'release' });
  const ended = await reached(buyer, id, 'refunded');
  expect(ended).toMatchObject(LOST);
  await expectEqualBooks(ended);
});

test('only the last of all, when everything is over at Stripe', async () => {
  await webhooks({ action: 'drop', times: 50 });
  const id = await sold({ seller, buyer }, ['accept', 'deliver']);
  const dispute = await disputed(id);
  await moveDispute(dispute.id, 'under_review');
  await moveDispute(dispute.id, 'won');
  expect(await tell('charge.dispute.created', dispute.id, await intentOf(id))).toBe(200);
  const won = await laid(buyer, id, 'won');
  expect(won).toMatchObject({ state: 'delivered', money: { held: 2_500, chargedBack: 0 } });
  await expectEqualBooks(won);
});

test('a refund that meets a chargeback we have not heard of is refused, and nothing is booked', async () => {
  await webhooks({ action: 'drop', times: 50 });
  const id = await sold({ seller, buyer }, ['accept', 'deliver']);
  const dispute = await disputed(id);
  expect(await act(seller, id, 'refunds')).toMatchObject({ status: 409, body: { code: 'CHARGEBACK_OPEN' } });
  expect((await read(buyer, id)).body).toMatchObject({ state: 'delivered', money: { held: 2_500, refunded: 0 } });
  expect(await sandboxLog({ transferGroup: id, kind: 'refund' })).toEqual([]);
  expect(await tell('charge.dispute.funds_withdrawn', dispute.id, await intentOf(id))).toBe(200);
  await laid(buyer, id, 'open');
  await moveDispute(dispute.id, 'lost');
  await tell('charge.dispute.closed', dispute.id, await intentOf(id));
  const ended = await reached(buyer, id, 'refunded');
  expect(ended).toMatchObject(LOST);
  await expectEqualBooks(ended);
  await recordPurchase('chargeback-before-a-refund', id);
});

test('a release and a chargeback in the same moment: whichever was first, all is booked', async () => {
  const ids = await Promise.all(Array.from({ length: 5 }, () => sold({ seller, buyer }, ['accept', 'deliver'])));
  const disputes = await Promise.all(
    ids.map(async (id) => {
      const [dispute, answer] = await Promise.all([disputed(id), act(buyer, id, 'confirm')]);
      expect([200, 202, 409]).toContain(answer.status);
      return dispute.id;
    }),
  );
  for (const id of ids) await laid(buyer, id, 'open');
  await Promise.all(disputes.map((dispute) => moveDispute(dispute, 'lost')));
  for (const id of ids) {
    const ended: PurchaseBody = await reached(buyer, id, 'refunded');
    expect(ended.money).toMatchObject({ chargedBack: 2_500, held: 0, advanced: 0, transferred: 0 });
    await expectEqualBooks(ended);
  }
});

test('a dispute about a payment that is none of ours matches nothing; one that names another purchase’s does it no harm', async () => {
  const [id, other] = [await sold({ seller, buyer }, ['accept']), await sold({ seller, buyer }, ['accept'])];
  expect(await tell('charge.dispute.created', 'du_unknown', 'pi_unknown')).toBe(200);
  await webhooks({ action: 'drop', times: 50 });
  const dispute = await disputed(other);
  expect(await tell('charge.dispute.created', dispute.id, await intentOf(id))).toBe(200);
  await tell('charge.dispute.created', dispute.id, await intentOf(other));
  await laid(buyer, other, 'open');
  expect((await read(buyer, id)).body).toMatchObject({ chargeback: 'none', money: { held: 2_500, chargedBack: 0 } });
  const waits = await withDatabase((database) =>
    waitFor(
      async () => {
        const { rows } = await database.query<{ attempts: number }>(
          `SELECT attempts FROM webhooks.inbox WHERE object_id = 'du_unknown'`,
        );
        return rows[0];
      },
      { what: 'the event in the inbox', timeoutMs: 5_000 },
    ),
  );
  expect(waits.attempts).toBeGreaterThan(0);
});

test('a bank that comes while a step waits for Stripe, and after a hundred hints of other things, is heard', async () => {
  const id = await sold({ seller, buyer }, ['accept', 'deliver']);
  const answers = { provider: 'stripe', method: 'POST', path: '/v1/transfers', kind: 'rate_limit', times: 1_000 };
  expect((await request('POST', '/_control/faults', { base: stack().urls.sandbox, body: answers })).status).toBe(200);
  try {
    expect((await act(buyer, id, 'confirm')).status).toBe(202);
    const connection = await Connection.connect({ address: stack().temporal.address });
    const client = new Client({ connection, namespace: stack().temporal.namespace });
    const handle = client.workflow.getHandle(`purchase/${id}`);
    for (let n = 0; n < 120; n++) {
      await handle.signal(paymentHintSignal, { eventId: `overdue/${n}`, eventType: 'purchase.overdue' });
    }
    await connection.close();
    await disputed(id);
    // All of that lies on the desk: the step still waits.
    expect((await read(buyer, id)).body).toMatchObject({ chargeback: 'none' });
    await waitFor(async () => (await toldOfBank(id)) && true, { what: 'the hint to be told', timeoutMs: 20_000 });
  } finally {
    await request('DELETE', '/_control/faults', { base: stack().urls.sandbox });
  }
  const open = await laid(buyer, id, 'open');
  expect(open).toMatchObject({ state: 'released', money: { chargedBack: 2_500 } });
  await expectEqualBooks(open);
});

/** Whether the flow was told of what the bank did about this purchase. */
const toldOfBank = async (id: string): Promise<boolean> => {
  const intent = await intentOf(id);
  return withDatabase(async (database) => {
    const { rowCount } = await database.query(
      `SELECT FROM webhooks.inbox WHERE payment_id = $1 AND event_type LIKE 'charge.dispute.%' AND status = 'signalled'`,
      [intent],
    );
    return (rowCount ?? 0) > 0;
  });
};
